// IPVS and WireGuard of this kernel, where it has them (tests/kernel/in-vm runs
// these on Debian's own).

#include "netlink/nat/ipvs/ipvs.h"

#include <netinet/in.h>
#include <sys/wait.h>

#include <csignal>

#include "agent/findings/find_findings.h"
#include "agent/ports/scan/port_scanner.h"
#include "netlink/genetlink/wireguard.h"
#include "netlink/nat/ipvs/ipvs_rules.h"
#include "netlink/rtnetlink/rtnetlink.h"
#include "tests/kernel/nat_namespace.h"

namespace hostnet {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;

class KernelIpvs : public KernelNat {
 protected:
  void SetUp() override {
    KernelNat::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    node_.emplace(live_node({}).value());
    if (!node_->files->exists("proc/1/net/ip_vs")) GTEST_SKIP() << "this kernel has no IPVS";
  }
  // What a connection to that address reads.
  static std::string heard(const std::string& address, std::uint16_t port) {
    const TestFd fd(socket(AF_INET, SOCK_STREAM, 0));
    Endpoint to = endpoint(address, port);
    if (connect(fd.get(), to.get(), to.length) != 0) return strerror(errno);
    char text[16]{};
    return read(fd.get(), text, sizeof text - 1) > 0 ? text : "nothing";
  }
  // A process of its own that says `word` to whoever connects: this one's sockets
  // are the agent's.
  class Server {
   public:
    Server(const std::string& address, std::uint16_t port, const char* word) {
      const TestFd listener = listening(address, port);
      pid_ = fork();
      if (pid_ != 0) return;
      while (true) {
        const TestFd connection(accept(listener.get(), nullptr, nullptr));
        if (write(connection.get(), word, strlen(word)) < 0) _exit(1);
      }
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server() {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }

   private:
    pid_t pid_;
  };
  const Node& node() { return *node_; }

 private:
  std::optional<Node> node_;
};

TEST_F(KernelIpvs, ANodePortTakesTheConnectionOfAListener) {
  ASSERT_TRUE(ip("link add kube-ipvs0 type dummy") || ip("link add kube-ipvs0 type bridge"));
  ASSERT_TRUE(ip("addr add 10.96.0.1/32 dev kube-ipvs0"));
  ASSERT_TRUE(ip("link add eth9 type bridge"));
  ASSERT_TRUE(ip("addr add 192.0.2.1/24 dev eth9") && ip("link set eth9 up"));
  ASSERT_TRUE(sh(R"(
ipvsadm -A -t 192.0.2.1:30080 -s rr; ipvsadm -a -t 192.0.2.1:30080 -r 127.0.0.1:18080 -m
ipvsadm -A -t 10.96.0.1:30080 -s rr; ipvsadm -a -t 10.96.0.1:30080 -r 127.0.0.1:18080 -m
ipvsadm -A -f 7 -s rr
)"));
  const Server server("0.0.0.0", 30080, "server");
  const Server backend("127.0.0.1", 18080, "backend");
  ScanOptions options;
  options.urgent_ports = {30080};
  const PortSnapshot table = *PortScanner(node()).scan(options, SteadyTime{});
  ASSERT_TRUE(table.nat);
  const auto rules = table.nat->on_port(Protocol::tcp, 30080);
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules[0]->text, "ipvs: ip daddr 192.0.2.1 tcp dport 30080 rr to 127.0.0.1:18080");
  EXPECT_EQ(rules[0]->owner, RuleOwner::kube_proxy);
  const auto findings = judge_node(table, {}, default_policy(), {}).findings;
  EXPECT_THAT(findings, Contains(AllOf(Field(&Finding::verdict, Verdict::nodeport_hijacks_listener),
                                       Field(&Finding::port, 30080))));

  EXPECT_EQ(heard("192.0.2.1", 30080), "backend");
  EXPECT_EQ(heard("127.0.0.1", 30080), "server");
}

TEST_F(KernelIpvs, ServicesAndServersOfBothFamilies) {
  ASSERT_TRUE(sh(R"(
ipvsadm -A -t 192.0.2.1:30080 -s rr; ipvsadm -a -t 192.0.2.1:30080 -r 10.0.0.5:80 -m
ipvsadm -a -t 192.0.2.1:30080 -r 10.0.0.6:80 -m -w 0
ipvsadm -A -u 192.0.2.1:30053 -s wrr -p 300
ipvsadm -A -t [2001:db8::1]:30080 -s rr; ipvsadm -a -t [2001:db8::1]:30080 -r [fd00::5]:80 -m
)"));
  const std::vector<IpAddress> here = {parse_ip("192.0.2.1").value(),
                                       parse_ip("2001:db8::1").value()};
  const auto table = read_ipvs(netlink(), *node().files, here);
  ASSERT_TRUE(table) << table.error().message;
  std::vector<std::string> found;
  for (const NatRule& rule : ipvs_rules(*table, false)) found.push_back(rule.text);
  EXPECT_THAT(found, ::testing::UnorderedElementsAre(
                         "ipvs: ip daddr 192.0.2.1 tcp dport 30080 rr to 10.0.0.5:80",
                         "ipvs: ip daddr 192.0.2.1 udp dport 30053 wrr refused: no server",
                         "ipvs: ip6 daddr 2001:db8::1 tcp dport 30080 rr to [fd00::5]:80"));
}

class KernelTunnels : public InOwnNamespace {};

TEST_F(KernelTunnels, WireGuardAndGenevePortsAreTheirDevices) {
  if (!ip("link add wg9 type wireguard")) GTEST_SKIP() << "this kernel has no WireGuard";
  ASSERT_EQ(std::system("wg set wg9 listen-port 51999"), 0);
  ASSERT_TRUE(ip("link set wg9 up"));
  ASSERT_TRUE(ip("link add gnv9 type geneve id 7 remote 192.0.2.8") && ip("link set gnv9 up"));
  const PortSnapshot table = *PortScanner(live_node({}).value()).scan({}, SteadyTime{});
  std::vector<std::string> found;
  for (const Holder& holder : table.holders) {
    found.push_back(holder.device + " " + std::to_string(holder.socket.local_port) + " " +
                    std::string(to_string(holder.owner.kind)));
  }
  EXPECT_THAT(found, ElementsAre("gnv9 6081 kernel", "wg9 51999 kernel", "wg9 51999 kernel"));
  ASSERT_EQ(std::system("wg set wg9 listen-port 51998"), 0);
  auto links = read_links(netlink()).value();
  ASSERT_TRUE(read_wireguard_ports(netlink(), links));
  EXPECT_EQ(std::ranges::find(links, "wg9", &Link::name)->tunnel_port, 51998);
}

}  // namespace
}  // namespace hostnet
