// What holds for every table, however strange.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "agent/findings/check.h"
#include "agent/findings/lifecycle.h"
#include "tests/findings/scene.h"

namespace hostnet {
namespace {

class RandomScene {
 public:
  explicit RandomScene(unsigned seed) : random_(seed) {}

  Scene make() {
    Scene scene;
    scene.table.coverage.every_owner = chance(80);
    scene.table.coverage.sctp = chance(50);
    if (chance(50)) scene.table.recent_listeners.emplace();
    if (chance(30)) scene.table.ranges.ephemeral = {1025, 65000};
    scene.pods.stale = chance(20);
    const int pods = below(8);
    for (int number = 0; number < pods; ++number) scene.add(pod(number));
    const int holders = below(40);
    for (int number = 0; number < holders; ++number) scene.hold(holder(number));
    return scene;
  }
  std::mt19937& engine() { return random_; }

 private:
  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  bool chance(int percent) { return below(100) < percent; }
  template <class T, std::size_t N>
  const T& one_of(const std::array<T, N>& items) {
    return items[static_cast<std::size_t>(below(static_cast<int>(N)))];
  }
  std::uint16_t port() {
    static constexpr std::array<std::uint16_t, 6> kPorts{53, 80, 8080, 30003, 41000, 65535};
    return one_of(kPorts);
  }
  std::string uid(int number) { return "uid-" + std::to_string(number); }

  Pod pod(int number) {
    static const std::array<std::string, 5> kHostIps{"", "0.0.0.0", "10.0.0.1", "::", "nonsense"};
    static const std::array<std::string, 4> kPhases{"", "Pending", "Running", "Failed"};
    static const std::array<std::string, 3> kWorkloads{"", "DaemonSet/a", "Deployment/b"};
    Pod made = chance(60) ? host_pod("pod-" + std::to_string(number), uid(number))
                          : cni_pod("pod-" + std::to_string(number), uid(number));
    if (chance(20)) made.uid.clear();
    of_workload(made, one_of(kWorkloads));
    made.phase = one_of(kPhases);
    if (made.phase == "Failed" && chance(70)) made.status_reason = "NodePorts";
    if (made.phase == "Failed") made.finished_at = kNow - std::chrono::minutes(below(20));
    if (chance(20)) made.deleted_at = kNow + std::chrono::seconds(below(200) - 100);
    if (chance(50)) ready_since(made, std::chrono::seconds(below(600)));
    const int ports = below(4);
    for (int count = 0; count < ports; ++count) {
      with_port(made, port(), static_cast<Protocol>(below(3)), one_of(kHostIps));
    }
    return made;
  }

  Holder holder(int number) {
    static constexpr std::array<std::string_view, 7> kAddresses{
        "0.0.0.0", "127.0.0.1", "10.0.0.1", "::", "::1", "fd00::1", "::ffff:10.0.0.1"};
    Owner owner;
    owner.kind = static_cast<HolderKind>(below(7));
    if (chance(80)) owner.processes = {{.pid = 1 + below(5), .comm = "p"}};
    if (owner.kind == HolderKind::pod) owner.pod_uid = chance(90) ? uid(below(10)) : "";
    if (chance(10)) owner.unit = "session-1.scope";
    Holder made = listener(one_of(kAddresses), port(), owner);
    made.socket.protocol = static_cast<Protocol>(below(3));
    made.socket.state = static_cast<SocketState>(1 + below(13));
    made.socket.interface = chance(10) ? 2 : 0;
    made.socket.cookie = static_cast<std::uint64_t>(number) + 1;
    if (chance(30)) made.socket.inode = 0;
    return made;
  }

  std::mt19937 random_;
};

using DeclarationKey =
    std::tuple<Protocol, std::uint16_t, std::string, std::string, std::string, std::string>;

DeclarationKey declaration_of(const Finding& finding) {
  const DeclaredPort& port = finding.declared_by.front();
  return {port.protocol, port.port, port.host_ip, port.pod, port.uid, port.container};
}

class EveryTable : public testing::TestWithParam<unsigned> {};

TEST_P(EveryTable, HasAtMostOneConflictPerDeclarationUniqueIdsAndWholeSentences) {
  for (unsigned round = 0; round < 100; ++round) {
    RandomScene random(GetParam() * 1000 + round);
    const Scene scene = random.make();
    std::set<std::string> ids;
    std::map<DeclarationKey, int> conflicts;
    for (const Finding& finding : scene.findings()) {
      EXPECT_TRUE(ids.insert(finding.id).second) << finding.explanation;
      EXPECT_TRUE(finding.explanation.ends_with(".")) << finding.explanation;
      EXPECT_FALSE(finding.remedy.empty());
      if (class_of(finding.verdict) == FindingClass::conflict) {
        ASSERT_FALSE(finding.declared_by.empty());
        EXPECT_EQ(++conflicts[declaration_of(finding)], 1) << finding.explanation;
      }
      for (const Holder& holder : finding.held_by) EXPECT_FALSE(holder.owner.self);
    }
  }
}

TEST_P(EveryTable, SaysTheSameInEveryOrder) {
  for (unsigned round = 0; round < 50; ++round) {
    RandomScene random(GetParam() * 1000 + round);
    Scene scene = random.make();
    const auto before = scene.findings();
    std::ranges::shuffle(scene.table.holders, random.engine());
    std::ranges::shuffle(scene.pods.pods, random.engine());
    EXPECT_EQ(before, scene.findings()) << "seed " << GetParam() << " round " << round;
  }
}

TEST_P(EveryTable, AnswersEveryCheckAndAgreesWithItself) {
  for (unsigned round = 0; round < 50; ++round) {
    RandomScene random(GetParam() * 1000 + round);
    const Scene scene = random.make();
    for (const auto protocol : {Protocol::tcp, Protocol::udp, Protocol::sctp}) {
      for (const char* address : {"::", "0.0.0.0", "10.0.0.1", "127.0.0.9", "192.0.2.1"}) {
        const CheckQuery query{.protocol = protocol, .port = 8080, .address = ip(address)};
        const auto answer = check_port(query, scene.table, scene.pods, scene.policy, kNow);
        EXPECT_EQ(answer.verdict == CheckVerdict::in_use ||
                      answer.verdict == CheckVerdict::no_such_address,
                  answer.bindable == false);
        if (answer.verdict == CheckVerdict::free) {
          EXPECT_TRUE(answer.holders.empty());
        }
        if (answer.verdict == CheckVerdict::in_use) {
          EXPECT_FALSE(answer.holders.empty());
        }
        EXPECT_TRUE(answer.explanation.ends_with("."));
      }
    }
  }
}

TEST_P(EveryTable, WhatTheLifecycleOpensItClosesOnce) {
  RandomScene random(GetParam());
  FindingLifecycle lifecycle;
  std::vector<Finding> last;
  std::set<std::string> open;
  SteadyTime steady{};
  for (unsigned round = 0; round < 100; ++round) {
    const Scene scene = random.make();
    steady += std::chrono::seconds(1);
    auto update =
        lifecycle.update(scene.findings(), last, steady, kNow, unread_of(scene.table, scene.pods));
    for (const FindingEvent& event : update.events) {
      if (event.opened) {
        EXPECT_TRUE(open.insert(event.finding.id).second);
      } else {
        EXPECT_EQ(open.erase(event.finding.id), 1U);
      }
    }
    EXPECT_EQ(open.size(), update.findings.size());
    EXPECT_TRUE(std::ranges::is_sorted(update.findings, finding_comes_before));
    last = std::move(update.findings);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, EveryTable, testing::Range(1U, 9U));

}  // namespace
}  // namespace hostnet
