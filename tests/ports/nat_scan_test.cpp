#include "agent/ports/nat/nat_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <functional>
#include <map>

#include "agent/ports/scan/port_scanner.h"
#include "netlink/rtnetlink/rtnetlink.h"
#include "tests/netlink/nft_messages.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace nft = hostnet::testing;

constexpr std::uint16_t nft_message(unsigned type) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8U | type);
}
std::vector<std::byte> nft_answer(unsigned type, const nft::Bytes& attributes) {
  nfgenmsg header{};
  header.nfgen_family = NFPROTO_IPV4;
  return nft::message(nft_message(type), nft::join(nft::raw(header), attributes));
}

// A chain of portmap's in prerouting, and rules that send TCP ports to 10.0.0.5:80.
struct Kernel {
  std::vector<std::uint16_t> ports;
  nft::Bytes before;  // expressions at the beginning of each rule

  void put_into(FakeNetlink& netlink) const {
    netlink.answers[{NETLINK_NETFILTER, nft_message(NFT_MSG_GETTABLE)}] = {
        nft_answer(NFT_MSG_NEWTABLE, nft::attribute(NFTA_TABLE_NAME, nft::text("cni_hostport")))};
    const nft::Bytes hook = nft::join(
        nft::attribute(NFTA_HOOK_HOOKNUM, nft::number(NF_INET_PRE_ROUTING)),
        nft::attribute(NFTA_HOOK_PRIORITY, nft::number(static_cast<std::uint32_t>(-100))));
    netlink.answers[{NETLINK_NETFILTER, nft_message(NFT_MSG_GETCHAIN)}] = {nft_answer(
        NFT_MSG_NEWCHAIN, nft::join(nft::attribute(NFTA_CHAIN_TABLE, nft::text("cni_hostport")),
                                    nft::attribute(NFTA_CHAIN_NAME, nft::text("prerouting")),
                                    nft::attribute(NFTA_CHAIN_TYPE, nft::text("nat")),
                                    nft::attribute(NFTA_CHAIN_HOOK, hook)))};
    auto& rules = netlink.answers[{NETLINK_NETFILTER, nft_message(NFT_MSG_GETRULE)}];
    rules.clear();
    for (const std::uint16_t port : ports) {
      const auto immediate = [](std::uint32_t to, const nft::Bytes& value) {
        return nft::expression("immediate",
                               nft::join(nft::attribute(NFTA_IMMEDIATE_DREG, nft::number(to)),
                                         nft::attribute(NFTA_IMMEDIATE_DATA, nft::data_of(value))));
      };
      const nft::Bytes translate = nft::expression(
          "nat", nft::join(nft::attribute(NFTA_NAT_TYPE, nft::number(NFT_NAT_DNAT)),
                           nft::attribute(NFTA_NAT_FAMILY, nft::number(NFPROTO_IPV4)),
                           nft::attribute(NFTA_NAT_REG_ADDR_MIN, nft::number(NFT_REG_1))));
      const nft::Bytes expressions =
          nft::join(before, nft::load_port(), nft::compare_to(nft::bytes({port >> 8, port & 0xFF})),
                    immediate(NFT_REG_1, nft::bytes({10, 0, 0, 5})), translate);
      rules.push_back(nft_answer(
          NFT_MSG_NEWRULE, nft::join(nft::attribute(NFTA_RULE_TABLE, nft::text("cni_hostport")),
                                     nft::attribute(NFTA_RULE_CHAIN, nft::text("prerouting")),
                                     nft::attribute(NFTA_RULE_EXPRESSIONS, expressions))));
    }
  }
};

// One scan after another of a kernel whose questions are counted.
class NatScans : public ::testing::Test {
 protected:
  struct Counting final : Netlink {
    std::shared_ptr<FakeNetlink> inner = std::make_shared<FakeNetlink>();
    std::map<std::uint16_t, int> asked;
    std::function<void(int rules_asked)> on_rules;
    std::function<void()> on_family;  // of generic netlink
    Result<> dump(const NetlinkRequest& request, const DumpSink& sink) override {
      const int times = ++asked[request.type & 0xFFU];
      if (request.family == NETLINK_GENERIC && on_family) on_family();
      if ((request.type & 0xFFU) == NFT_MSG_GETRULE && on_rules) on_rules(times);
      return inner->dump(request, sink);
    }
    Result<> sockets(const SocketQuery& query, const SocketSink& sink) override {
      return inner->sockets(query, sink);
    }
    Result<std::unique_ptr<Subscription>> subscribe(int family,
                                                    std::span<const unsigned> groups) override {
      return inner->subscribe(family, groups);
    }
  };

