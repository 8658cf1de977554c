#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "agent/http/give_way.h"
#include "agent/http/peers/fair_queue.h"
#include "agent/http/peers/known_peers.h"
#include "agent/http/peers/peer.h"
#include "tests/http/client.h"
#include "tests/http/serving.h"

namespace hostnet {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kFlooder = 0x7f000002;
constexpr std::uint32_t kScraper = 0x7f000003;

constexpr PeerShare peer(std::uint64_t id) {
  return {.kind = PeerShare::Kind::ipv4, .id = id, .cgroup = 0};
}
constexpr auto kAny = [](const PeerShare& /*who*/, int /*item*/) { return true; };

constexpr RecentUse::Time kNow{};

TEST(FairQueue, GivesPeersTurns) {
  FairQueue<int> queue;
  for (const int item : {10, 11, 12}) queue.push(peer(1), item);
  queue.push(peer(2), 20);
  std::vector<int> order;
  while (const auto item = queue.take(kAny, kNow)) order.push_back(*item);
  EXPECT_EQ(order, (std::vector{10, 20, 11, 12}));
  EXPECT_TRUE(queue.empty());
}

TEST(FairQueue, TakesTheNewestOfThePeerWithTheMost) {
  FairQueue<int> queue;
  queue.push(peer(1), 10);
  for (const int item : {20, 21, 22}) queue.push(peer(2), item);
  EXPECT_EQ(queue.take_newest_of_greediest(peer(2), false, kNow), std::nullopt);
  EXPECT_EQ(queue.take_newest_of_greediest(peer(1), false, kNow), 22);
  EXPECT_EQ(queue.take_newest_of_greediest(peer(1), false, kNow), std::nullopt);
  EXPECT_EQ(queue.size_of(peer(2)), 2U);
  EXPECT_EQ(queue.size(), 3U);
}

// Forty peers that come again as soon as they are answered, and one that comes now and then.
class ManyGreedyPeers : public testing::Test {
 protected:
  static constexpr std::uint64_t kRare = 1000;
  ManyGreedyPeers() {
    for (int round = 0; round < 10; ++round) {
      come_again();
      while (queue_.take(kAny, kNow)) continue;
    }
    come_again();
  }
  void come_again() {
    for (std::uint64_t id = 0; id < 40; ++id) queue_.push(peer(id), static_cast<int>(id));
  }
  FairQueue<int> queue_;
};

TEST_F(ManyGreedyPeers, StandBehindOneThatComesRarely) {
  queue_.push(peer(kRare), 7);
  EXPECT_EQ(queue_.take(kAny, kNow), 7);
}

TEST_F(ManyGreedyPeers, GiveUpAPlaceForOneThatComesRarely) {
  EXPECT_NE(queue_.take_newest_of_greediest(peer(kRare), false, kNow), std::nullopt);
  queue_.push(peer(kRare), 7);
  // But not the other way round, though the one has two and each of them one.
  queue_.push(peer(kRare), 8);
  EXPECT_EQ(queue_.take_newest_of_greediest(peer(3), false, kNow), std::nullopt);
}

TEST_F(ManyGreedyPeers, StandBehindAKeptPlaceThatHasMore) {
  for (int i = 0; i < 100; ++i) {
    queue_.push(peer(kRare), 7, true);
    EXPECT_EQ(queue_.take(kAny, kNow), 7) << i;
  }
}

constexpr PeerShare in_site(std::uint64_t site, std::uint64_t subnet) {
  return {.kind = PeerShare::Kind::ipv6, .id = site << 16U | subnet};
}

TEST(FairQueue, ComparesIpv6SitesBeforeTheirSubnets) {
  FairQueue<int> queue;
  const auto come = [&](std::uint64_t from) {
    for (std::uint64_t subnet = from; subnet < from + 40; ++subnet) {
      queue.push(in_site(1, subnet), 1);
    }
  };
  come(0);
  queue.push(in_site(2, 0), 2);
  EXPECT_EQ(queue.take(kAny, kNow), 1);
  EXPECT_EQ(queue.take(kAny, kNow), 2);
  while (queue.take(kAny, kNow)) continue;
  come(100);  // no subnet of these had anything yet
  queue.push(in_site(2, 0), 2);
  EXPECT_EQ(queue.take(kAny, kNow), 2);
  EXPECT_EQ(queue.take_newest_of_greediest(in_site(1, 7), false, kNow), std::nullopt);
  EXPECT_EQ(queue.take_newest_of_greediest(in_site(2, 0), false, kNow), 1);
}

TEST(RecentUse, HalvesWithTimeAndForgetsWhoHadLeast) {
  RecentUse use;
  for (int i = 0; i < 8; ++i) use.add(peer(1), kNow);
  EXPECT_DOUBLE_EQ(use.of(peer(1), kNow), 8);
  EXPECT_DOUBLE_EQ(use.of(peer(1), kNow + 2 * RecentUse::kHalfLife), 2);
  for (std::uint64_t id = 2; id < 2 * RecentUse::kMost; ++id) use.add(peer(id), kNow);
  EXPECT_DOUBLE_EQ(use.of(peer(1), kNow), 8);
}

TEST(KnownPeers, AreForgottenAfterAWhileAndTheOldestFirst) {
  KnownPeers known;
  const KnownPeers::Time start{};
  for (std::uint64_t id = 0; id <= KnownPeers::kMost; ++id) {
    known.add(peer(id), start + milliseconds(id));
  }
  EXPECT_FALSE(known.has(peer(0), start));
  EXPECT_TRUE(known.has(peer(1), start));
  EXPECT_FALSE(known.has(peer(1), start + milliseconds(2) + KnownPeers::kKnownFor));
}

class GiveWay : public testing::Test {
 protected:
  Connection& add(const PeerShare& who, Phase phase = Phase::asking, bool kept = false) {
    const std::uint64_t id = all_.size();
    all_.push_back(std::make_unique<Connection>(id, UniqueFd(), meter_));
    Connection& added = *all_.back();
    added.place.share = who;
    added.kept = kept;
    added.phase = phase;
    added.phase_began = WebTime() + milliseconds(id);
    return added;
  }
  Connection* first() const {
    std::vector<Connection*> pointers;
    for (const auto& one : all_) pointers.push_back(one.get());
    const auto giving = first_to_give_way(pointers, 1);
    return giving.empty() ? nullptr : giving.front();
  }

