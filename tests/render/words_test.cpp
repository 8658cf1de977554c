#include "agent/render/words.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

#include "agent/render/report_words.h"
#include "tests/render/sample_report.h"

namespace hostnet {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(FoldedLines, CountSocketsOfOneOwner) {
  Report report;
  PortSnapshot snapshot;
  FoldedSockets group;
  group.example.owner.processes = {{812, "dns"}};
  group.example.name = "dns";
  group.example.socket.protocol = Protocol::udp;
  group.example.socket.state = SocketState::close;
  group.example.socket.inode = 1;
  for (std::uint16_t port = 1024; port < 1024 + 47'900; ++port) {
    group.places.push_back({.port = port, .address = {}});
  }
  snapshot.folded.push_back(group);
  report.table = std::make_shared<const PortSnapshot>(std::move(snapshot));
  EXPECT_EQ(folded_lines(report).front(),
            "and 47,900 more udp sockets of dns[812] root on ports 1024 to 48923");
}

TEST(Rfc3339, HasMillisecondsAndZ) {
  EXPECT_EQ(rfc3339(sample_time()), "2026-11-21T20:00:00.123Z");
  EXPECT_EQ(rfc3339(WallTime{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339(WallTime{milliseconds{-1}}), "1969-12-31T23:59:59.999Z");
}

TEST(Age, HasTheTwoLargestUnits) {
  EXPECT_EQ(age(milliseconds{4'999}), "4s");
  EXPECT_EQ(age(minutes{3} + seconds{12}), "3m12s");
  EXPECT_EQ(age(hours{2} + minutes{5} + seconds{59}), "2h5m");
  EXPECT_EQ(age(days{3} + hours{4}), "3d4h");
  EXPECT_EQ(age(seconds{-5}), "0s");
}

TEST(HolderWords, NameProcessAndUser) {
  auto holder = sample_nginx();
  EXPECT_EQ(holder_words(holder), "nginx.service nginx[812] root");
  holder.socket.uid = 33;
  EXPECT_EQ(holder_words(holder), "nginx.service nginx[812] uid 33");
  holder.name = "nginx";
  EXPECT_EQ(holder_words(holder), "nginx[812] uid 33");
}

TEST(HolderWords, ATerminatingPodAndAConnection) {
  auto holder = sample_nginx();
  holder.owner.kind = HolderKind::pod;
  holder.name = "default/web-0";
  holder.pod_terminating = true;
  holder.socket.state = SocketState::established;
  holder.socket.peer = parse_ip("2001:db8::1").value();
  holder.socket.peer_port = 443;
  EXPECT_EQ(holder_words(holder),
            "default/web-0 nginx[812] root (terminating) (established to [2001:db8::1]:443)");
}

TEST(HolderWords, TimeWaitHasNoUserButAnEnd) {
  Holder holder;
  holder.socket = {.protocol = Protocol::tcp,
                   .state = SocketState::time_wait,
                   .local_port = 80,
                   .cookie = 9,
                   .expires_ms = 43'210};
  EXPECT_EQ(holder_words(holder), "closed connection (time_wait, 43s left)");
  EXPECT_FALSE(known_uid(holder));
}

Holder closed_connection(std::uint32_t milliseconds_left) {
  Holder holder;
  holder.socket = {.protocol = Protocol::tcp,
                   .state = SocketState::time_wait,
                   .local_port = 80,
                   .expires_ms = milliseconds_left};
  return holder;
}

TEST(HolderWords, ClosedConnectionsBesideAServerAreItsOwn) {
  EXPECT_EQ(holders_words(std::vector{sample_nginx(), closed_connection(3000)}),
            holders_words(std::vector{sample_nginx()}));
}

TEST(HolderWords, ConnectionsOfAServerAreItsTrafficThoseOfOthersAreShown) {
  Holder accepted = sample_nginx();
  accepted.socket.state = SocketState::established;
  accepted.socket.peer_port = 40'123;
  accepted.owner.processes.front().pid = 813;  // a worker
  Holder of_another = accepted;
  of_another.name = "curl";
  const std::vector holders{sample_nginx(), accepted, of_another};
  const auto shown = shown_holders(holders);
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown[0], &holders[0]);
  EXPECT_EQ(shown[1], &holders[2]);
}

TEST(HolderWords, OfClosedConnectionsAloneTheLastToEndIsShown) {
  EXPECT_EQ(holders_words(std::vector{closed_connection(3000), closed_connection(43'000),
                                      closed_connection(9000)}),
            "closed connection (time_wait, 43s left)");
  EXPECT_EQ(holders_words({}), "");
}

TEST(HolderWords, AKernelSocketAndARule) {
  Holder tunnel;
  tunnel.socket = {.protocol = Protocol::udp, .state = SocketState::close, .local_port = 8472};
  tunnel.owner.kind = HolderKind::kernel;
  tunnel.name = "flannel.1";
  EXPECT_EQ(holder_words(tunnel), "flannel.1 kernel");
  EXPECT_FALSE(known_uid(tunnel));

  Holder rule;
  rule.owner.kind = HolderKind::nat_rule;
  rule.rule = "CNI-HOSTPORT-DNAT tcp dport 80 -> 10.0.0.7:80";
  EXPECT_EQ(holder_words(rule), "NAT rule: CNI-HOSTPORT-DNAT tcp dport 80 -> 10.0.0.7:80");
  EXPECT_EQ(state_words(rule), "");
}

TEST(HolderWords, TwoSocketsOfOneProcessAreOne) {
  EXPECT_EQ(holders_words(std::vector{sample_nginx(), sample_nginx()}),
            "nginx.service nginx[812] root");
}

TEST(PortWords, SomeFindingsHaveNoPort) {
  EXPECT_EQ(port_words(8080, Protocol::tcp), "8080/tcp");
  EXPECT_EQ(port_words(8080, std::nullopt), "8080");
  EXPECT_EQ(port_words(std::nullopt, std::nullopt), "");
}

TEST(SummaryWords, CountsAndSaysHowCompleteTheLookWas) {
  auto report = sample_report();
  EXPECT_EQ(summary_words(report),
            "1 conflict, 1 risk, 1 ignored; 4 listening sockets, 2 declared ports; pods from "
            "apiserver 4s ago; complete");

  report.findings.clear();
  report.declared.resize(1);
  report.complete = false;
  report.problems = {{.code = "no_cap_net_admin",
                      .message = "NAT rules cannot be read",
                      .remedy = "add NET_ADMIN"},
                     {.code = "apiserver_down", .message = "no answer", .remedy = ""}};
  EXPECT_EQ(
      summary_words(report),
      "0 conflicts, 0 risks; 4 listening sockets, 1 declared port; pods from apiserver 4s "
      "ago; incomplete: NAT rules cannot be read and 1 more problem; hostnet-agent doctor says "
      "what to do");
  report.problems.pop_back();
  EXPECT_EQ(completeness_words(report), "incomplete: NAT rules cannot be read (add NET_ADMIN)");
}

TEST(SummaryWords, SaysWhatIsKnownOfThePods) {
  auto report = sample_report();
  auto pods = *report.pods;
  pods.stale = true;
  pods.last_success = sample_time() - minutes{5};
  report.pods = std::make_shared<PodSnapshot>(pods);
  EXPECT_EQ(pods_words(report), "pods from apiserver 5m0s ago (stale)");
  pods.stale = false;
  pods.last_success.reset();
  report.pods = std::make_shared<PodSnapshot>(pods);
  EXPECT_EQ(pods_words(report), "pods from apiserver, no answer yet");
  report.pods = nullptr;
  EXPECT_EQ(pods_words(report), "no pod source");
}

}  // namespace
}  // namespace hostnet
