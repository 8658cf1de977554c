#pragma once

// Binds, and what the programs report of them, on the kernel that runs the test.

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "netlink/bind_events/attach_bind_events.h"
#include "tests/kernel/network_namespace.h"

namespace hostnet::testing {

struct BindTo {
  std::string address = "0.0.0.0";
  std::uint16_t port{};
  int type = SOCK_STREAM;
  bool reuse_port{};
};

// A socket bound there; or the errno, negative.
inline int bound(const BindTo& to) {
  const Endpoint at = endpoint(to.address, to.port);
  const int fd = ::socket(at.storage.ss_family, to.type | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (to.reuse_port) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (::bind(fd, at.get(), at.length) == 0) return fd;
  const int error = errno;
  ::close(fd);
  return -error;
}

using Events = std::vector<BindEvent>;
using Wanted = std::function<bool(const BindEvent&)>;

inline Wanted refusal_on(std::uint16_t port) {
  return [port](const BindEvent& event) {
    return event.kind == BindEvent::Kind::refused && event.port == port;
  };
}
inline Wanted success_on(std::uint16_t port) {
  return [port](const BindEvent& event) {
    return event.kind == BindEvent::Kind::done && event.port == port;
  };
}

// A bind that is preempted for longer than the programs wait is told as a refusal first, and as
// done when it is: that decides no test. Port 8080 is held since before they were attached.
class KernelBindEvents : public InOwnNamespace {
 protected:
  void SetUp() override {
    InOwnNamespace::SetUp();
    if (IsSkipped()) return;
    holder_ = TestFd(bound({.port = 8080}));
    ASSERT_GE(holder_.get(), 0);
    auto events = attach_bind_events("/proc", "/sys");
    if (!events) GTEST_SKIP() << events.error().message;
    events_ = *std::move(events);
  }

  void drain() {
    events_->drain([this](BindEvent event) { seen_.push_back(std::move(event)); });
  }
  // What comes until `enough` says so; with a bound that only a failure reaches.
  Events wait_for(const std::function<bool(const Events&)>& enough) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{120};
    while (!enough(seen_) && std::chrono::steady_clock::now() < end) {
      pollfd waiting{.fd = events_->descriptor(), .events = POLLIN, .revents = 0};
      ::poll(&waiting, 1, 100);
      drain();
    }
    return std::exchange(seen_, {});
  }
  // What comes until one `is_it`.
  Events wait_for_one(const Wanted& is_it) {
    return wait_for([&](const Events& seen) { return std::ranges::any_of(seen, is_it); });
  }
  // Of a bind that is refused after all earlier ones were told.
  BindEvent refusal_of(const BindTo& to, int error = EADDRINUSE) {
    drain();
    seen_.clear();
    EXPECT_EQ(bound(to), -error);
    const auto events = wait_for_one(refusal_on(to.port));
    EXPECT_EQ(events.size(), 1U);
    return events.empty() ? BindEvent{} : events.back();
  }
  // What is told of these binds until one `is_last`, of a process of which no other was refused.
  // One that was slow is told as that: then they are done anew.
  Events told_of(const std::function<void()>& binds, const Wanted& is_last) {
    Events told;
    for (int attempt = 0; attempt < 1000; ++attempt) {
      events_->forget(::getpid());
      drain();
      seen_.clear();
      binds();
      told = wait_for_one(is_last);
      const auto slow = std::ranges::count_if(told, [&](const BindEvent& event) {
        return event.kind == BindEvent::Kind::refused && !is_last(event);
      });
      if (slow == 0) break;
    }
    return told;
  }

  TestFd holder_;
  std::shared_ptr<BindEvents> events_;
  Events seen_;
};

// A cgroup for one child, which binds in it.
class ChildInCgroup {
 public:
  explicit ChildInCgroup(const std::string& name) {
    for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      if (std::filesystem::exists(std::string(mount) + "/cgroup.procs") &&
          !std::filesystem::exists(std::string(mount) + "/cgroup.clone_children")) {
        path_ = fmt::format("{}/{}-{}", mount, name, ::getpid());
      }
    }
    std::filesystem::create_directories(path_);
  }
  ~ChildInCgroup() { ::rmdir(path_.c_str()); }
  ChildInCgroup(const ChildInCgroup&) = delete;
  ChildInCgroup& operator=(const ChildInCgroup&) = delete;

  const std::string& path() const { return path_; }
  // The errno of a bind there; -1: the child was killed.
  int bind(const BindTo& to) const {
    const pid_t child = ::fork();
    if (child == 0) {
      std::ofstream(path_ + "/cgroup.procs") << 0 << std::flush;
      ::_exit(std::max(0, -bound(to)));
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  std::string path_;
};

}  // namespace hostnet::testing
