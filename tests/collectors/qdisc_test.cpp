#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "tests/collectors/collect.h"
#include "tests/support/encode_netlink.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kQdiscDump = std::pair{NETLINK_ROUTE, std::uint16_t{RTM_GETQDISC}};

Node node_with_qdiscs(const std::vector<Qdisc>& qdiscs) {
  NodeBuilder builder;
  builder.link({.index = 2, .name = "eth0"}).link({.index = 3, .name = "veth1", .kind = "veth"});
  for (const Qdisc& qdisc : qdiscs) {
    builder.netlink().answers[kQdiscDump].push_back(encode_qdisc(qdisc));
  }
  return builder.build();
}

Qdisc root_qdisc(std::uint32_t interface, std::string kind) {
  return {.interface = interface,
          .kind = std::move(kind),
          .handle = 0x80010000,
          .parent = TC_H_ROOT,
          .bytes = 1,
          .packets = 2,
          .drops = 3,
          .requeues = 4,
          .overlimits = 5,
          .queue_length = 6,
          .backlog = 7};
}

TEST(Qdisc, ShowsTheRootOfEachDevice) {
  Qdisc leaf = root_qdisc(2, "pfifo");
  leaf.parent = 0x80010001;
  Qdisc ingress = root_qdisc(2, "clsact");
  ingress.parent = TC_H_CLSACT;
  EXPECT_EQ(*TestCollector("qdisc").page(
                node_with_qdiscs({root_qdisc(3, "noqueue"), root_qdisc(2, "fq_codel"), leaf,
                                  ingress, root_qdisc(99, "vanished"), root_qdisc(2, "fq_codel")})),
            "# TYPE node_qdisc_backlog gauge\n"
            "node_qdisc_backlog{device=\"eth0\",kind=\"fq_codel\"} 7\n"
            "node_qdisc_backlog{device=\"veth1\",kind=\"noqueue\"} 7\n"
            "# TYPE node_qdisc_bytes_total counter\n"
            "node_qdisc_bytes_total{device=\"eth0\",kind=\"fq_codel\"} 1\n"
            "node_qdisc_bytes_total{device=\"veth1\",kind=\"noqueue\"} 1\n"
            "# TYPE node_qdisc_current_queue_length gauge\n"
            "node_qdisc_current_queue_length{device=\"eth0\",kind=\"fq_codel\"} 6\n"
            "node_qdisc_current_queue_length{device=\"veth1\",kind=\"noqueue\"} 6\n"
            "# TYPE node_qdisc_drops_total counter\n"
            "node_qdisc_drops_total{device=\"eth0\",kind=\"fq_codel\"} 3\n"
            "node_qdisc_drops_total{device=\"veth1\",kind=\"noqueue\"} 3\n"
            "# TYPE node_qdisc_overlimits_total counter\n"
            "node_qdisc_overlimits_total{device=\"eth0\",kind=\"fq_codel\"} 5\n"
            "node_qdisc_overlimits_total{device=\"veth1\",kind=\"noqueue\"} 5\n"
            "# TYPE node_qdisc_packets_total counter\n"
            "node_qdisc_packets_total{device=\"eth0\",kind=\"fq_codel\"} 2\n"
            "node_qdisc_packets_total{device=\"veth1\",kind=\"noqueue\"} 2\n"
            "# TYPE node_qdisc_requeues_total counter\n"
            "node_qdisc_requeues_total{device=\"eth0\",kind=\"fq_codel\"} 4\n"
            "node_qdisc_requeues_total{device=\"veth1\",kind=\"noqueue\"} 4\n");
}

TEST(Qdisc, KeepsTheDevicesThatItsFlagsName) {
  const Node node = node_with_qdiscs({root_qdisc(2, "mq"), root_qdisc(3, "noqueue")});
  EXPECT_THAT(*TestCollector("qdisc", {{"qdisc.device-include", {"^eth"}}}).page(node),
              Not(HasSubstr("veth1")));
  EXPECT_THAT(*TestCollector("qdisc", {{"qdisc.device-exclude", {"^eth"}}}).page(node),
              Not(HasSubstr("eth0")));
  EXPECT_THAT(
      refused_options("qdisc", {{"qdisc.device-include", {"a"}}, {"qdisc.device-exclude", {"b"}}})
          .message,
      HasSubstr("qdisc.device-include"));
}

TEST(Qdisc, GoesOnBeyond32BitsAndForgetsADeviceThatIsGone) {
  const TestCollector collector("qdisc");
  const auto drops = [&](std::uint64_t now, std::uint32_t interface = 2) {
    Qdisc qdisc = root_qdisc(interface, "fq");
    qdisc.drops = now;
    return *collector.page(node_with_qdiscs({qdisc}));
  };
  EXPECT_THAT(drops(0xFFFFFFF0),
              HasSubstr("drops_total{device=\"eth0\",kind=\"fq\"} 4.29496728e+09\n"));
  EXPECT_THAT(drops(0x10), HasSubstr("drops_total{device=\"eth0\",kind=\"fq\"} 4.294967312e+09\n"));
  drops(1, 3);
  EXPECT_THAT(drops(0x10), HasSubstr("drops_total{device=\"eth0\",kind=\"fq\"} 16\n"));
  Qdisc busy = root_qdisc(2, "fq");
  busy.packets = 0x100000005;
  EXPECT_THAT(*collector.page(node_with_qdiscs({busy})),
              HasSubstr("packets_total{device=\"eth0\",kind=\"fq\"} 4.294967301e+09\n"));
}

TEST(Qdisc, SaysWhyThereIsNothing) {
  NodeBuilder builder;
  builder.netlink().failures[kQdiscDump] = {
      .reason = Reason::denied, .system_error = 1, .message = "listing: not permitted"};
  EXPECT_EQ(TestCollector("qdisc").page(builder.build()).error().message, "listing: not permitted");
  NodeBuilder without_links;
  without_links.netlink().failures[{NETLINK_ROUTE, RTM_GETLINK}] =
      failure(Reason::denied, "listing links: not permitted").error();
  EXPECT_EQ(error_of(TestCollector("qdisc"), without_links.build()).reason, Reason::denied);
  NodeBuilder cut;
  auto message = encode_qdisc(root_qdisc(1, "fq"));
  message.resize(24);
  message[0] = std::byte{24};
  cut.netlink().answers[kQdiscDump] = {message};
  EXPECT_EQ(TestCollector("qdisc").page(cut.build()).error().reason, Reason::malformed);
}

}  // namespace
}  // namespace hostnet
