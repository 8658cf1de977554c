#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "netlink/base/unique_fd.h"
#include "netlink/node/socket_options.h"

namespace hostnet {
namespace {

// Both set CLOEXEC atomically (pidfd_open(2), pidfd_getfd(2)); glibc 2.36 wraps them,
// but not every builder has a header that declares them.
UniqueFd open_process(int pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
}
UniqueFd copy_descriptor(const UniqueFd& process, int fd) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), fd, 0U)));
}

Result<bool> switch_of(const UniqueFd& socket, int level, int name, std::string_view doing) {
  int value = 0;
  socklen_t length = sizeof value;
  if (::getsockopt(socket.get(), level, name, &value, &length) != 0) {
    return system_failure(errno, doing);
  }
  return value != 0;
}

class LiveSocketOptions final : public SocketOptions {
 public:
  LiveSocketOptions(std::shared_ptr<Files> files, bool may_trace)
      : files_(std::move(files)), may_trace_(may_trace) {}

  Result<BindOptions> read(int pid, int fd, std::uint64_t inode) const override {
    const std::string doing =
        fmt::format("reading the options of socket {} (pid {}, fd {})", inode, pid, fd);
    const auto gone = [&](std::string_view what) {
      return failure(Reason::vanished, fmt::format("{}: {}", doing, what));
    };
    const UniqueFd process = open_process(pid);
    if (!process) {
      // The call needs no privilege; only seccomp can refuse it. EINVAL means a thread's id.
      if (errno == EPERM) return denied(doing, "a seccomp profile forbids pidfd_open");
      if (errno == EINVAL) return gone("it is no process");
      return system_failure(errno, doing);
    }
    const UniqueFd socket = copy_descriptor(process, fd);
    if (!socket) {
      if (errno == EPERM) return denied(doing, why_no_copy());
      if (errno == EBADF) return gone("the descriptor is closed");
      return system_failure(errno, doing);
    }
    struct stat about{};
    if (::fstat(socket.get(), &about) != 0) return system_failure(errno, doing);
    if (!S_ISSOCK(about.st_mode) || about.st_ino != inode) {
      return gone("the descriptor is something else by now");
    }
    return options_of(socket, doing);
  }

 private:
  static std::unexpected<Error> denied(std::string_view doing, std::string_view why) {
    return std::unexpected(Error{.reason = Reason::denied,
                                 .system_error = EPERM,
                                 .message = fmt::format("{}: {}", doing, why)});
  }

  std::string_view why_no_copy() const {
    if (files_->read("proc/sys/kernel/yama/ptrace_scope").value_or("") == "3\n") {
      return "Yama forbids it (kernel.yama.ptrace_scope is 3)";
    }
    if (!may_trace_) return "the capability SYS_PTRACE is missing";
    return "a seccomp profile or a security module forbids pidfd_getfd";
  }

  static Result<BindOptions> options_of(const UniqueFd& socket, std::string_view doing) {
    BindOptions options;
    int domain = 0;
    socklen_t length = sizeof domain;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0) {
      return system_failure(errno, doing);
    }
    const auto reuse_address = switch_of(socket, SOL_SOCKET, SO_REUSEADDR, doing);
    if (!reuse_address) return std::unexpected(reuse_address.error());
    options.reuse_address = *reuse_address;
    const auto reuse_port = switch_of(socket, SOL_SOCKET, SO_REUSEPORT, doing);
    if (!reuse_port) return std::unexpected(reuse_port.error());
    options.reuse_port = *reuse_port;
    if (domain == AF_INET6) {
      const auto v6only = switch_of(socket, IPPROTO_IPV6, IPV6_V6ONLY, doing);
      if (!v6only) return std::unexpected(v6only.error());
      options.v6only = *v6only;
    }
    std::array<char, IFNAMSIZ> device{};
    length = device.size();
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, device.data(), &length) != 0) {
      return system_failure(errno, doing);
    }
    options.device.assign(device.data(), ::strnlen(device.data(), length));
    return options;
  }

  std::shared_ptr<Files> files_;
  bool may_trace_;
};

}  // namespace

std::shared_ptr<SocketOptions> live_socket_options(std::shared_ptr<Files> files, bool may_trace) {
  return std::make_shared<LiveSocketOptions>(std::move(files), may_trace);
}

}  // namespace hostnet
