#include "agent/watch/watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "agent/config/policy.h"
#include "netlink/base/latest.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using namespace std::chrono_literals;

// Collects what a watch hands out; waits with a bound, never by time.
class Heard {
 public:
  void report(std::shared_ptr<const Report> report) {
    const std::scoped_lock lock(mutex_);
    reports_.push_back(std::move(report));
    changed_.notify_all();
  }
  void events(std::span<const FindingEvent> events) {
    const std::scoped_lock lock(mutex_);
    events_.insert(events_.end(), events.begin(), events.end());
    changed_.notify_all();
  }
  bool wait_for_reports(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 120s, [&] { return reports_.size() >= count; });
  }
  bool wait_for_events(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 120s, [&] { return events_.size() >= count; });
  }
  std::vector<FindingEvent> all_events() {
    const std::scoped_lock lock(mutex_);
    return events_;
  }
  std::size_t count() {
    const std::scoped_lock lock(mutex_);
    return reports_.size();
  }
  std::shared_ptr<const Report> last() {
    const std::scoped_lock lock(mutex_);
    return reports_.back();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<const Report>> reports_;
  std::vector<FindingEvent> events_;
};

std::shared_ptr<const PodSnapshot> pods_declaring(std::uint16_t port,
                                                  Protocol protocol = Protocol::tcp) {
  Pod pod;
  pod.namespace_ = "default";
  pod.name = "web";
  pod.uid = "aaaaaaaa-1111-4222-8333-aaaaaaaaaaaa";
  pod.host_network = true;
  pod.dns_policy = "ClusterFirstWithHostNet";
  pod.phase = "Running";
  Container container;
  container.name = "main";
  container.ports.push_back(
      {.name = "", .protocol = protocol, .container_port = port, .host_port = 0, .host_ip = ""});
  pod.containers.push_back(std::move(container));
  auto snapshot = std::make_shared<PodSnapshot>();
  snapshot->source = "manifests";
  snapshot->synced = true;
  snapshot->pods.push_back(std::move(pod));
  return snapshot;
}

NodeBuilder node_with_nginx() {
  NodeBuilder builder;
  builder
      .process({.pid = 812,
                .comm = "nginx",
                .exe = "/usr/sbin/nginx",
                .cgroup = "/system.slice/nginx.service"})
      .listens(812, Protocol::tcp, "0.0.0.0", 8080);
  return builder;
}

// Of `pods`, with the default policy; only wake() makes it scan again.
WatchSettings reporting_to(Heard& heard, const Latest<PodSnapshot>& pods) {
  WatchSettings settings;
  settings.interval = 1h;
  settings.pods = [&pods] { return pods.get(); };
  settings.policy = [policy = std::make_shared<const Policy>(default_policy())] { return policy; };
  settings.on_report = [&heard](std::shared_ptr<const Report> report, const TickStats&) {
    heard.report(std::move(report));
  };
  return settings;
}

auto started(Node node, WatchSettings settings) {
  return Watch::start(read_node_context(std::make_shared<const Node>(std::move(node)), "n1"),
                      std::move(settings));
}

TEST(Watch, ScansAtOnceWhenWokenAndTellsWhatCameAndWent) {
  Heard heard;
  Latest<PodSnapshot> pods(pods_declaring(7070));
  WatchSettings settings = reporting_to(heard, pods);
  settings.on_events = [&](std::span<const FindingEvent> events) { heard.events(events); };
  auto watch = started(node_with_nginx().build(), std::move(settings));
  ASSERT_TRUE(watch);
  ASSERT_TRUE(heard.wait_for_reports(1));
  EXPECT_TRUE(heard.last()->findings.empty());

  pods.set(pods_declaring(8080));
  (*watch)->wake();
  ASSERT_TRUE(heard.wait_for_events(1));
  const auto opened = heard.all_events();
  EXPECT_TRUE(opened[0].opened);
  EXPECT_EQ(opened[0].finding.verdict, Verdict::unmanaged_process);
  EXPECT_EQ(opened[0].finding.held_by.front().name, "nginx.service");
  EXPECT_TRUE(opened[0].finding.since);

  pods.set(pods_declaring(7070));
  (*watch)->wake();
  ASSERT_TRUE(heard.wait_for_events(2));
  EXPECT_FALSE(heard.all_events()[1].opened);
}