  // After `later`; `cost`: CPU time that the next read takes.
  PortSnapshot scan(seconds later = seconds{1}) {
    if (!nat_) {
      node_ = builder_.build();
      node_.netlink = netlink_;
      nat_ = std::make_unique<NatScan>(node_, memory_);
    }
    now_ += later;
    return scan_with(*nat_);
  }
  PortSnapshot scan_with(NatScan& nat) const {
    PortSnapshot table = table_;
    nat.scan(now_, table_.links, table_.addresses, table);
    return table;
  }
  std::vector<unsigned> ports(const PortSnapshot& table) {
    std::vector<unsigned> out;
    for (const NatRule& rule : table.nat->rules()) out.push_back(rule.scope.ports.first);
    return out;
  }
  static std::vector<std::string> codes(const std::vector<Problem>& problems) {
    std::vector<std::string> out;
    for (const Problem& problem : problems) out.push_back(problem.code);
    return out;
  }
  void rules(std::vector<std::uint16_t> ports) {
    kernel_.ports = std::move(ports);
    kernel_.put_into(*netlink_->inner);
    ++netlink_->inner->nf_tables_generation;
  }
  // What changes from port 80 to 81 is seen so long after the last scan, and not before.
  void expect_rest(seconds rest) {
    rules({81});
    EXPECT_THAT(ports(scan(rest - seconds{1})), ElementsAre(80U));
    EXPECT_THAT(ports(scan(seconds{1})), ElementsAre(81U));
  }
  int reads() const {
    const auto at = netlink_->asked.find(NFT_MSG_GETRULE);
    return at == netlink_->asked.end() ? 0 : at->second;
  }

  NodeBuilder builder_;
  std::shared_ptr<Counting> netlink_ = std::make_shared<Counting>();
  Kernel kernel_;
  PortSnapshot table_;  // what is there before the scan: links, addresses
  Node node_;
  std::shared_ptr<NatMemory> memory_;  // of all scanners; null: each is alone
  std::unique_ptr<NatScan> nat_;
  SteadyTime now_{seconds{1000}};
};

TEST_F(NatScans, RulesAreReadAtOnceAndThenOnlyWhenTheGenerationGrows) {
  rules({80});
  EXPECT_THAT(ports(scan()), ElementsAre(80U));
  EXPECT_TRUE(scan().nat->complete());
  EXPECT_EQ(reads(), 1);
  const auto kept = scan().nat;
  scan(seconds{100});
  EXPECT_EQ(scan(seconds{100}).nat, kept);
  EXPECT_EQ(reads(), 1);
}

TEST_F(NatScans, ChangesAreReadEveryFiveSeconds) {
  rules({80});
  scan();
  for (int second = 1; second <= 20; ++second) {
    rules({static_cast<std::uint16_t>(100 + second)});
    scan();
  }
  EXPECT_EQ(reads(), 1 + 20 / 5);
  EXPECT_THAT(ports(scan(seconds{5})), ElementsAre(120U));
}

TEST_F(NatScans, AReadThatCostsMuchRestsAHundredTimesAsLong) {
  rules({80});
  netlink_->on_rules = [&](int) { builder_.clock()->cost(std::chrono::milliseconds{200}); };
  scan();
  expect_rest(seconds{20});
}

TEST_F(NatScans, TheRestIsForAllThatAChangeCosts) {
  rules({80});
  builder_.file("proc/1/net/ip_vs", "IP Virtual Server version 1.2.1 (size=4096)\n");
  netlink_->on_family = [&] { builder_.clock()->cost(std::chrono::milliseconds{200}); };
  scan();
  expect_rest(seconds{20});
}

TEST_F(NatScans, BothFiltersRulesAreThereInEveryWalk) {
  rules({80});
  scan();
  const auto kept = scan().nat;
  // Another address: the same rules are walked again.
  table_.addresses = {{.interface = 1, .ip = parse_ip("192.0.2.1").value()}};
  const PortSnapshot again = scan();
  EXPECT_NE(again.nat, kept);
  EXPECT_THAT(ports(again), ElementsAre(80U));
  EXPECT_EQ(reads(), 1);
}

TEST_F(NatScans, RulesThatChangeWhileTheyAreReadAreReadAgain) {
  rules({80});
  netlink_->on_rules = [&](int times) {
    if (times == 1) rules({81});
  };
  const PortSnapshot table = scan();
  EXPECT_THAT(ports(table), ElementsAre(81U));
  EXPECT_THAT(table.coverage.problems, IsEmpty());
}

TEST_F(NatScans, RulesThatNeverStandStillAreAProblemUntilTheyDo) {
  rules({80});
  netlink_->on_rules = [&](int) { rules({80}); };
  const PortSnapshot table = scan();
  EXPECT_THAT(codes(table.coverage.problems), ElementsAre("nat_rules_unsteady"));
  EXPECT_THAT(ports(table), ElementsAre(80U));
  EXPECT_FALSE(table.nat->complete());
  netlink_->on_rules = nullptr;
  const PortSnapshot later = scan(seconds{5});
  EXPECT_THAT(later.coverage.problems, IsEmpty());
  EXPECT_TRUE(later.nat->complete());
}

