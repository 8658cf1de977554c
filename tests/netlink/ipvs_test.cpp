#include "netlink/nat/ipvs/ipvs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>

#include "netlink/nat/ipvs/ipvs_rules.h"
#include "netlink/nat/packets/netfilter.h"
#include "tests/netlink/fixture.h"
#include "tests/netlink/message_builder.h"
#include "tests/support/memory_files.h"

namespace hostnet {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

// Answers as a kernel with IPVS did (tests/fixtures/netlink/README.md).
class RecordedIpvs final : public Netlink {
 public:
  std::vector<std::string> asked;

  Result<> dump(const NetlinkRequest& request, const DumpSink& sink) override {
    asked.push_back(request.doing);
    const auto command = std::to_integer<int>(request.body.at(0));
    const bool ipv6 = request.doing.find("2001:db8::1") != std::string::npos;
    const bool tcp4 = request.doing.find("192.0.2.1 port 30080") != std::string::npos;
    if (request.type == GENL_ID_CTRL) return give("family-ipvs", sink);
    if (command == IPVS_CMD_GET_SERVICE) return give("ipvs-services", sink);
    if (ipv6) return give("ipvs-servers-tcp-ipv6", sink);
    if (tcp4) return give("ipvs-servers-tcp-ipv4", sink);
    return {};
  }
  Result<> sockets(const SocketQuery&, const SocketSink&) override { return {}; }
  Result<std::unique_ptr<Subscription>> subscribe(int, std::span<const unsigned>) override {
    return failure(Reason::unsupported, "subscribing");
  }

 private:
  static Result<> give(const std::string& name, const DumpSink& sink) {
    return for_each_message(testing::fixture(name), sink.on_message);
  }
};

IpAddress address_of(const char* text) {
  return parse_ip(text).value();
}

MemoryFiles with_ipvs() {
  MemoryFiles files;
  files.put_file("proc/1/net/ip_vs", "IP Virtual Server version 1.2.1 (size=4096)\n");
  return files;
}

std::vector<std::string> texts(const std::vector<NatRule>& rules) {
  std::vector<std::string> out;
  for (const NatRule& rule : rules) out.push_back(rule.text);
  return out;
}

TEST(Ipvs, ServicesOfThisMachineWithTheirServers) {
  RecordedIpvs kernel;
  const auto files = with_ipvs();
  const std::vector<IpAddress> here = {address_of("192.0.2.1"), address_of("2001:db8::1")};
  const auto table = read_ipvs(kernel, files, here);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->by_mark, 1U);
  EXPECT_EQ(table->without_servers, 0U);
  const auto rules = ipvs_rules(*table, true);
  EXPECT_THAT(texts(rules),
              ElementsAre("ipvs: ip daddr 192.0.2.1 tcp dport 30080 rr to 127.0.0.1:18080",
                          "ipvs: ip6 daddr 2001:db8::1 tcp dport 30080 rr to [fd00::5]:80",
                          "ipvs: ip daddr 192.0.2.1 udp dport 30053 wrr refused: no server"));
  for (const NatRule& rule : rules) {
    EXPECT_EQ(rule.source, NatSource::ipvs);
    EXPECT_EQ(rule.owner, RuleOwner::kube_proxy);
    EXPECT_TRUE(rule.prerouting && rule.output);
    EXPECT_FALSE(rule.scope.is_conditional());
  }
  EXPECT_THAT(rules, ElementsAre(Field(&NatRule::effect, NatEffect::dnat),
                                 Field(&NatRule::effect, NatEffect::dnat),
                                 Field(&NatRule::effect, NatEffect::reject)));
  // The weight of 10.0.0.6 is 0.
  EXPECT_THAT(table->services.at(0).servers.value(),
              ElementsAre(IpvsServer{address_of("10.0.0.6"), 8080, 0},
                          IpvsServer{address_of("127.0.0.1"), 18080, 1}));
}

TEST(Ipvs, OtherServicesAreNotAskedAbout) {
  RecordedIpvs kernel;
  const auto files = with_ipvs();
  const std::vector<IpAddress> here = {address_of("192.0.2.1")};
  const auto table = read_ipvs(kernel, files, here);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->services.size(), 2U);
  for (const std::string& doing : kernel.asked) {
    EXPECT_EQ(doing.find("10.96.0.1"), std::string::npos);
  }
}

TEST(Ipvs, AKernelWithoutItIsNotAsked) {
  RecordedIpvs kernel;
  const MemoryFiles files;
  const auto table = read_ipvs(kernel, files, {});
  ASSERT_TRUE(table);
  EXPECT_EQ(*table, IpvsTable{});
  EXPECT_THAT(kernel.asked, IsEmpty());
}

TEST(Ipvs, EveryPortIsAServiceOfPortZero) {
  const IpvsTable table{.services = {{.ip_protocol = IPPROTO_UDP,
                                      .address = address_of("192.0.2.1"),
                                      .servers = std::nullopt}}};
  const auto rules = ipvs_rules(table, false);
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_TRUE(rules[0].scope.ports.is_everything());
  EXPECT_EQ(rules[0].owner, RuleOwner::other);
  EXPECT_EQ(rules[0].text, "ipvs: ip daddr 192.0.2.1 udp to servers that were not asked for");
}

TEST(Ipvs, AServiceNoneOfWhoseServersTakesConnectionsRefusesThem) {
  IpvsService service{.ip_protocol = IPPROTO_TCP, .address = address_of("192.0.2.1"), .port = 80};
  const auto rule = [&] { return ipvs_rules({.services = {service}}, false).at(0); };
  EXPECT_NE(rule().effect, NatEffect::reject);  // nobody asked
  service.servers.emplace();
  EXPECT_EQ(rule().effect, NatEffect::reject);
  service.servers->push_back({address_of("10.0.0.1"), 80, 0});
  EXPECT_EQ(rule().effect, NatEffect::reject);
  EXPECT_EQ(rule().text, "ipvs: ip daddr 192.0.2.1 tcp dport 80 refused: no server");
  service.servers->push_back({address_of("10.0.0.2"), 80, 1});
  EXPECT_NE(rule().effect, NatEffect::reject);
}

TEST(Ipvs, LengthsThatDoNotFitAreMalformedWhereverTheyAre) {
  for (const char* name : {"ipvs-services", "ipvs-servers-tcp-ipv4", "ipvs-servers-tcp-ipv6"}) {
    std::vector<testing::Bytes> payloads;
    const auto whole = testing::fixture(name);
    ASSERT_TRUE(for_each_message(whole, [&](const NetlinkMessage& message) -> Result<> {
      payloads.emplace_back(message.payload.begin(), message.payload.end());
      return {};
    }));
    for (const testing::Bytes& payload : payloads) {
      std::size_t refused = 0;
      for (std::size_t length = 0; length < payload.size(); ++length) {
        const NetlinkMessage cut{.type = 32, .payload = std::span(payload).first(length)};
        const auto service = decode_ipvs_service(cut);
        const auto server = decode_ipvs_server(cut, AddressFamily::ipv4);
        if (!service) {
          EXPECT_EQ(service.error().reason, Reason::malformed);
        }
        if (!server) {
          EXPECT_EQ(server.error().reason, Reason::malformed);
        }
        if (!service || !server) ++refused;
      }
      EXPECT_GT(refused, payload.size() / 2);
    }
  }
}

}  // namespace
}  // namespace hostnet
