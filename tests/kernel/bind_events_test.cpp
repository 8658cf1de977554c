// What the programs tell, against the kernel that runs the test.

#include <bpf/bpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <poll.h>
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
  const auto ip = parse_ip(to.address).value();
  const bool v4 = ip.family == AddressFamily::ipv4;
  const int fd = ::socket(v4 ? AF_INET : AF_INET6, to.type | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (to.reuse_port) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  int done = 0;
  if (v4) {
    sockaddr_in where{
        .sin_family = AF_INET, .sin_port = htons(to.port), .sin_addr = {}, .sin_zero = {}};
    std::memcpy(&where.sin_addr, ip.bytes.data(), sizeof where.sin_addr);
    done = ::bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where);
  } else {
    sockaddr_in6 where{};
    where.sin6_family = AF_INET6;
    where.sin6_port = htons(to.port);
    std::memcpy(&where.sin6_addr, ip.bytes.data(), sizeof where.sin6_addr);
    done = ::bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where);
  }
  if (done == 0) return fd;
  const int error = errno;
  ::close(fd);
  return -error;
}

class KernelBindEvents : public InOwnNamespace {
 protected:
  void SetUp() override {
    InOwnNamespace::SetUp();
    if (IsSkipped()) return;
    auto events = attach_bind_events("/sys");
    if (!events) GTEST_SKIP() << events.error().message;
    events_ = *std::move(events);
  }

  // What comes until `enough` says so; with a bound that only a failure reaches.
  std::vector<BindEvent> wait_for(
      const std::function<bool(const std::vector<BindEvent>&)>& enough) {
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (!enough(seen_) && std::chrono::steady_clock::now() < end) {
      pollfd waiting{.fd = events_->descriptor(), .events = POLLIN, .revents = 0};
      ::poll(&waiting, 1, 100);
      events_->drain([this](BindEvent event) { seen_.push_back(std::move(event)); });
    }
    return std::exchange(seen_, {});
  }
  std::vector<BindEvent> wait_for(std::size_t count) {
    return wait_for([&](const auto& seen) { return seen.size() >= count; });
  }
  BindEvent refusal_of(const BindTo& to, int error = EADDRINUSE) {
    EXPECT_EQ(bound(to), -error);
    const auto is_it = [&](const BindEvent& event) {
      return event.kind == BindEvent::Kind::refused && event.port == to.port;
    };
    const auto events =
        wait_for([&](const auto& seen) { return std::ranges::any_of(seen, is_it); });
    // What is told of another port is a slow success, which was taken for a refusal first.
    EXPECT_EQ(std::ranges::count_if(events, is_it), 1);
    const auto found = std::ranges::find_if(events, is_it);
    return found == events.end() ? BindEvent{} : *found;
  }

  std::shared_ptr<BindEvents> events_;
  std::vector<BindEvent> seen_;
};