TEST_F(NatScans, WithoutNetAdminNothingIsAskedAndFootingSaysIt) {
  builder_.capabilities(0);
  const PortSnapshot table = scan();
  EXPECT_EQ(table.nat, nullptr);
  EXPECT_THAT(table.coverage.problems, IsEmpty());
  EXPECT_THAT(netlink_->asked, IsEmpty());
}

TEST_F(NatScans, ARefusalInSpiteOfTheCapabilityIsAProblem) {
  netlink_->inner->failures[{NETLINK_NETFILTER, nft_message(NFT_MSG_GETGEN)}] =
      system_failure(EPERM, "asking").error();
  const PortSnapshot table = scan();
  EXPECT_THAT(codes(table.coverage.problems), ElementsAre("nat_rules_failed"));
  EXPECT_THAT(table.coverage.problems.front().remedy, HasSubstr("NET_ADMIN"));
  EXPECT_FALSE(table.nat->complete());
}

TEST_F(NatScans, AKernelWithoutNfTablesIsAskedOncePerMinute) {
  netlink_->inner->failures[{NETLINK_NETFILTER, nft_message(NFT_MSG_GETGEN)}] =
      system_failure(EINVAL, "asking").error();
  EXPECT_TRUE(scan().nat->complete());
  const int asked = netlink_->asked[NFT_MSG_GETGEN];
  scan(seconds{59});
  EXPECT_EQ(netlink_->asked[NFT_MSG_GETGEN], asked);
  scan(seconds{1});
  EXPECT_GT(netlink_->asked[NFT_MSG_GETGEN], asked);
}

TEST_F(NatScans, ARecordingThatDoesNotTellIsALimitAndNotNoRules) {
  netlink_->inner->failures[{NETLINK_NETFILTER, nft_message(NFT_MSG_GETGEN)}] =
      failure(Reason::unsupported, "not in the recording: asking").error();
  const PortSnapshot table = scan();
  EXPECT_THAT(table.coverage.problems, IsEmpty());
  EXPECT_THAT(codes(table.coverage.limits), ElementsAre("nat_rules_not_read"));
  EXPECT_FALSE(table.nat->complete());
}

TEST_F(NatScans, PartsThatNobodyKnowsAreCountedAndNamedWhereARuleDependsOnThem) {
  kernel_.before = nft::expression("novelty", {});
  rules({80, 81});
  const PortSnapshot table = scan();
  ASSERT_THAT(codes(table.coverage.problems), ElementsAre("nat_rules_unknown"));
  EXPECT_THAT(table.coverage.problems.front().message, HasSubstr("novelty (2 times)"));
  EXPECT_THAT(ports(table), ElementsAre(80U, 81U));
  EXPECT_FALSE(table.nat->complete());
}

TEST_F(NatScans, ARuleThatDoesNotDecodeIsNamedAndTheOthersAnswer) {
  rules({80});
  auto& answers = netlink_->inner->answers[{NETLINK_NETFILTER, nft_message(NFT_MSG_GETRULE)}];
  answers.push_back(nft_answer(
      NFT_MSG_NEWRULE, nft::join(nft::attribute(NFTA_RULE_TABLE, nft::text("cni_hostport")),
                                 nft::attribute(NFTA_RULE_CHAIN, nft::text("prerouting")),
                                 nft::attribute(NFTA_RULE_EXPRESSIONS, nft::load_port(99)))));
  answers.push_back(nft::message(nft_message(NFT_MSG_NEWRULE), nft::bytes({1, 2})));
  const PortSnapshot table = scan();
  ASSERT_THAT(codes(table.coverage.problems), ElementsAre("nat_rules_malformed"));
  EXPECT_THAT(table.coverage.problems.front().message, HasSubstr("nf_tables rule in cni_hostport"));
  EXPECT_THAT(table.coverage.problems.front().message, HasSubstr("too short for its header"));
  EXPECT_THAT(ports(table), ElementsAre(80U));
}

TEST_F(NatScans, AnotherScannerOfTheNodeTakesWhatStillHolds) {
  rules({80});
  memory_ = std::make_shared<NatMemory>();
  const auto known = scan().nat;
  NatScan check(node_, memory_);
  EXPECT_EQ(scan_with(check).nat, known);
  EXPECT_EQ(reads(), 1);
  EXPECT_THAT(scan_with(check).coverage.problems, IsEmpty());
}

