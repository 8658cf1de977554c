#include "agent/reserve/port_reserver.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "agent/ports/port_ranges.h"
#include "tests/support/node_builder.h"
#include "tests/support/temporary_directory.h"

namespace hostnet {
namespace {

using namespace std::chrono_literals;

// The sysctl of a machine that outlives its agents.
struct Machine {
  std::string list = "8080";
  int refuses = 0;  // errno
  bool dies_before_writing = false;
  int reads = 0, writes = 0;
};
struct Killed {};

class MachinesList final : public ReservedPortsFile {
 public:
  explicit MachinesList(Machine& machine) : machine_(machine) {}
  Result<std::string> read() const override {
    ++machine_.reads;
    return machine_.list + "\n";
  }
  Result<> try_open() const override {
    if (machine_.refuses != 0) return system_failure(machine_.refuses, "writing the list");
    return {};
  }
  Result<> write(std::string_view list) const override {
    if (machine_.dies_before_writing) throw Killed{};
    if (machine_.refuses != 0) return system_failure(machine_.refuses, "writing the list");
    ++machine_.writes;
    machine_.list = list;
    return {};
  }

 private:
  Machine& machine_;
};

class PortReserverTest : public ::testing::Test {
 protected:
  PortReserverTest()
      : node_(std::make_shared<const Node>(
            NodeBuilder().sysctl("kernel.random.boot_id", "5f0c-11").build())) {
    pods({});
  }

  std::unique_ptr<PortReserver> agent() {
    return std::make_unique<PortReserver>(
        node_, std::make_unique<MachinesList>(machine_),
        ReserverSettings{.state_folder = folder_.path().string(), .release_after = 60s});
  }
  void pods(const std::vector<std::uint16_t>& declared, bool stale = false) {
    report_.declared.clear();
    for (const std::uint16_t port : declared) {
      report_.declared.emplace_back();
      report_.declared.back().port = port;
    }
    PodSnapshot snapshot;
    snapshot.synced = true;
    snapshot.stale = stale;
    report_.pods = std::make_shared<const PodSnapshot>(std::move(snapshot));
  }
  // A scan of the machine, and what the agent makes of it.
  Reservations scan(PortReserver& agent) {
    PortSnapshot table;
    table.ranges.reserved = parse_port_list(machine_.list).value();
    report_.table = std::make_shared<const PortSnapshot>(std::move(table));
    return agent.see(report_, SteadyTime{now_});
  }