TEST_F(KernelBindEvents, EveryWayToBeRefusedIsTold) {
  const TestFd tcp(bound({.port = 8080}));
  const TestFd udp(bound({.port = 8081, .type = SOCK_DGRAM}));
  const TestFd both(bound({.address = "::", .port = 8082}));
  for (const BindTo& to :
       {BindTo{.port = 8080}, BindTo{.address = "127.0.0.1", .port = 8080},
        BindTo{.address = "::", .port = 8080}, BindTo{.address = "::ffff:127.0.0.1", .port = 8080},
        BindTo{.port = 8080, .reuse_port = true}, BindTo{.port = 8081, .type = SOCK_DGRAM},
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
  EXPECT_EQ(refusal_of({.address = "192.0.2.1", .port = 8080}, EADDRNOTAVAIL).address.to_string(),
            "192.0.2.1");
}

TEST_F(KernelBindEvents, SuccessesAreToldOnlyWhereTheyAreWatched) {
  events_->watch(Protocol::tcp, 8080, true);
  const TestFd quiet(bound({.port = 8081}));
  const TestFd other_protocol(bound({.port = 8080, .type = SOCK_DGRAM}));
  const TestFd none(bound({.port = 0}));
  const TestFd told(bound({.port = 8080}));
  const auto events = wait_for(1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, BindEvent::Kind::done);
  EXPECT_EQ(events[0].port, 8080);
  EXPECT_EQ(events[0].protocol, Protocol::tcp);
}

TEST_F(KernelBindEvents, AfterARefusalTheProcessesSuccessesAreToldUntilItIsForgotten) {
  const TestFd holder(bound({.port = 8080}));
  refusal_of({.port = 8080});
  const TestFd next(bound({.port = 8081}));
  EXPECT_EQ(wait_for(1).at(0).port, 8081);
  events_->forget(::getpid());
  const TestFd later(bound({.port = 8082}));
  EXPECT_EQ(bound({.port = 8080}), -EADDRINUSE);
  EXPECT_EQ(wait_for(1).at(0).port, 8080);  // and nothing before it
}

TEST_F(KernelBindEvents, RefusalsOneAfterAnotherAreAllTold) {
  const TestFd holder(bound({.port = 8080}));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(bound({.port = 8080}), -EADDRINUSE);
  EXPECT_EQ(wait_for(50).size(), 50U);
}

TEST_F(KernelBindEvents, ThreadsAreToldApart) {
  const TestFd holder(bound({.port = 8080}));
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
  // The holder's own may be told first, and taken back, too.
  const auto refused = [](const std::vector<BindEvent>& seen) {
    std::size_t count = 0;
    for (const BindEvent& event : seen) {
      if (event.port != 8080) continue;
      count += event.kind == BindEvent::Kind::refused ? 1U : 0U;
      count -= event.kind == BindEvent::Kind::done ? 1U : 0U;
    }
    return count;
  };
  const auto events =
      wait_for([&](const auto& seen) { return refused(seen) == kThreads * kTimes; });
  EXPECT_EQ(refused(events), kThreads * kTimes);
  // A success that takes long is told as a refusal first, and taken back.
  for (std::size_t i = 0; i < kThreads; ++i) {
    const auto told = [&](BindEvent::Kind kind) {
      return std::ranges::count_if(events, [&](const BindEvent& event) {
        return event.port == 9000 + i && event.kind == kind;
      });
    };
    EXPECT_LE(told(BindEvent::Kind::refused), told(BindEvent::Kind::done));
  }
  EXPECT_EQ(events_->dropped(), 0U);
}

TEST_F(KernelBindEvents, AnotherNetworkNamespaceIsNotHeardOf) {
  std::thread([] {
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    const TestFd holder(bound({.port = 7070}));
    EXPECT_EQ(bound({.port = 7070}), -EADDRINUSE);
  }).join();
  const TestFd holder(bound({.port = 8080}));
  EXPECT_EQ(refusal_of({.port = 8080}).port, 8080);
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
  const TestFd holder(bound({.port = 8080}));
  const pid_t child = refused_in_pid_namespace({.port = 8080});
  ASSERT_GT(child, 1);
  EXPECT_EQ(wait_for(1).at(0).binder.process, child);
}

TEST_F(KernelBindEvents, ABindWithoutAPortIsToldOnlyOfAProcessThatWasRefused) {
  const TestFd holder(bound({.port = 8080}));
  for (int i = 0; i < 100; ++i) const TestFd quiet(bound({.port = 0}));
  EXPECT_EQ(bound({.port = 8080}), -EADDRINUSE);
  EXPECT_EQ(wait_for(1).at(0).port, 8080);  // and nothing before it
  const TestFd chosen(bound({.port = 0}));
  const auto events = wait_for(1);
  EXPECT_EQ(events.at(0).kind, BindEvent::Kind::done);
  EXPECT_NE(events.at(0).port, 0);
  events_->forget(::getpid());
  events_->forget(::getpid());  // of one that is forgotten already
  const TestFd unheard(bound({.port = 0}));
  refusal_of({.port = 8080});
}

TEST_F(KernelBindEvents, TwoLoadersHearTheSame) {
  auto others = attach_bind_events("/sys");
  ASSERT_TRUE(others) << others.error().message;
  const TestFd holder(bound({.port = 8080}));
  refusal_of({.port = 8080});
  std::swap(events_, *others);
  EXPECT_EQ(wait_for(1).at(0).port, 8080);
}

TEST_F(KernelBindEvents, AFullRingIsCounted) {
  const TestFd holder(bound({.port = 8080}));
  for (int i = 0; i < 4000; ++i) EXPECT_EQ(bound({.port = 8080}), -EADDRINUSE);
  const auto events =
      wait_for([&](const auto& seen) { return seen.size() + events_->dropped() == 4000; });
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
  // The errno of a bind there.
  int bind(const BindTo& to) const {
    const pid_t child = ::fork();
    if (child == 0) {
      std::ofstream(path_ + "/cgroup.procs") << 0 << std::flush;
      ::_exit(std::max(0, -bound(to)));
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  }

 private:
  std::string path_;
};

TEST_F(KernelBindEvents, ACgroupIsToldThatIsGoneByThen) {
  const TestFd holder(bound({.port = 8080}));
  std::uint64_t id = 0;
  {
    const ChildInCgroup child("hostnet-bind");
    struct stat about{};
    ASSERT_EQ(::stat(child.path().c_str(), &about), 0);
    id = about.st_ino;
    EXPECT_EQ(child.bind({.port = 8080}), EADDRINUSE);
  }
  const auto events = wait_for(1);
  EXPECT_EQ(events.at(0).binder.cgroup, id);
  EXPECT_EQ(events.at(0).binder.ancestors[0], id);
  EXPECT_NE(events.at(0).binder.process, ::getpid());
  EXPECT_EQ(events.at(0).before->process, ::getpid());
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
    ::_exit(attach_bind_events("/sys") ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
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
  EXPECT_EQ(wait_for(1).at(0).error, EPERM);
}

TEST_F(KernelBindEvents, AThousandRefusalsAreToldEachByItself) {
  const TestFd holder(bound({.port = 8080}));
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(refusal_of({.port = 8080}).port, 8080);
  EXPECT_EQ(events_->dropped(), 0U);
}

}  // namespace
}  // namespace hostnet::testing