TEST_F(NatScans, AnotherScannerNeverAnswersWithRulesThatChanged) {
  rules({80});
  memory_ = std::make_shared<NatMemory>();
  scan();
  rules({81});
  EXPECT_THAT(ports(scan()), ElementsAre(80U)) << "it rests";
  NatScan check(node_, memory_);
  EXPECT_THAT(ports(scan_with(check)), ElementsAre(81U));
  EXPECT_THAT(ports(scan()), ElementsAre(81U)) << "what one read all have";
  EXPECT_EQ(reads(), 2);
}

TEST_F(NatScans, AnotherScannerReadsAgainWhatCouldNotBeRead) {
  memory_ = std::make_shared<NatMemory>();
  auto& failures = netlink_->inner->failures;
  failures[{NETLINK_NETFILTER, nft_message(NFT_MSG_GETRULE)}] =
      system_failure(ENOMEM, "asking").error();
  rules({80});
  EXPECT_THAT(codes(scan().coverage.problems), ElementsAre("nat_rules_failed"));
  failures.clear();
  NatScan check(node_, memory_);
  const PortSnapshot table = scan_with(check);
  EXPECT_THAT(table.coverage.problems, IsEmpty());
  EXPECT_THAT(ports(table), ElementsAre(80U));
}

TEST_F(NatScans, TooManyRulesOrChangesAreReadAgainAndNoBugToReport) {
  netlink_->inner->failures[{NETLINK_NETFILTER, nft_message(NFT_MSG_GETRULE)}] =
      failure(Reason::exhausted, "interrupted by changes").error();
  rules({80});
  const PortSnapshot table = scan();
  ASSERT_THAT(codes(table.coverage.problems), ElementsAre("nat_rules_failed"));
  EXPECT_EQ(table.coverage.problems.front().remedy,
            "they are read again: fewer rules, or fewer changes of them, help");
}

TEST_F(NatScans, LegacyTablesAreReadEveryTenSecondsAndOnlyWhereThereAreSome) {
  struct Tables final : IpTables {
    mutable int asked{};
    Result<IpTableBytes> table(AddressFamily, const std::string&) const override {
      ++asked;
      return IpTableBytes{};
    }
  };
  const auto tables = std::make_shared<Tables>();
  builder_.file("proc/net/ip_tables_names", "security\n");
  scan();
  node_.ip_tables = tables;
  nat_ = std::make_unique<NatScan>(node_);
  scan();
  EXPECT_EQ(tables->asked, 0);
  builder_.file("proc/net/ip_tables_names", "security\nnat\n");
  node_.files = builder_.build().files;
  nat_ = std::make_unique<NatScan>(node_);
  scan();
  scan(seconds{9});
  EXPECT_EQ(tables->asked, 1);
  scan(seconds{1});
  EXPECT_EQ(tables->asked, 2);
}

TEST_F(NatScans, ANodeWithCilumSaysWhatCannotBeSeen) {
  Link link;
  link.name = "cilium_host";
  table_.links = {link};
  const PortSnapshot table = scan();
  EXPECT_TRUE(table.coverage.ebpf_forwarding);
  EXPECT_THAT(codes(table.coverage.limits), ElementsAre("ebpf_forwarding_invisible"));
  EXPECT_THAT(table.coverage.problems, IsEmpty());
}

TEST_F(NatScans, AKeeperThatWasSeenStaysKnownWhenItsRulesAreFlushed) {
  rules({80});
  EXPECT_TRUE(scan().nat->has_forwarder());
  netlink_->inner->answers.clear();
  ++netlink_->inner->nf_tables_generation;
  const PortSnapshot table = scan(seconds{5});
  EXPECT_THAT(ports(table), IsEmpty());
  EXPECT_TRUE(table.nat->has_forwarder());
}

TEST(NatRulesByPort, AreHoldersOnlyOfPortsThatMatterToSomebody) {
  NodeBuilder node;
  node.process({.pid = 60, .comm = "sshd", .exe = "/sshd", .cgroup = "/system.slice/ssh.service"})
      .listens(60, Protocol::tcp, "0.0.0.0", 22);
  Kernel{.ports = {22, 80, 81}, .before = {}}.put_into(node.netlink());
  PortScanner builder(node.build());
  ScanOptions options;
  options.urgent_ports = {80};
  const PortSnapshot table = *builder.scan(options, SteadyTime{seconds{1000}});
  std::vector<std::uint16_t> ports;
  for (const Holder& holder : table.holders) {
    if (holder.owner.kind == HolderKind::nat_rule) ports.push_back(holder.socket.local_port);
  }
  EXPECT_EQ(table.nat->rules().size(), 3U);
  // Without a protocol a rule is every protocol's.
  EXPECT_THAT(ports, ElementsAre(22, 80, 80, 80));
}

}  // namespace
}  // namespace hostnet
