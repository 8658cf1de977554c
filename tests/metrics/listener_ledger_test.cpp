#include "agent/metrics/listener_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/metrics/sample_report.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Holder tcp(const char* ip, std::uint16_t port, std::uint32_t queue, std::uint32_t limit) {
  auto holder = holder_of(HolderKind::unmanaged_process, "nginx.service", Protocol::tcp, ip, port);
  holder.socket.receive_queue = queue;
  holder.socket.send_queue = limit;
  return holder;
}

Holder udp(std::uint16_t port, std::uint32_t drops, std::uint64_t cookie) {
  auto holder = holder_of(HolderKind::pod, "dns/coredns", Protocol::udp, "10.0.0.1", port);
  holder.socket.drops = drops;
  holder.socket.cookie = cookie;
  return holder;
}

std::string page_after(ListenerLedger& ledger, const Report& report) {
  ledger.update(report);
  return page_of(ledger.listener_families());
}

TEST(ListenerLedger, ShowsTheFullestQueueOfSocketsThatShareAnAddress) {
  ListenerLedger ledger;
  const auto page =
      page_after(ledger, report_of({tcp("0.0.0.0", 80, 1, 4096), tcp("0.0.0.0", 80, 100, 128),
                                    tcp("0.0.0.0", 80, 200, 4096), tcp("::", 443, 0, 0)}));
  EXPECT_THAT(page, HasSubstr("hostnet_listener_accept_queue{address=\"0.0.0.0\",port=\"80\","
                              "protocol=\"tcp\"} 100\n"));
  EXPECT_THAT(page, HasSubstr("hostnet_listener_accept_queue_limit{address=\"0.0.0.0\","
                              "port=\"80\",protocol=\"tcp\"} 128\n"));
  EXPECT_THAT(page, HasSubstr("{address=\"::\",port=\"443\",protocol=\"tcp\"} 0\n"));
  EXPECT_THAT(page_of(ledger.count_families()),
              HasSubstr("hostnet_listening_sockets{family=\"ipv4\",holder_kind=\"unmanaged_"
                        "process\",protocol=\"tcp\"} 3\n"));
}

TEST(ListenerLedger, SumsDropsAcrossSocketsAndTheirCloses) {
  ListenerLedger ledger;
  const auto drops = [&](std::vector<Holder> holders, int second) {
    return page_after(ledger, report_of(std::move(holders), second));
  };
  const std::string series = "hostnet_udp_socket_drops_total{address=\"10.0.0.1\",port=\"53\"} ";
  EXPECT_THAT(drops({udp(53, 5, 901), udp(53, 7, 902)}, 1), HasSubstr(series + "12\n"));
  EXPECT_THAT(drops({udp(53, 6, 901)}, 2), HasSubstr(series + "13\n"));  // 902 closed
  EXPECT_THAT(drops({}, 3), Not(HasSubstr(series)));
  EXPECT_THAT(drops({udp(53, 2, 903)}, 4), HasSubstr(series + "15\n"));
  EXPECT_THAT(drops({udp(53, 2, 903)}, 4), HasSubstr(series + "15\n"));  // the same report again
}

TEST(ListenerLedger, ContinuesAcrossTheWrapOfTheKernelsCounter) {
  ListenerLedger ledger;
  ledger.update(report_of({udp(53, 0xFFFFFFF0U, 911)}, 1));
  EXPECT_THAT(page_after(ledger, report_of({udp(53, 0x10, 911)}, 2)),
              HasSubstr("port=\"53\"} 4.294967312e+09\n"));
}

TEST(ListenerLedger, TakesAnEphemeralUdpPortForAListenerOnlyWhenDeclaredOrSettled) {
  ListenerLedger ledger;
  const std::string port = "port=\"40000\"";
  EXPECT_THAT(page_after(ledger, report_of({udp(40000, 1, 921)}, 1)), Not(HasSubstr(port)));
  EXPECT_THAT(page_after(ledger, report_of({udp(40000, 1, 921)}, 60)), Not(HasSubstr(port)));
  EXPECT_THAT(page_after(ledger, report_of({udp(40000, 3, 921)}, 61)), HasSubstr(port + "} 3\n"));
  // Another socket on it begins anew.
  EXPECT_THAT(page_after(ledger, report_of({udp(40000, 1, 922)}, 62)), Not(HasSubstr(port)));
  Report declared = report_of({udp(40000, 1, 923)}, 63);
  declared.declared = {{.protocol = Protocol::udp, .port = 40000}};
  EXPECT_THAT(page_after(ledger, declared), HasSubstr(port));
}

TEST(ListenerLedger, CountsNoClientsAndNoNatRules) {
  ListenerLedger ledger;
  auto client = tcp("10.0.0.1", 8080, 0, 0);
  client.socket.state = SocketState::established;
  auto rule = holder_of(HolderKind::nat_rule, "", Protocol::tcp, "0.0.0.0", 8081);
  const auto page = page_after(ledger, report_of({client, rule}));
  EXPECT_THAT(page, Not(HasSubstr("808")));
}

TEST(ListenerLedger, NamesTheHolderOnceForEqualSockets) {
  ListenerLedger ledger;
  auto pod = holder_of(HolderKind::pod, "web/nginx-1", Protocol::tcp, "::", 80);
  pod.namespace_ = "web";
  pod.pod = "nginx-1";
  ledger.update(report_of({pod, pod}));
  const auto page = page_of(ledger.info_families());
  EXPECT_THAT(page, HasSubstr("hostnet_listener_info{address=\"::\",holder=\"web/nginx-1\","
                              "holder_kind=\"pod\",namespace=\"web\",pod=\"nginx-1\",port=\"80\","
                              "protocol=\"tcp\"} 1\n"));
}

TEST(ListenerLedger, StaysUnderTwentyThousandSeriesWithFiveThousandListeners) {
  ListenerLedger ledger;
  std::vector<Holder> holders;
  for (std::uint16_t i = 0; i < 5000; ++i) {
    holders.push_back(tcp("0.0.0.0", static_cast<std::uint16_t>(i + 1), 0, 128));
    holders.push_back(udp(static_cast<std::uint16_t>(i + 1), 1, 10'000U + i));
  }
  ledger.update(report_of(std::move(holders)));
  auto families = ledger.listener_families();
  for (auto& family : ledger.info_families()) families.push_back(std::move(family));
  const auto page = page_of(families);
  EXPECT_LT(std::ranges::count(page, '\n'), 18'100);
  EXPECT_THAT(page,
              HasSubstr("hostnet_series_dropped{family=\"hostnet_listener_accept_queue\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("hostnet_series_dropped{family=\"hostnet_listener_info\"} 5000\n"));
  EXPECT_THAT(page,
              HasSubstr("hostnet_series_dropped{family=\"hostnet_udp_socket_drops_total\"} 2000"));
}

}  // namespace
}  // namespace hostnet
