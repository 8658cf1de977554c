#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/http/details.h"
#include "agent/http/gate.h"
#include "agent/http/message/gzip.h"
#include "agent/http/message/head.h"
#include "agent/http/settings/basic_auth.h"

// What a client sends first: any bytes are a head, a refusal with a status, or
// not whole yet; and where they end does not depend on how they arrived.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hostnet;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto end = head_size(bytes);
  for (std::size_t seen = 0; seen <= size; seen += 1 + size / 8) {
    const auto before = head_size(bytes.substr(0, seen));
    if ((before ? before : head_size(bytes, seen)) != end) std::abort();
  }
  const std::string_view whole = bytes.substr(0, end.value_or(size));
  const auto head = read_head(whole);
  Job job;
  if (!head) {
    if (head.error().status < 400 || head.error().message.empty()) std::abort();
    refuse_bad_head(job, head.error(), whole);
    return 0;
  }
  if (!end) std::abort();  // a head that is not whole was taken for one
  job.head = *head;
  job.request = {.method = head->method,
                 .path = head->path,
                 .query = head->query,
                 .headers = head->headers,
                 .peer = "127.0.0.1:1",
                 .peer_is_loopback = true,
                 .user = {}};
  refuse_unfit(job, Details::loopback);
  (void)accepts_gzip(header(head->headers, "Accept-Encoding"));
  (void)basic_credentials(header(head->headers, "Authorization"));
  (void)is_loopback_host(head->host);
  return 0;
}
