#include <fcntl.h>
#include <linux/rtnetlink.h>

#include <set>
#include <thread>

#include "netlink/request.h"
#include "netlink/rtnetlink/rtnetlink.h"
#include "netlink/sock_diag.h"
#include "tests/kernel/network_namespace.h"

namespace hostnet {
namespace {

using namespace testing;

class KernelDumps : public InOwnNamespace {
 protected:
  // Enough that the kernel needs many datagrams for them.
  static bool add_addresses(int count) {
    const std::string batch = "i=0; while [ $i -lt " + std::to_string(count) +
                              " ]; do echo addr add 10.1.$((i/250)).$((i%250))/32 dev lo; "
                              "i=$((i+1)); done | ip -batch -";
    return std::system(batch.c_str()) == 0;
  }
};

TEST_F(KernelDumps, AnInterruptedDumpIsAskedAgainAndThenWhole) {
  ASSERT_TRUE(add_addresses(4000));
  int restarts = 0;
  std::vector<Address> addresses;
  const DumpSink sink{[&] {
                        ++restarts;
                        addresses.clear();
                      },
                      [&](const NetlinkMessage& message) -> Result<> {
                        // While the rest of the table is still to come, it changes.
                        if (addresses.empty() && restarts == 0) ip("addr add 10.200.0.1/32 dev lo");
                        const auto address = decode_address(message);
                        if (!address) return std::unexpected(address.error());
                        if (*address) addresses.push_back(**address);
                        return {};
                      }};
  const Result<> done = netlink().dump(addresses_request(), sink);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(restarts, 1);
  std::set<IpAddress> distinct;
  for (const Address& address : addresses) distinct.insert(address.ip);
  EXPECT_EQ(distinct.size(), addresses.size());
  EXPECT_TRUE(distinct.contains(parse_ip("10.200.0.1").value()));
  EXPECT_GE(addresses.size(), 4002U);
}

TEST_F(KernelDumps, ADumpThatIsInterruptedEachTimeGivesUpAndNamesItself) {
  ASSERT_TRUE(add_addresses(4000));
  int restarts = 0;
  bool changed = false;
  const DumpSink sink{[&] {
                        ++restarts;
                        changed = false;
                      },
                      [&](const NetlinkMessage&) -> Result<> {
                        if (!changed) {
                          ip("addr add 10.200.0." + std::to_string(restarts) + "/32 dev lo");
                        }
                        changed = true;
                        return {};
                      }};
  const Result<> done = netlink().dump(addresses_request(), sink);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().reason, Reason::exhausted);
  EXPECT_NE(done.error().message.find("listing addresses"), std::string::npos);
  EXPECT_EQ(restarts, 4);
}

TEST_F(KernelDumps, TheKernelsRefusalSaysWhatItWasAbout) {
  const NetlinkRequest request =
      std::move(RequestBuilder(NETLINK_ROUTE, RTM_GETLINK, 0, "reading link 9999")
                    .fixed(ifinfomsg{.ifi_index = 9999}))
          .build();
  const Result<> done =
      netlink().dump(request, {nullptr, [](const NetlinkMessage&) -> Result<> { return {}; }});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().reason, Reason::vanished);
  EXPECT_EQ(done.error().message, "reading link 9999: No such device");
}

TEST_F(KernelDumps, ASingleAnswerArrivesOnceAndEnds) {
  const NetlinkRequest request =
      std::move(RequestBuilder(NETLINK_ROUTE, RTM_GETLINK, 0, "reading link 1")
                    .fixed(ifinfomsg{.ifi_index = 1}))
          .build();
  std::vector<Link> links;
  const Result<> done =
      netlink().dump(request, {nullptr, [&](const NetlinkMessage& message) -> Result<> {
                                 links.push_back(decode_link(message).value().value());
                                 return {};
                               }});
  ASSERT_TRUE(done) << done.error().message;
  ASSERT_EQ(links.size(), 1U);
  EXPECT_EQ(links[0].name, "lo");
}

TEST_F(KernelDumps, AnErrorOfTheSinkEndsThem) {
  int calls = 0;
  const Result<> done =
      netlink().dump(addresses_request(), {nullptr, [&](const NetlinkMessage&) -> Result<> {
                                             ++calls;
                                             return failure(Reason::internal, "enough");
                                           }});
  EXPECT_EQ(done.error().message, "enough");
  EXPECT_EQ(calls, 1);
}

TEST_F(KernelDumps, AFamilyThatTheKernelLacksIsUnsupported) {
  const Result<> done =
      netlink().dump({.family = 31, .type = 16, .doing = "asking nobody"}, {nullptr, nullptr});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().reason, Reason::unsupported);
}

TEST_F(KernelDumps, ServeManyThreads) {
  ASSERT_TRUE(add_addresses(500));
  const TestFd here(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  std::vector<std::size_t> sizes(8);
  std::vector<std::thread> threads;
  for (std::size_t& size : sizes) {
    threads.emplace_back([&] {
      if (setns(here.get(), CLONE_NEWNET) != 0) return;
      for (int i = 0; i < 5; ++i) size += read_addresses(netlink()).value().size();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::size_t size : sizes) EXPECT_EQ(size, 5 * 502U);
}

TEST_F(KernelDumps, KeepOneSocketAndNoneThatFailed) {
  const auto next_descriptor = [] { return TestFd(open("/", O_PATH | O_CLOEXEC)).get(); };
  const auto refuse = [](const NetlinkMessage&) -> Result<> {
    return failure(Reason::malformed, "not this");
  };
  const int before = next_descriptor();
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(netlink().dump(links_request(), {nullptr, refuse}));
  }
  EXPECT_EQ(next_descriptor(), before);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(read_links(netlink()));
  EXPECT_EQ(next_descriptor(), before + 1);
}

// What is left of a reply that was not read to its end must not reach the next.
TEST_F(KernelDumps, AnswerAfterOneThatWasGivenUp) {
  ASSERT_TRUE(add_addresses(500));
  std::size_t seen = 0;
  const auto stop = [&](const NetlinkMessage&) -> Result<> {
    if (++seen < 3) return {};
    return failure(Reason::malformed, "enough");
  };
  EXPECT_FALSE(netlink().dump(addresses_request(), {nullptr, stop}));
  EXPECT_EQ(read_addresses(netlink()).value().size(), 502U);
  EXPECT_EQ(read_addresses(netlink()).value().size(), 502U);
}

}  // namespace
}  // namespace hostnet
