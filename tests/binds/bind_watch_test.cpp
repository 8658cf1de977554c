#include "agent/binds/bind_watch.h"

#include <gtest/gtest.h>

#include <condition_variable>

#include "agent/binds/refusal_log.h"
#include "tests/support/fake_bind_events.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using namespace std::chrono_literals;

const std::string kWebScope =
    "/kubepods.slice/kubepods-pod0b1d0f00_0000_4000_8000_000000000001.slice/cri-containerd-" +
    std::string(64, 'b') + ".scope";

class BindWatchTest : public ::testing::Test {
 protected:
  BindWatchTest() {
    builder_.process({.pid = 812,
                      .comm = "nginx",
                      .exe = "/usr/sbin/nginx",
                      .cgroup = "/system.slice/nginx.service"});
    builder_.listens(812, Protocol::tcp, "0.0.0.0", 8080);
  }

  void start() {
    Node node = builder_.build();
    node.bind_events = events_;
    watch_ = BindWatch::start(std::make_shared<const Node>(std::move(node)),
                              {.pods = [this] { return pods_; },
                               .node_components = [] { return std::vector<std::string>(); },
                               .on_refused =
                                   [this](const RefusedBind& refused) {
                                     change([&] { refused_.push_back(refused); });
                                   },
                               .on_news = [this] { change([this] { ++news_; }); },
                               .on_detached = [this] { change([this] { detached_ = true; }); }})
                 .value();
  }
  void change(const std::function<void()>& body) {
    const std::scoped_lock lock(mutex_);
    body();
    changed_.notify_all();
  }
  bool wait_until(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 120s, condition);
  }
  BindEvent event(BindEvent::Kind kind, std::uint16_t port) {
    BindEvent event{};
    event.kind = kind;
    event.port = port;
    event.binder.at = builder_.clock()->steady();
    event.binder.cgroup = builder_.cgroup(kWebScope);
    event.binder.process = event.binder.thread = 900;
    event.binder.comm = "web";
    return event;
  }
  std::vector<Refusal> refusals() {
    return *watch_->refusals(PodIndex(pods_), false, builder_.clock()->wall());
  }

  NodeBuilder builder_;
  std::shared_ptr<FakeBindEvents> events_ = std::make_shared<FakeBindEvents>();
  std::shared_ptr<PodSnapshot> pods_ = std::make_shared<PodSnapshot>();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<RefusedBind> refused_;
  int news_{};
  bool detached_{};
  std::unique_ptr<BindWatch> watch_;
};

TEST_F(BindWatchTest, ARefusalIsToldAndKeptUntilASuccess) {
  const auto refused = event(BindEvent::Kind::refused, 8080);
  const auto done = event(BindEvent::Kind::done, 8080);
  start();
  events_->happen(refused);
  ASSERT_TRUE(wait_until([this] { return news_ == 1; }));
  ASSERT_EQ(refusals().size(), 1U);
  EXPECT_EQ(refusals()[0].holders.front().name, "nginx.service");
  EXPECT_TRUE(events_->watched().contains({Protocol::tcp, 8080}));
  events_->happen(done);
  ASSERT_TRUE(wait_until([this] { return news_ == 2; }));
  EXPECT_TRUE(refusals().empty());
  EXPECT_TRUE(events_->watched().empty());
  EXPECT_TRUE(events_->forgotten().contains(900));
}

TEST_F(BindWatchTest, ABindOnAWatchedPortIsNewsTwiceForTheListenThatFollows) {
  const auto done = event(BindEvent::Kind::done, 9090);
  start();
  watch_->watch_ports({{Protocol::tcp, 9090}});
  EXPECT_TRUE(events_->watched().contains({Protocol::tcp, 9090}));
  events_->happen(done);
  ASSERT_TRUE(wait_until([this] { return news_ == 1; }));
  builder_.clock()->advance(10ms);
  EXPECT_TRUE(wait_until([this] { return news_ == 2; }));
  watch_->watch_ports({});
  EXPECT_TRUE(events_->watched().empty());
}

TEST_F(BindWatchTest, EqualRefusalsAreToldAsOne) {
  const auto first = event(BindEvent::Kind::refused, 8080);
  start();
  for (int i = 0; i < 50; ++i) events_->happen(first);
  ASSERT_TRUE(wait_until([this] {
    std::uint64_t times = 0;
    for (const RefusedBind& refused : refused_) times += refused.times;
    return times == 50;
  }));
  // They are told before they are kept.
  const auto end = std::chrono::steady_clock::now() + 120s;
  const auto count = [this] { return refusals().empty() ? 0 : refusals()[0].count; };
  while (count() < 50 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(count(), 50U);
  RefusedBinds log;
  for (const RefusedBind& refused : refused_) log = with_refusal(&log, refused);
  ASSERT_EQ(log.size(), 1U);
  EXPECT_EQ(log[0]->times, 50U);
}

TEST_F(BindWatchTest, DetachedProgramsAreTold) {
  events_->detached = true;
  start();
  EXPECT_TRUE(wait_until([this] { return detached_; }));
}

}  // namespace
}  // namespace hostnet