TEST(Watch, FindsAConnectionOnAPortThatItsPodDoesNotListenOn) {
  NodeBuilder builder;
  builder.process({.pid = 812, .comm = "etcd", .exe = "/usr/bin/etcd", .cgroup = "/etcd.service"});
  Socket client = server_socket(Protocol::tcp, "10.0.0.5", 40123);
  client.state = SocketState::established;
  client.peer = *parse_ip("10.0.0.9");
  client.peer_port = 2379;
  client.inode = 4000;
  builder.holds(812, client).options(4000, BindOptions{});
  const Latest<PodSnapshot> pods(pods_declaring(40123));
  Heard heard;
  auto watch = started(builder.build(), reporting_to(heard, pods));
  ASSERT_TRUE(watch);
  ASSERT_TRUE(heard.wait_for_reports(1)) << "in the first tick already";
  const auto report = heard.last();
  const auto found =
      std::ranges::find(report->findings, Verdict::ephemeral_connection, &Finding::verdict);
  ASSERT_NE(found, report->findings.end());
  EXPECT_EQ(found->held_by.front().name, "etcd.service");
  EXPECT_EQ(found->held_by.front().socket.peer_port, 2379);
  EXPECT_EQ(found->held_by.front().sharing.reuse_address, false);
}

TEST(Watch, TellsWhatItKnowsBeforeItSearchedTheProcesses) {
  const Latest<PodSnapshot> pods(pods_declaring(8080));
  Heard first_sight;
  Heard heard;
  WatchSettings settings = reporting_to(heard, pods);
  settings.on_first_sight = [&](std::shared_ptr<const Report> report) {
    first_sight.report(std::move(report));
  };
  settings.on_report = [&](std::shared_ptr<const Report> report, const TickStats&) {
    EXPECT_TRUE(first_sight.last());
    heard.report(std::move(report));
  };
  auto watch = started(node_with_nginx().build(), std::move(settings));
  ASSERT_TRUE(watch);
  ASSERT_TRUE(heard.wait_for_reports(1));
  const auto known = first_sight.last();
  EXPECT_FALSE(known->complete);
  EXPECT_TRUE(known->findings.empty());
  ASSERT_EQ(known->table->holders.size(), 1U);
  EXPECT_EQ(known->table->holders[0].name, "nginx.service") << "its cgroup tells";
  EXPECT_TRUE(known->table->holders[0].owner.processes.empty());
  const auto report = heard.last();
  EXPECT_TRUE(report->complete);
  EXPECT_EQ(report->findings.size(), 1U);
  ASSERT_EQ(report->table->holders[0].owner.processes.size(), 1U);
  EXPECT_EQ(report->table->holders[0].owner.processes[0].pid, 812);
}

TEST(Watch, ScansAQuietNodeRarelyWhileBindEventsArrive) {
  const std::string controllers = "sys/fs/cgroup/cgroup.controllers";  // cgroup v2 alone
  Latest<PodSnapshot> pods(std::make_shared<const PodSnapshot>());
  std::atomic arrive{true};
  Heard heard;
  WatchSettings settings = reporting_to(heard, pods);
  settings.interval = 1ms;
  settings.quiet_interval = 1h;
  settings.hears_binds = [&] { return arrive.load(); };
  auto watch = started(node_with_nginx().file(controllers, "cpu\n").build(), std::move(settings));
  ASSERT_TRUE(watch);
  ASSERT_TRUE(heard.wait_for_reports(1));
  std::this_thread::sleep_for(100ms);  // a hundred intervals
  EXPECT_EQ(heard.count(), 1U);

  const auto scans_on = [&] {
    (*watch)->wake();
    return heard.wait_for_reports(heard.count() + 10);
  };
  pods.set(pods_declaring(8080));
  EXPECT_TRUE(scans_on()) << "while a conflict is open";
  pods.set(pods_declaring(7070, Protocol::udp));
  EXPECT_TRUE(scans_on()) << "no event reports the end of a UDP socket";
  pods.set(std::make_shared<const PodSnapshot>());
  arrive = false;
  EXPECT_TRUE(scans_on()) << "without events";
}

TEST(Watch, StopsWithoutWaitingForTheNextTick) {
  const Latest<PodSnapshot> pods(pods_declaring(8080));
  Heard heard;
  auto watch = started(node_with_nginx().build(), reporting_to(heard, pods));
  ASSERT_TRUE(watch);
  ASSERT_TRUE(heard.wait_for_reports(1));
  (*watch)->stop();
}

}  // namespace
}  // namespace hostnet
