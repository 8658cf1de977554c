// What the programs tell, against the kernel that runs the test.

#include <bpf/bpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "netlink/bind_events/attach_bind_events.h"
#include "tests/kernel/network_namespace.h"

namespace hostnet::testing {
namespace {

using namespace std::chrono_literals;

struct BindTo {
  std::string address = "0.0.0.0";
  std::uint16_t port{};
  int type = SOCK_STREAM;
  bool reuse_port{};
};

// A socket bound there; or the errno, negative.
int bound(const BindTo& to) {
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

Wanted refusal_on(std::uint16_t port) {
  return [port](const BindEvent& event) {
    return event.kind == BindEvent::Kind::refused && event.port == port;
  };
}
Wanted success_on(std::uint16_t port) {
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
    const auto end = std::chrono::steady_clock::now() + 120s;
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

TEST_F(KernelBindEvents, EveryWayToBeRefusedIsTold) {
  const TestFd tcp(bound({.port = 8083}));
  const TestFd udp(bound({.port = 8081, .type = SOCK_DGRAM}));
  const TestFd both(bound({.address = "::", .port = 8082}));
  for (const BindTo& to :
       {BindTo{.port = 8083}, BindTo{.address = "127.0.0.1", .port = 8083},
        BindTo{.address = "::", .port = 8083}, BindTo{.address = "::ffff:127.0.0.1", .port = 8083},
        BindTo{.port = 8083, .reuse_port = true}, BindTo{.port = 8081, .type = SOCK_DGRAM},
        BindTo{.address = "127.0.0.1", .port = 8082}}) {
    const BindEvent event = refusal_of(to);
    EXPECT_EQ(event.kind, BindEvent::Kind::refused);
    EXPECT_EQ(event.port, to.port);
    EXPECT_EQ(event.protocol, to.type == SOCK_STREAM ? Protocol::tcp : Protocol::udp);
    EXPECT_EQ(event.address.to_string(), to.address);
    EXPECT_EQ(event.binder.process, ::getpid());
    EXPECT_EQ(event.binder.user, ::getuid());
    ASSERT_TRUE(event.before);
    EXPECT_EQ(event.before->process, ::getpid());
  }
}

TEST_F(KernelBindEvents, AMissingAddressIsRefusedToo) {
  EXPECT_EQ(refusal_of({.address = "192.0.2.1", .port = 8081}, EADDRNOTAVAIL).address.to_string(),
            "192.0.2.1");
}

TEST_F(KernelBindEvents, SuccessesAreToldOnlyWhereTheyAreWatched) {
  events_->watch(Protocol::tcp, 8082, true);
  const auto binds = [] {
    const TestFd quiet(bound({.port = 8081}));
    const TestFd other_protocol(bound({.port = 8082, .type = SOCK_DGRAM}));
    const TestFd none(bound({.port = 0}));
    const TestFd told(bound({.port = 8082}));
    for (const TestFd* one : {&quiet, &other_protocol, &none, &told}) EXPECT_GE(one->get(), 0);
  };
  const auto events = told_of(binds, [](const BindEvent& event) {
    return success_on(8082)(event) && event.protocol == Protocol::tcp;
  });
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, BindEvent::Kind::done);
  EXPECT_EQ(events[0].port, 8082);
  EXPECT_EQ(events[0].protocol, Protocol::tcp);
}

TEST_F(KernelBindEvents, AfterARefusalTheProcessesSuccessesAreToldUntilItIsForgotten) {
  refusal_of({.port = 8080});
  const TestFd next(bound({.port = 8081}));
  EXPECT_TRUE(std::ranges::any_of(wait_for_one(success_on(8081)), success_on(8081)));
  const auto binds = [] {
    const TestFd later(bound({.port = 8082}));
    EXPECT_GE(later.get(), 0);
    EXPECT_EQ(bound({.port = 8080}), -EADDRINUSE);
  };
  const auto events = told_of(binds, refusal_on(8080));
  ASSERT_EQ(events.size(), 1U);  // and nothing before it
  EXPECT_EQ(events[0].port, 8080);
}

TEST_F(KernelBindEvents, RefusalsOneAfterAnotherAreAllTold) {
  for (int i = 0; i < 50; ++i) EXPECT_EQ(bound({.port = 8080}), -EADDRINUSE);
  EXPECT_EQ(wait_for([](const Events& seen) { return seen.size() >= 50; }).size(), 50U);
}

TEST_F(KernelBindEvents, ThreadsAreToldApart) {
  constexpr std::size_t kThreads = 16, kTimes = 20;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([i] {
        for (std::size_t n = 0; n < kTimes; ++n) {
          const TestFd own(bound({.port = static_cast<std::uint16_t>(9000 + i)}));
          EXPECT_EQ(bound({.port = 8080}), -EADDRINUSE);
        }
      });
    }
  }
  const auto refused = [](const Events& seen) {
    return static_cast<std::size_t>(std::ranges::count_if(seen, refusal_on(8080)));
  };
  const auto events =
      wait_for([&](const Events& seen) { return refused(seen) >= kThreads * kTimes; });
  EXPECT_EQ(refused(events), kThreads * kTimes);
  // A success that takes long is told as a refusal first, and taken back.
  for (std::size_t i = 0; i < kThreads; ++i) {
    const auto port = static_cast<std::uint16_t>(9000 + i);
    EXPECT_LE(std::ranges::count_if(events, refusal_on(port)),
              std::ranges::count_if(events, success_on(port)));
  }
  EXPECT_EQ(events_->dropped(), 0U);
}

TEST_F(KernelBindEvents, AnotherNetworkNamespaceIsNotHeardOf) {
  std::thread([] {
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    const TestFd holder(bound({.port = 7070}));
    EXPECT_EQ(bound({.port = 7070}), -EADDRINUSE);
  }).join();
  // The second is attempted when all that was old enough with the first was told.
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(bound({.port = 8080}), -EADDRINUSE);
    const auto events = wait_for_one(refusal_on(8080));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].port, 8080);
  }
}

