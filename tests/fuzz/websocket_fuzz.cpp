// Any bytes as what a server says after the upgrade, in pieces of any size: the same messages and
// the same answer through a port-forward however they are cut, and bounded memory.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/kube/streams/http_exchange.h"
#include "agent/kube/streams/port_forward.h"
#include "tests/kube_streams/scripted_stream.h"

namespace {

using hostnet::kLongestFrame;

constexpr std::size_t kLongestBody = 4096;

std::unique_ptr<hostnet::WebSocket> server_that_says(std::string_view text, std::size_t step) {
  auto stream = std::make_unique<hostnet::ScriptedStream>(hostnet::in_pieces(text, step),
                                                          std::make_shared<std::string>());
  return std::make_unique<hostnet::WebSocket>(std::move(stream), "");
}

// The messages, then how it ended.
std::vector<std::string> messages(std::string_view text, std::size_t step) {
  const auto socket = server_that_says(text, step);
  std::vector<std::string> all;
  while (true) {
    auto message = socket->receive();
    if (!message) return all.emplace_back("error: " + message.error().message), all;
    if (!*message) return all.emplace_back("closed"), all;
    if ((*message)->size() > kLongestFrame) std::abort();
    all.push_back(**std::move(message));
  }
}

// An agent's answer that came so: its status and body, or why there is none.
std::string answer(std::string_view text, std::size_t step) {
  hostnet::PortForward forward(server_that_says(text, step));
  hostnet::HttpReader reader(forward);
  const auto head = reader.head();
  if (!head) return "no head: " + head.error().message;
  const auto body = reader.body(*head, kLongestBody);
  if (body && body->size() > kLongestBody) std::abort();
  return std::to_string(head->status) + (body ? ": " + *body : ", " + body.error().message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t step = size == 0 ? 1 : 1 + std::size_t{data[size - 1]} % 64;
  if (messages(text, step) != messages(text, size + 1)) std::abort();
  if (answer(text, step) != answer(text, size + 1)) std::abort();
  // A client's own frames are masked, which no server's is.
  const std::string sent = hostnet::encode_frame(hostnet::FrameKind::binary, text, 0x12345678);
  hostnet::FrameDecoder decoder;
  decoder.feed(sent);
  if (decoder.next()) std::abort();
  return 0;
}
