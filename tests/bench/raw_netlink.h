#pragma once

// Netlink with nothing around it, for the floor: what the kernel's own part costs.

#include <linux/netlink.h>

#include <cstddef>
#include <functional>
#include <span>

namespace hostnet {

class RawNetlink {
 public:
  explicit RawNetlink(int protocol);
  ~RawNetlink();
  RawNetlink(const RawNetlink&) = delete;
  RawNetlink& operator=(const RawNetlink&) = delete;

  // Dumps what `type` asks for with `body`; calls `on_message` for each message.
  void dump(int type, std::span<const std::byte> body,
            const std::function<void(const nlmsghdr&)>& on_message);

 private:
  int fd_;
  alignas(nlmsghdr) std::byte buffer_[64 * 1024];
};

}  // namespace hostnet