// A child that is refused as process 1 of a PID namespace of its own; its number here.
pid_t refused_in_pid_namespace(const BindTo& to) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return -1;
  const TestFd read_end(ends[0]), write_end(ends[1]);
  const pid_t parent = ::fork();
  if (parent == 0) {
    const bool apart = ::unshare(CLONE_NEWPID) == 0;
    const pid_t child = ::fork();
    if (child == 0) ::_exit(apart && ::getpid() == 1 && bound(to) == -EADDRINUSE ? 0 : 1);
    int status = 1;
    ::waitpid(child, &status, 0);
    const pid_t told = status == 0 ? child : -1;
    ::_exit(::write(write_end.get(), &told, sizeof told) == sizeof told ? 0 : 1);
  }
  int status = 0;
  ::waitpid(parent, &status, 0);
  pid_t child = -1;
  return ::read(read_end.get(), &child, sizeof child) == sizeof child ? child : -1;
}

TEST_F(KernelBindEvents, AProcessOfANestedPidNamespaceIsToldByItsNumberHere) {
  const pid_t child = refused_in_pid_namespace({.port = 8080});
  ASSERT_GT(child, 1);
  EXPECT_EQ(wait_for_one(refusal_on(8080)).at(0).binder.process, child);
}

TEST_F(KernelBindEvents, ABindWithoutAPortIsToldOnlyOfAProcessThatWasRefused) {
  for (int i = 0; i < 100; ++i) const TestFd quiet(bound({.port = 0}));
  refusal_of({.port = 8080});  // and nothing before it
  const TestFd chosen(bound({.port = 0}));
  const auto events = wait_for([](const Events& seen) { return !seen.empty(); });
  EXPECT_EQ(events.at(0).kind, BindEvent::Kind::done);
  EXPECT_NE(events.at(0).port, 0);
  events_->forget(::getpid());
  events_->forget(::getpid());  // of one that is forgotten already
  const TestFd unheard(bound({.port = 0}));
  EXPECT_EQ(bound({.port = 8080}), -EADDRINUSE);
  EXPECT_TRUE(refusal_on(8080)(wait_for_one(refusal_on(8080)).at(0)));  // and nothing before it
}

TEST_F(KernelBindEvents, TwoLoadersHearTheSame) {
  auto others = attach_bind_events("/proc", "/sys");
  ASSERT_TRUE(others) << others.error().message;
  refusal_of({.port = 8080});
  std::swap(events_, *others);
  EXPECT_EQ(wait_for_one(refusal_on(8080)).size(), 1U);
}

TEST_F(KernelBindEvents, AFullRingIsCounted) {
  for (int i = 0; i < 4000; ++i) EXPECT_EQ(bound({.port = 8080}), -EADDRINUSE);
  const auto events =
      wait_for([&](const Events& seen) { return seen.size() + events_->dropped() >= 4000; });
  EXPECT_GT(events_->dropped(), 0U);
  EXPECT_EQ(events.size() + events_->dropped(), 4000U);
  EXPECT_EQ(refusal_of({.port = 8080}).port, 8080);  // and it goes on
}

