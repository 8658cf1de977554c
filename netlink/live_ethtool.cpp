#include "netlink/live_ethtool.h"

#include <fmt/format.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "netlink/base/unique_fd.h"

namespace hostnet {
namespace {

// Memory followed by an inaccessible page. The kernel writes as many strings and
// statistics as the driver has at that moment, whatever number was requested; if
// there are more by then, the call fails with EFAULT instead of overwriting our
// memory.
class GuardedBuffer {
 public:
  explicit GuardedBuffer(std::size_t size) : size_(size) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t usable = (size + page - 1) / page * page;
    void* const mapped =
        ::mmap(nullptr, usable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return;
    mapped_ = static_cast<std::byte*>(mapped);
    length_ = usable + page;
    if (::mprotect(mapped_ + usable, page, PROT_NONE) == 0) {
      // The buffer ends where the page ends, except for alignment.
      begin_ = mapped_ + ((usable - size) & ~std::size_t{7});
    }
  }
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;
  ~GuardedBuffer() {
    if (mapped_ != nullptr) ::munmap(mapped_, length_);
  }

  std::byte* begin() const { return begin_; }  // null: no memory, see errno
  std::vector<std::byte> bytes() const { return {begin_, begin_ + size_}; }

 private:
  std::size_t size_;
  std::byte* mapped_ = nullptr;
  std::byte* begin_ = nullptr;
  std::size_t length_ = 0;
};

class LiveEthtool final : public Ethtool {
 public:
  LiveEthtool() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    if (!socket_) error_ = errno;
  }

  Result<std::vector<std::byte>> ask(std::string_view device, std::span<const std::byte> request,
                                     std::size_t room) const override {
    const auto doing = fmt::format("asking the driver of {}", device);
    if (!socket_) return system_failure(error_, doing + ": opening a socket");
    ifreq argument{};
    if (device.empty() || device.size() >= sizeof argument.ifr_name) {
      return failure(Reason::malformed, doing + ": not the name of a device");
    }
    const GuardedBuffer buffer(request.size() + room);
    if (buffer.begin() == nullptr) return system_failure(errno, doing);
    std::memcpy(buffer.begin(), request.data(), request.size());
    std::memcpy(argument.ifr_name, device.data(), device.size());
    argument.ifr_data = reinterpret_cast<char*>(buffer.begin());
    if (::ioctl(socket_.get(), SIOCETHTOOL, &argument) < 0) return system_failure(errno, doing);
    return buffer.bytes();
  }

 private:
  UniqueFd socket_;
  int error_ = 0;
};

}  // namespace

std::shared_ptr<const Ethtool> live_ethtool() {
  return std::make_shared<const LiveEthtool>();
}

}  // namespace hostnet
