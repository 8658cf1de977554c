// What the programs report of binds, against the kernel that runs the test.

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <thread>

#include "tests/kernel/in_bind_events.h"

namespace hostnet::testing {
namespace {

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

TEST_F(KernelBindEvents, AFullRingIsCounted) {
  for (int i = 0; i < 4000; ++i) EXPECT_EQ(bound({.port = 8080}), -EADDRINUSE);
  const auto events =
      wait_for([&](const Events& seen) { return seen.size() + events_->dropped() >= 4000; });
  EXPECT_GT(events_->dropped(), 0U);
  EXPECT_EQ(events.size() + events_->dropped(), 4000U);
  EXPECT_EQ(refusal_of({.port = 8080}).port, 8080);  // and it goes on
}

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

TEST_F(KernelBindEvents, AThousandRefusalsAreToldEachByItself) {
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(refusal_of({.port = 8080}).port, 8080);
  EXPECT_EQ(events_->dropped(), 0U);
}

}  // namespace
}  // namespace hostnet::testing