TEST_F(KernelBindEvents, IsThereAsLongAsNobodyDetachesIt) {
  EXPECT_TRUE(events_->attached());
}

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

TEST_F(KernelBindEvents, ACgroupIsToldThatIsGoneByThen) {
  const TestFd holder(bound({.port = 8081}));
  std::uint64_t id = 0;
  {
    const ChildInCgroup child("hostnet-bind");
    struct stat about{};
    ASSERT_EQ(::stat(child.path().c_str(), &about), 0);
    id = about.st_ino;
    EXPECT_EQ(child.bind({.port = 8081}), EADDRINUSE);
  }
  const auto events = wait_for_one([](const BindEvent& event) {
    return refusal_on(8081)(event) && event.binder.process != ::getpid();
  });
  ASSERT_FALSE(events.empty());
  const BindEvent& refusal = events.back();
  EXPECT_NE(refusal.binder.process, ::getpid());
  EXPECT_EQ(refusal.binder.cgroup, id);
  EXPECT_EQ(refusal.binder.ancestors[0], id);
  ASSERT_TRUE(refusal.before);
  EXPECT_EQ(refusal.before->process, ::getpid());
}

// The rights that the deployment grants, and no other.
TEST_F(KernelBindEvents, LoadsWithBpfAndNetAdminAlone) {
  const pid_t child = ::fork();
  if (child == 0) {
    const std::uint64_t kept = 1ULL << CAP_BPF | 1ULL << CAP_NET_ADMIN;
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, 2> rights{};
    for (std::size_t i = 0; i < rights.size(); ++i) {
      rights[i].effective = rights[i].permitted = static_cast<__u32>(kept >> 32 * i);
    }
    if (::syscall(SYS_capset, &header, rights.data()) != 0) ::_exit(2);
    ::_exit(attach_bind_events("/proc", "/sys") ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

// A node in a container, as kind has it: the part of the tree that it sees is the whole of it.
TEST_F(KernelBindEvents, AttachToThePartOfTheTreeThatHoldsTheNodesFirstProcess) {
  const ChildInCgroup child("hostnet-node");
  const std::string folder = "/mnt";  // in a mount namespace of its own
  const std::string tree = folder + "/fs/cgroup";
  const pid_t outer = ::fork();
  if (outer == 0) {
    std::ofstream(child.path() + "/cgroup.procs") << 0 << std::flush;
    if (::unshare(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWPID) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", folder.c_str(), "tmpfs", 0, nullptr) != 0 ||
        !std::filesystem::create_directories(tree) ||
        ::mount("cgroup2", tree.c_str(), "cgroup2", 0, nullptr) != 0) {
      ::_exit(2);
    }
    // The machine's first process is not in this part.
    if (attach_bind_events("/proc", folder)) ::_exit(3);
    const pid_t init = ::fork();
    if (init == 0) {
      if (::mount("proc", "/proc", "proc", 0, nullptr) != 0) ::_exit(4);
      ::_exit(attach_bind_events("/proc", folder) ? 0 : 5);
    }
    int status = 0;
    ::waitpid(init, &status, 0);
    ::_exit(WEXITSTATUS(status));
  }
  int status = 0;
  ::waitpid(outer, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// As Cilium's programs do.
TEST_F(KernelBindEvents, WhatAnotherProgramRefusesIsToldAsEperm) {
  const ChildInCgroup child("hostnet-refused");
  const std::array<bpf_insn, 2> refuse{
      bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
      bpf_insn{.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  bpf_prog_load_opts options{};
  options.sz = sizeof options;
  options.expected_attach_type = BPF_CGROUP_INET4_BIND;
  const TestFd program(bpf_prog_load(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "refuse", "GPL", refuse.data(),
                                     refuse.size(), &options));
  ASSERT_GE(program.get(), 0) << strerror(errno);
  const TestFd cgroup(::open(child.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(bpf_prog_attach(program.get(), cgroup.get(), BPF_CGROUP_INET4_BIND, BPF_F_ALLOW_MULTI),
            0)
      << strerror(errno);
  EXPECT_EQ(child.bind({.port = 8080}), EPERM);
  EXPECT_EQ(wait_for_one(refusal_on(8080)).at(0).error, EPERM);
}

TEST_F(KernelBindEvents, AThousandRefusalsAreToldEachByItself) {
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(refusal_of({.port = 8080}).port, 8080);
  EXPECT_EQ(events_->dropped(), 0U);
}

}  // namespace
}  // namespace hostnet::testing