  BufferMeter meter_;
  std::vector<std::unique_ptr<Connection>> all_;
};

TEST_F(GiveWay, NobodyWhereNobodyIs) {
  EXPECT_EQ(first(), nullptr);
}

TEST_F(GiveWay, ThePeerWithTheMost) {
  add(peer(1));
  const Connection& oldest = add(peer(2), Phase::idle);
  add(peer(2));
  EXPECT_EQ(first(), &oldest);
}

TEST_F(GiveWay, ASiteOfManyIpv6SubnetsBeforeAPeerWithMoreThanEachOfThem) {
  const Connection& oldest = add(in_site(1, 0));
  for (std::uint64_t subnet = 1; subnet < 5; ++subnet) add(in_site(1, subnet));
  for (int i = 0; i < 3; ++i) add(in_site(2, 0));
  EXPECT_EQ(first(), &oldest);
}

TEST_F(GiveWay, AReaderAfterWhoWaitsForItsClient) {
  add(peer(1), Phase::flushing);
  const Connection& idle = add(peer(1), Phase::idle);
  add(peer(1), Phase::asking);
  EXPECT_EQ(first(), &idle);
  const Connection& closing = add(peer(1), Phase::lingering);
  EXPECT_EQ(first(), &closing);
}

TEST_F(GiveWay, NotAKeptPlaceOfAFewConnections) {
  for (int i = 0; i < 2; ++i) add(peer(1), Phase::idle, true);
  const Connection& stranger = add(peer(2));
  add(peer(3));
  EXPECT_EQ(first(), &stranger);
}

TEST_F(GiveWay, AKeptPlaceOfManyConnectionsToo) {
  const Connection& oldest = add(peer(1), Phase::asking, true);
  for (std::size_t i = 0; i < kKeptConnections; ++i) add(peer(1), Phase::asking, true);
  add(peer(2));
  EXPECT_EQ(first(), &oldest);
}

TEST_F(GiveWay, AnybodyWhereAllPlacesAreKept) {
  const Connection& oldest = add(peer(1), Phase::asking, true);
  add(peer(1), Phase::asking, true);
  add(peer(2), Phase::asking, true);
  add(peer(3));
  EXPECT_EQ(first(), &oldest);
}

TEST_F(GiveWay, ManyAtATimeButNoneThatTheNextPeerHasAsManyOf) {
  for (int i = 0; i < 10; ++i) add(peer(1));
  for (int i = 0; i < 7; ++i) add(peer(2));
  std::vector<Connection*> pointers;
  for (const auto& one : all_) pointers.push_back(one.get());
  const auto giving = first_to_give_way(pointers, 16);
  ASSERT_EQ(giving.size(), 3U);
  EXPECT_EQ(giving.back(), pointers[2]);
}

std::vector<std::unique_ptr<Client>> clients_of(std::uint32_t from, std::uint16_t port, int count,
                                                std::string_view bytes) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<Client>(port, 0, from));
    clients.back()->send(bytes);
  }
  return clients;
}

