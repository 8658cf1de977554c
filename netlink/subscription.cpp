#include "netlink/subscription.h"

#include <linux/netlink.h>

#include <cerrno>

#include "netlink/attributes.h"
#include "netlink/netlink_socket.h"

namespace hostnet {
namespace {

constexpr int kSubscriptionBuffer = 1 << 20;
// A storm of events may arrive faster than it is read; poll(2) reports that more is
// waiting, so one call may leave some.
constexpr int kDatagramsPerDrain = 16384;

class LiveSubscription final : public Subscription {
 public:
  explicit LiveSubscription(NetlinkSocket socket)
      : socket_(std::move(socket)),
        buffer_(std::make_unique_for_overwrite<std::byte[]>(kReceiveBuffer)) {}

  int descriptor() const override { return socket_.descriptor(); }

  Result<Batch> drain(const std::function<void(const NetlinkMessage&)>& on_message) override {
    Batch batch;
    for (int i = 0; i < kDatagramsPerDrain; ++i) {
      const auto datagram = socket_.receive({buffer_.get(), kReceiveBuffer}, false);
      if (!datagram && datagram.error().system_error == EAGAIN) break;
      if (!datagram && datagram.error().system_error == ENOBUFS) {
        ++batch.overruns;
        continue;
      }
      if (!datagram) return std::unexpected(datagram.error());
      Result<> walked = walk_messages(*datagram, [&](const NetlinkMessage& message) -> Result<> {
        if (message.type == NLMSG_OVERRUN) ++batch.overruns;
        if (message.type < NLMSG_MIN_TYPE) return {};
        ++batch.messages;
        on_message(message);
        return {};
      });
      if (!walked) return std::unexpected(std::move(walked).error());
    }
    return batch;
  }

 private:
  NetlinkSocket socket_;
  std::unique_ptr<std::byte[]> buffer_;
};

}  // namespace

Result<std::unique_ptr<Subscription>> live_subscription(int family,
                                                        std::span<const unsigned> groups) {
  Result<NetlinkSocket> socket =
      NetlinkSocket::open(family, "subscribing to netlink family " + std::to_string(family));
  if (!socket) return std::unexpected(std::move(socket).error());
  socket->set_receive_buffer(kSubscriptionBuffer);
  for (const unsigned group : groups) {
    if (Result<> joined = socket->join(group); !joined) {
      return std::unexpected(std::move(joined).error());
    }
  }
  return std::make_unique<LiveSubscription>(*std::move(socket));
}

}  // namespace hostnet
