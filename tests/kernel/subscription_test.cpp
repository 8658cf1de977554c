#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/rtnetlink.h>
#include <poll.h>

#include "netlink/base/unique_fd.h"
#include "netlink/rtnetlink/rtnetlink.h"
#include "tests/kernel/network_namespace.h"

namespace hostnet {
namespace {

using namespace testing;

class KernelSubscription : public InOwnNamespace {
 protected:
  std::unique_ptr<Subscription> subscribe(std::vector<unsigned> groups) {
    auto subscription = netlink().subscribe(NETLINK_ROUTE, groups);
    EXPECT_TRUE(subscription) << subscription.error().message;
    return *std::move(subscription);
  }
};

TEST_F(KernelSubscription, BringsChangesAndNeverBlocks) {
  const auto subscription = subscribe({RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR});
  EXPECT_EQ(subscription->drain([](const NetlinkMessage&) {})->messages, 0U);
  ASSERT_TRUE(ip("addr add 10.0.0.1/24 dev lo"));
  pollfd waiting{.fd = subscription->descriptor(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&waiting, 1, 120'000), 1);
  std::vector<Address> addresses;
  const auto batch = subscription->drain([&](const NetlinkMessage& message) {
    const auto address = decode_address(message);
    if (address && *address && message.type == RTM_NEWADDR) addresses.push_back(**address);
  });
  ASSERT_TRUE(batch) << batch.error().message;
  EXPECT_EQ(batch->overruns, 0U);
  EXPECT_GE(batch->messages, 1U);
  ASSERT_EQ(addresses.size(), 1U);
  EXPECT_EQ(addresses[0].ip, parse_ip("10.0.0.1").value());
}

TEST_F(KernelSubscription, ChangesThatDoNotFitAreAnOverrunAndItGoesOn) {
  const auto subscription = subscribe({RTNLGRP_IPV4_IFADDR});
  const int tiny = 1;
  ASSERT_EQ(setsockopt(subscription->descriptor(), SOL_SOCKET, SO_RCVBUF, &tiny, sizeof tiny), 0);
  ASSERT_EQ(std::system("i=0; while [ $i -lt 250 ]; do echo addr add 10.1.0.$i/32 dev lo; "
                        "i=$((i+1)); done | ip -batch -"),
            0);
  const auto batch = subscription->drain([](const NetlinkMessage&) {});
  ASSERT_TRUE(batch) << batch.error().message;
  EXPECT_GE(batch->overruns, 1U);
  EXPECT_LT(batch->messages, 250U);
  ASSERT_TRUE(ip("addr add 10.2.0.1/32 dev lo"));
  const auto next = subscription->drain([](const NetlinkMessage&) {});
  ASSERT_TRUE(next);
  EXPECT_EQ(next->messages, 1U);
  EXPECT_EQ(next->overruns, 0U);
}

TEST_F(KernelSubscription, AFloodOfOtherProcessesEndsIt) {
  const auto subscription = subscribe({RTNLGRP_LINK});
  const int room = 8 << 20;
  ASSERT_EQ(setsockopt(subscription->descriptor(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room),
            0);
  sockaddr_nl to{};
  socklen_t size = sizeof to;
  ASSERT_EQ(getsockname(subscription->descriptor(), reinterpret_cast<sockaddr*>(&to), &size), 0);
  to.nl_groups = 0;
  const UniqueFd other(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  const nlmsghdr nothing{.nlmsg_len = sizeof nothing, .nlmsg_type = NLMSG_NOOP};
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_EQ(sendto(other.get(), &nothing, sizeof nothing, MSG_DONTWAIT,
                     reinterpret_cast<const sockaddr*>(&to), sizeof to),
              static_cast<ssize_t>(sizeof nothing));
  }
  const auto batch = subscription->drain([](const NetlinkMessage&) {});
  ASSERT_FALSE(batch);
  EXPECT_THAT(batch.error().message, ::testing::HasSubstr("other processes"));
}

TEST_F(KernelSubscription, AGroupThatDoesNotExistIsNamed) {
  const unsigned groups[] = {9999};
  const auto subscription = netlink().subscribe(NETLINK_ROUTE, groups);
  ASSERT_FALSE(subscription);
  EXPECT_NE(subscription.error().message.find("group 9999"), std::string::npos);
}

TEST_F(KernelSubscription, ItsDescriptorDoesNotSurviveExec) {
  const auto subscription = subscribe({RTNLGRP_LINK});
  EXPECT_NE(fcntl(subscription->descriptor(), F_GETFD) & FD_CLOEXEC, 0);
}

}  // namespace
}  // namespace hostnet
