// Rules name interfaces by number, and numbers are renamed without a word of nf_tables'.

#include "agent/ports/nat/nat_scan.h"

#include "netlink/node/node.h"
#include "netlink/rtnetlink/rtnetlink.h"
#include "tests/kernel/nat_namespace.h"

namespace hostnet {
namespace {

using namespace testing;
using ::testing::ElementsAre;

class KernelNatScan : public KernelNat {
 protected:
  std::vector<std::string> scanned() {
    now_ += NatScan::kNfTablesPause * 100;
    const auto links = read_links(netlink()).value();
    const auto addresses = read_addresses(netlink()).value();
    PortSnapshot table;
    scan_.scan(now_, links, addresses, table);
    std::vector<std::string> out;
    for (const NatRule& rule : table.nat->rules()) out.push_back(rule.text);
    return out;
  }

  Node node_ = live_node({}).value();
  NatScan scan_{node_};
  SteadyTime now_ = node_.clock->steady();
};

TEST_F(KernelNatScan, AnInterfaceByNumberHasTheNameThatItHasNow) {
  ASSERT_TRUE(ip("link add old type veth peer name other"));
  ASSERT_TRUE(nft(R"(table ip t {
  chain pre {
    type nat hook prerouting priority dstnat; policy accept;
    iif old tcp dport 80 redirect to :9000
  }
})"));
  EXPECT_THAT(scanned(), ElementsAre("ip t pre: iifname \"old\" tcp dport 80 redirect to :9000"));
  ASSERT_TRUE(ip("link set old name new"));
  EXPECT_THAT(scanned(), ElementsAre("ip t pre: iifname \"new\" tcp dport 80 redirect to :9000"));
}

}  // namespace
}  // namespace hostnet