TEST(Fairness, APeerThatConnectsWithoutEndTakesNobodyElsesPlace) {
  ServerOptions options;
  options.max_connections = 16;
  options.head_timeout = milliseconds(60'000);
  const Serving serving(options);
  Client idle(serving.port, 0, kScraper);
  idle.send(get("/metrics"));
  ASSERT_TRUE(idle.receive());
  const Client silent(serving.port, 0, kScraper);  // the one that has not asked yet
  const auto flood = clients_of(kFlooder, serving.port, 200, "");
  while (serving.server->stats().accepted < 202) std::this_thread::yield();
  idle.send(get("/metrics"));
  EXPECT_TRUE(idle.receive());
  EXPECT_EQ(fetch_from(kScraper, serving.port, "/metrics")->status, 200);
  EXPECT_GE(serving.server->stats().evicted, 186U);
}

TEST(Fairness, APeerWithAllRequestsInWorkGivesOneUpForAnother) {
  ServerOptions options;
  options.max_requests = 6;
  Serving serving(options);
  const auto flood = clients_of(kFlooder, serving.port, 6, get("/slow"));
  while (serving.server->stats().in_flight < 6) std::this_thread::yield();
  // The worker that the flooder may not have answers it while the others wait.
  EXPECT_EQ(fetch_from(kScraper, serving.port, "/metrics")->status, 200);
  EXPECT_EQ(serving.server->stats().overloaded, 1U);
  serving.turnstile.open();
  int answered = 0;
  for (const auto& client : flood) answered += client->receive()->status == 200 ? 1 : 0;
  EXPECT_EQ(answered, 5);
}

TEST(Fairness, WhatIsMadeWholeIsMadeForOneAtATimeAndOthersGoOn) {
  Serving serving;
  Client first(serving.port);
  first.send(get("/whole"));
  serving.turnstile.await_waiting(1);
  Client second(serving.port, 0, kFlooder);
  second.send(get("/whole?again"));
  while (serving.server->stats().in_flight < 2) std::this_thread::yield();
  EXPECT_EQ(fetch_from(kScraper, serving.port, "/metrics")->status, 200);
  EXPECT_EQ(serving.together, 1);
  serving.turnstile.open();
  EXPECT_EQ(first.receive()->body, "1 at once\n");
  EXPECT_EQ(second.receive()->body, "1 at once\n");
}

TEST(Fairness, EqualRequestsThatWaitTogetherGetOneAnswer) {
  Serving serving;
  Client first(serving.port);
  first.send(get("/together"));
  serving.turnstile.await_waiting(1);
  auto others = clients_of(kFlooder, serving.port, 5, get("/together", "Connection: close\r\n"));
  others.push_back(std::make_unique<Client>(serving.port, 0, kScraper));
  others.back()->send("GET /together HTTP/1.0\r\nHost: localhost\r\n\r\n");
  while (serving.server->stats().in_flight < 7) std::this_thread::yield();
  // The loop counts a request before it queues it; once it has read another, all of them wait.
  EXPECT_EQ(fetch_from(kScraper, serving.port, "/healthz")->status, 200);
  serving.turnstile.open();
  EXPECT_EQ(first.receive()->body, "answer 1\n");
  for (const auto& client : others) {
    const auto answer = client->receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "answer 2\n");
  }
  EXPECT_EQ(serving.together, 2);
  EXPECT_EQ(serving.server->stats().in_flight, 0U);
}

