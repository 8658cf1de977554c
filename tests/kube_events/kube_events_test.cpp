#include "agent/kube_events/kube_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "netlink/base/real_time.h"
#include "tests/kube_events/told_report.h"

namespace hostnet {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

// A server for KubeEvents: what it was asked, and what it does with it.
class Server {
 public:
  enum class Mood { answers, refuses, hangs };

  std::unique_ptr<KubeSender> connect() { return std::make_unique<Connection>(*this); }

  void be(Mood mood) {
    const std::scoped_lock lock(mutex_);
    mood_ = mood;
    changed_.notify_all();
  }
  // Waits until `wanted` requests came; they are said as "PATCH /path".
  std::vector<std::string> requests(std::size_t wanted) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 120s, [&] { return requests_.size() >= wanted; });
    return requests_;
  }

 private:
  class Connection final : public KubeSender {
   public:
    explicit Connection(Server& server) : server_(server) {}
    KubeAnswer send(const KubeRequest& request) override {
      std::unique_lock lock(server_.mutex_);
      server_.requests_.push_back(std::string(to_string(request.method)) + " " + request.path);
      server_.changed_.notify_all();
      server_.changed_.wait(lock, [&] { return stopped_ || server_.mood_ != Mood::hangs; });
      if (stopped_) return answer_of(0);
      if (server_.mood_ == Mood::refuses) return answer_of(403);
      return answer_of(request.method == KubeMethod::post ? 201 : 200,
                       R"({"status":{"conditions":[]}})");
    }
    void stop() override {
      const std::scoped_lock lock(server_.mutex_);
      stopped_ = true;
      server_.changed_.notify_all();
    }

   private:
    Server& server_;
    bool stopped_{};  // under the server's mutex
  };

  std::mutex mutex_;
  std::condition_variable changed_;
  Mood mood_{};
  std::vector<std::string> requests_;
};

std::shared_ptr<const Report> report_with(std::vector<Finding> findings) {
  return std::make_shared<const Report>(told_report(std::move(findings)));
}

KubeEventsSettings settings_for(Server& server) {
  KubeEventsSettings settings;
  settings.events = settings.node_condition = true;
  settings.node_name = "n1";
  settings.retry = 1ms;
  settings.client = [&server](KubeTiming) { return server.connect(); };
  settings.on_failure = [](std::string_view, Reason) {};
  settings.on_change = [](std::string_view, const std::string&) {};
  return settings;
}

constexpr const char* kAsk = "PATCH /api/v1/nodes/n1/status?dryRun=All";
constexpr const char* kWrite = "PATCH /api/v1/nodes/n1/status";
constexpr const char* kPost = "POST /api/v1/namespaces/default/events";

TEST(KubeEvents, TellsWhatIsFoundAndTakesTheConditionBackAtItsEnd) {
  Server server;
  {
    KubeEvents kube_events(settings_for(server));
    kube_events.see(report_with({told_finding()}));
    EXPECT_THAT(server.requests(3), testing::UnorderedElementsAre(kAsk, kPost, kWrite));
  }
  EXPECT_EQ(server.requests(4).back(), kWrite);
}

TEST(KubeEvents, OnlyWhatIsAskedForIsWritten) {
  Server events_only, condition_only;
  {
    KubeEventsSettings settings = settings_for(events_only);
    settings.node_condition = false;
    KubeEvents kube_events(std::move(settings));
    kube_events.see(report_with({told_finding()}));
    events_only.requests(1);
  }
  EXPECT_THAT(events_only.requests(1), ElementsAre(kPost));
  {
    KubeEventsSettings settings = settings_for(condition_only);
    settings.events = false;
    KubeEvents kube_events(std::move(settings));
    kube_events.see(report_with({}));
    condition_only.requests(2);
  }
  EXPECT_THAT(condition_only.requests(2), ElementsAre(kAsk, kWrite)) << "False is left";
}

TEST(KubeEvents, AHangingServerHoldsUpNeitherReportsNorTheEnd) {
  Server server;
  server.be(Server::Mood::hangs);
  {
    KubeEvents kube_events(settings_for(server));
    for (int i = 0; i < 1000; ++i) kube_events.see(report_with({told_finding()}));
    EXPECT_THAT(server.requests(1), ElementsAre(kAsk));
    kube_events.see(report_with({}));
  }
  EXPECT_THAT(server.requests(1), ElementsAre(kAsk)) << "nothing was written, nothing to take back";
}

TEST(KubeEvents, FailuresAreToldOnceAndCountedEachTime) {
  Server server;
  server.be(Server::Mood::refuses);
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> said;
  int failures = 0;
  KubeEventsSettings settings = settings_for(server);
  settings.events = false;
  settings.on_failure = [&](std::string_view what, Reason reason) {
    const std::scoped_lock lock(mutex);
    EXPECT_EQ(what, "node_condition");
    EXPECT_EQ(reason, Reason::denied);
    ++failures;
    changed.notify_all();
  };
  settings.on_change = [&](std::string_view, const std::string& problem) {
    const std::scoped_lock lock(mutex);
    said.push_back(problem);
    changed.notify_all();
  };
  KubeEvents kube_events(std::move(settings));
  kube_events.see(report_with({}));
  std::unique_lock lock(mutex);
  ASSERT_TRUE(changed.wait_for(lock, 120s, [&] { return failures >= 3; }));
  EXPECT_THAT(said, ElementsAre(HasSubstr("it needs nodes/status: patch")));
  lock.unlock();
  server.be(Server::Mood::answers);
  lock.lock();
  ASSERT_TRUE(changed.wait_for(lock, 120s, [&] { return said.size() == 2; }));
  EXPECT_EQ(said.back(), "");
}

}  // namespace
}  // namespace hostnet
