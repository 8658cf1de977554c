#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netlink/node/recording/replay.h"
#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"
#include "tests/support/temporary_directory.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;

constexpr auto kUdpHeading = "  sl  local_address rem_address   st tx_queue rx_queue tr ...\n";

// Files and sockets with other numbers, so that it shows which were read.
NodeBuilder node_with_udp() {
  NodeBuilder builder;
  builder.socket(queued_socket(Protocol::udp, SocketState::close, "0.0.0.0", 100, 7))
      .socket(queued_socket(Protocol::udp, SocketState::established, "10.0.0.1", 200, 8))
      .socket(queued_socket(Protocol::udp, SocketState::close, "::", 3'000'000'000, 16))
      .socket(queued_socket(Protocol::udp, SocketState::close, "::1", 3'000'000'000, 32));
  builder.file("proc/1/net/udp",
               std::string(kUdpHeading) +
                   "  0: 0A000005:0016 00000000:0000 07 00000010:00000001 00:00000000 0 0 0 1\n"
                   "  1: 00000000:0017 00000000:0000 07 00000004:00000002 00:00000000 0 0 0 1\n");
  builder.file("proc/1/net/udp6", kUdpHeading);
  return builder;
}

constexpr auto kFromFiles =
    "# TYPE hostnet_collector_source gauge\n"
    "hostnet_collector_source{collector=\"udp_queues\",source=\"procfs\"} 1\n"
    "# TYPE node_udp_queues gauge\n"
    "node_udp_queues{ip=\"v4\",queue=\"rx\"} 3\n"
    "node_udp_queues{ip=\"v4\",queue=\"tx\"} 20\n"
    "node_udp_queues{ip=\"v6\",queue=\"rx\"} 0\n"
    "node_udp_queues{ip=\"v6\",queue=\"tx\"} 0\n";

constexpr auto kFromSockets =
    "# TYPE hostnet_collector_source gauge\n"
    "hostnet_collector_source{collector=\"udp_queues\",source=\"netlink\"} 1\n"
    "# TYPE node_udp_queues gauge\n"
    "node_udp_queues{ip=\"v4\",queue=\"rx\"} 300\n"
    "node_udp_queues{ip=\"v4\",queue=\"tx\"} 15\n"
    "node_udp_queues{ip=\"v6\",queue=\"rx\"} 6e+09\n"
    "node_udp_queues{ip=\"v6\",queue=\"tx\"} 48\n";

TEST(UdpQueues, AddsUpTheSocketsOfBothFamilies) {
  EXPECT_EQ(*TestCollector("udp_queues").page(node_with_udp().build()), kFromSockets);
}

TEST(UdpQueues, ReadsTheFilesWhereSockDiagIsRefusedOrTellsOfAnotherNamespace) {
  const TestCollector collector("udp_queues");
  for (const Reason reason : {Reason::denied, Reason::unsupported, Reason::malformed}) {
    auto refused = node_with_udp();
    refused.netlink().socket_failures[Protocol::udp] = failure(reason, "no").error();
    EXPECT_EQ(*collector.page(refused.build()), kFromFiles) << to_string(reason);
  }
  auto elsewhere = node_with_udp();
  elsewhere.identity().own_net_namespace = 4711;
  EXPECT_EQ(*collector.page(elsewhere.build()), kFromFiles);
  elsewhere.identity().own_net_namespace.reset();
  elsewhere.identity().init_net_namespace.reset();
  EXPECT_EQ(*collector.page(elsewhere.build()), kFromFiles);
}

TEST(UdpQueues, ATimeoutIsNotMadeLongerByReadingTheFiles) {
  auto builder = node_with_udp();
  builder.netlink().socket_failures[Protocol::udp] = failure(Reason::timeout, "late").error();
  EXPECT_EQ(error_of(TestCollector("udp_queues"), builder.build()).message, "late");
}

// As node_exporter, which reads the files alone: no file, no series.
TEST(UdpQueues, AFamilyThatTheKernelDoesNotHaveIsAbsent) {
  const TestCollector collector("udp_queues");
  EXPECT_EQ(*collector.page(node_with_file("proc/1/net/udp", kUdpHeading)),
            "# TYPE hostnet_collector_source gauge\n"
            "hostnet_collector_source{collector=\"udp_queues\",source=\"netlink\"} 1\n"
            "# TYPE node_udp_queues gauge\n"
            "node_udp_queues{ip=\"v4\",queue=\"rx\"} 0\n"
            "node_udp_queues{ip=\"v4\",queue=\"tx\"} 0\n");
  EXPECT_EQ(error_of(collector, NodeBuilder().build()).reason, Reason::unsupported);
}

TEST(UdpQueues, NamesTheLineThatDoesNotParse) {
  const TestCollector collector("udp_queues");
  const auto said_of = [&](const std::string& line) {
    NodeBuilder builder;
    builder.identity().own_net_namespace.reset();
    builder.file("proc/net/udp", kUdpHeading + line);
    return error_of(collector, builder.build()).message;
  };
  EXPECT_EQ(said_of("0: a:1 b:2\n"), "proc/net/udp line 2: no queues");
  EXPECT_EQ(said_of("0: a:1 b:2 07 12\n"),
            "proc/net/udp line 2: expected \"<tx_queue>:<rx_queue>\"");
  EXPECT_EQ(said_of("0: a:1 b:2 07 1:z"), "proc/net/udp line 2: \"z\" is not a hexadecimal number");
}

// The first one made by the agent of today, the second one by that of before.
TEST(UdpQueues, ARecordingHasTheSocketsOrTheFiles) {
  const TestCollector collector("udp_queues");
  const TemporaryDirectory directory;
  ASSERT_TRUE(node_with_udp().write_recording(directory / "sockets"));
  EXPECT_EQ(*collector.page(replayed_node(directory / "sockets").value()), kFromSockets);
  auto before = node_with_udp();
  before.netlink().socket_failures[Protocol::udp] =
      failure(Reason::unsupported, "not in the recording").error();
  ASSERT_TRUE(before.write_recording(directory / "files"));
  EXPECT_EQ(*collector.page(replayed_node(directory / "files").value()), kFromFiles);
}

}  // namespace
}  // namespace hostnet