TEST(Fairness, WhoSharesAnAnswerTakesNoPlaceOfOthers) {
  ServerOptions options;
  options.max_requests = 6;
  Serving serving(options);
  Client first(serving.port, 0, kFlooder);
  first.send(get("/together"));
  serving.turnstile.await_waiting(1);
  const auto flood = clients_of(kFlooder, serving.port, 5, get("/together"));
  while (serving.server->stats().in_flight < 6) std::this_thread::yield();
  serving.turnstile.open();  // the next answer is for all five
  for (const auto& client : flood) EXPECT_EQ(client->receive()->status, 200);
  EXPECT_TRUE(first.receive());
  EXPECT_EQ(fetch_from(kScraper, serving.port, "/metrics")->status, 200);
  EXPECT_EQ(serving.server->stats().overloaded, 0U);
  EXPECT_EQ(serving.server->stats().in_flight, 0U);
}

TEST(Fairness, OtherQueriesAndFormsGetTheirOwn) {
  Serving serving;
  std::vector<std::unique_ptr<Client>> clients;
  for (const auto& request :
       {get("/together"), get("/together?a=1"), get("/together", "Accept: text/html\r\n")}) {
    clients.push_back(std::make_unique<Client>(serving.port));
    clients.back()->send(request);
  }
  serving.turnstile.await_waiting(3);
  serving.turnstile.open();
  for (const auto& client : clients) EXPECT_TRUE(client->receive());
  EXPECT_EQ(serving.together, 3);
}

TEST(Fairness, OneUserOfThisMachineIsOnePeerAtAllItsAddresses) {
  ServerOptions options;
  options.max_connections = 24;
  options.head_timeout = milliseconds(60'000);
  options.find_local_peer =
      [](const sockaddr_storage& who,
         const sockaddr_storage& /*own*/) -> Result<std::optional<LocalPeer>> {
    const bool scraper = address_text(who).starts_with("127.0.0.3:");
    return LocalPeer{.uid = scraper ? 1000U : 2000U, .cgroup = 1};
  };
  const Serving serving(options);
  // By address the scraper has the most.
  const auto scraper = clients_of(kScraper, serving.port, 9, "");
  std::vector<std::vector<std::unique_ptr<Client>>> flood;
  for (const std::uint32_t from : {kFlooder, 0x7f000004U, 0x7f000005U, 0x7f000006U}) {
    flood.push_back(clients_of(from, serving.port, 5, ""));
  }
  while (serving.server->stats().evicted < 5) std::this_thread::yield();
  for (const auto& client : scraper) {
    client->send(get("/metrics"));
    EXPECT_TRUE(client->receive());
  }
}

}  // namespace
}  // namespace hostnet