  Machine machine_;
  TemporaryDirectory folder_;
  std::shared_ptr<const Node> node_;
  Report report_;
  std::chrono::seconds now_{1000};
};

TEST_F(PortReserverTest, AddsDeclaredPortsOfTheEphemeralRangeAndNoOther) {
  const auto reserver = agent();
  pods({80, 40000, 61000, 60999});
  const Reservations done = scan(*reserver);
  EXPECT_FALSE(done.problem);
  EXPECT_EQ(machine_.list, "8080,40000,60999");
  EXPECT_EQ(done.added.count(), 2U);
}

TEST_F(PortReserverTest, ReleasesAPortOnlyWhenItsPodHasBeenGoneForAWhile) {
  const auto reserver = agent();
  pods({40000});
  scan(*reserver);
  pods({});
  scan(*reserver);
  now_ += 59s;
  scan(*reserver);
  EXPECT_EQ(machine_.list, "8080,40000");
  now_ += 1s;
  EXPECT_TRUE(scan(*reserver).released.test(40000));
  EXPECT_EQ(machine_.list, "8080");
}

TEST_F(PortReserverTest, APodThatComesBackInTimeKeepsItsPort) {
  const auto reserver = agent();
  pods({40000});
  scan(*reserver);
  pods({});
  scan(*reserver);
  now_ += 59s;
  pods({40000});
  scan(*reserver);
  pods({});
  scan(*reserver);
  now_ += 59s;
  scan(*reserver);
  EXPECT_EQ(machine_.list, "8080,40000");
}

TEST_F(PortReserverTest, StalePodsReleaseNothing) {
  const auto reserver = agent();
  pods({40000});
  scan(*reserver);
  pods({}, true);
  scan(*reserver);
  now_ += 1h;
  scan(*reserver);
  EXPECT_EQ(machine_.list, "8080,40000");
}

TEST_F(PortReserverTest, TheNextRunKnowsWhatThisOneAdded) {
  pods({40000});
  scan(*agent());  // and it is killed
  const auto next = agent();
  pods({});
  scan(*next);
  now_ += 60s;
  scan(*next);
  EXPECT_EQ(machine_.list, "8080");
}

TEST_F(PortReserverTest, AnAgentThatIsKilledBeforeItWritesForgetsNothing) {
  pods({40000});
  scan(*agent());
  {
    const auto killed = agent();
    machine_.dies_before_writing = true;
    pods({40000, 40001});
    EXPECT_THROW(scan(*killed), Killed);
    machine_.dies_before_writing = false;
  }
  const auto next = agent();
  EXPECT_FALSE(next->restore().problem);
  EXPECT_EQ(machine_.list, "8080");
}

TEST_F(PortReserverTest, WhatAnAdministratorWritesAfterwardsIsTheirs) {
  const auto reserver = agent();
  pods({40000});
  scan(*reserver);
  machine_.list = "8080,40000,50000";
  EXPECT_TRUE(scan(*reserver).taken_over.test(40000));
  pods({});
  scan(*reserver);
  now_ += 1h;
  scan(*reserver);
  EXPECT_FALSE(reserver->restore().problem);
  EXPECT_EQ(machine_.list, "8080,40000,50000");
}

TEST_F(PortReserverTest, AWantedPortThatSomebodyTakesOutComesBack) {
  const auto reserver = agent();
  pods({40000});
  scan(*reserver);
  machine_.list = "";
  EXPECT_TRUE(scan(*reserver).added.test(40000));
  EXPECT_EQ(machine_.list, "40000");
}

TEST_F(PortReserverTest, RestoringTakesOutWhatItAddedAndNothingElse) {
  const auto reserver = agent();
  machine_.list = "8080,40001";
  pods({40000, 40001});
  scan(*reserver);
  EXPECT_EQ(machine_.list, "8080,40000-40001");
  EXPECT_TRUE(reserver->restore().released.test(40000));
  EXPECT_EQ(machine_.list, "8080,40001");
}

TEST_F(PortReserverTest, TouchesNothingWhileNothingChanges) {
  const auto reserver = agent();
  pods({40000});
  scan(*reserver);
  scan(*reserver);  // sees its own write
  const int reads = machine_.reads;
  for (int i = 0; i < 100; ++i) {
    now_ += 1s;
    scan(*reserver);
  }
  EXPECT_EQ(machine_.reads, reads);
  EXPECT_EQ(machine_.writes, 1);
}

TEST_F(PortReserverTest, AListThatMayNotBeWrittenIsAProblemUntilItMay) {
  const auto reserver = agent();
  machine_.refuses = EROFS;
  pods({40000});
  for (int i = 0; i < 3; ++i) {
    const auto problem = scan(*reserver).problem;
    ASSERT_TRUE(problem);
    EXPECT_EQ(problem->code, "ports_not_reserved");
    EXPECT_NE(problem->message.find("Read-only file system"), std::string::npos);
    EXPECT_NE(problem->remedy.find("deploy/overlays/reserve-ports"), std::string::npos);
  }
  machine_.refuses = 0;
  now_ += 10s;
  EXPECT_FALSE(scan(*reserver).problem);
  EXPECT_EQ(machine_.list, "8080,40000");
}

TEST_F(PortReserverTest, ASecondAgentLeavesItToTheFirst) {
  const auto first = agent();
  pods({40000});
  scan(*first);
  const auto second = agent();
  pods({40000, 40001});
  const auto problem = scan(*second).problem;
  ASSERT_TRUE(problem);
  EXPECT_NE(problem->message.find("another hostnet-agent"), std::string::npos);
  EXPECT_EQ(machine_.list, "8080,40000");
}

TEST_F(PortReserverTest, AStateThatCannotBeReadLeavesEverythingInTheList) {
  machine_.list = "8080,40000";
  folder_.write("reserved-ports", "rubbish");
  const auto reserver = agent();
  pods({});
  EXPECT_TRUE(scan(*reserver).forgotten);
  now_ += 1h;
  scan(*reserver);
  EXPECT_EQ(machine_.list, "8080,40000");
}

TEST_F(PortReserverTest, AnotherNetworkNamespaceThanTheHostsIsLeftAlone) {
  const auto reserver = agent();
  report_.host_network_namespace = false;
  pods({40000});
  EXPECT_TRUE(scan(*reserver).problem);
  EXPECT_EQ(machine_.list, "8080");
}

}  // namespace
}  // namespace hostnet
