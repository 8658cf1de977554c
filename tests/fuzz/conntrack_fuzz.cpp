#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "collectors/conntrack_netlink.h"
#include "tests/fuzz/netlink_input.h"

namespace {

// Answers a dump with one message: these bytes.
class OneMessage final : public hostnet::Netlink {
 public:
  OneMessage(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  hostnet::Result<> dump(const hostnet::NetlinkRequest& request,
                         const hostnet::DumpSink& sink) override {
    if (sink.on_restart) sink.on_restart();
    return sink.on_message(hostnet::message_of(request.type, data_, size_));
  }
  hostnet::Result<> sockets(const hostnet::SocketQuery&, const hostnet::SocketSink&) override {
    return {};
  }
  hostnet::Result<std::unique_ptr<hostnet::Subscription>> subscribe(
      int, std::span<const unsigned>) override {
    return hostnet::failure(hostnet::Reason::unsupported, "none");
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  OneMessage kernel(data, size);
  const auto counters = hostnet::read_conntrack_counters(kernel);
  if (counters && counters->size() > 8192) std::abort();
  return 0;
}
