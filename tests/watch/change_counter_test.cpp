#include "agent/watch/change_counter.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>

#include "netlink/base/unique_fd.h"
#include "netlink/messages.h"
#include "tests/support/encode_netlink.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using namespace std::chrono_literals;

struct Events {
  std::mutex mutex;
  std::condition_variable drained;
  std::deque<std::vector<std::byte>> messages;
  std::size_t overruns{};
  bool broken{};
  UniqueFd descriptor{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

  void happen(std::vector<std::vector<std::byte>> now, std::size_t lost = 0) {
    const std::scoped_lock lock(mutex);
    for (auto& message : now) messages.push_back(std::move(message));
    overruns += lost;
    poke();
  }
  void break_down() {
    const std::scoped_lock lock(mutex);
    broken = true;
    poke();
  }
  void poke() {
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(descriptor.get(), &one, sizeof one), 8);
  }
};

class EventsOf final : public Subscription {
 public:
  explicit EventsOf(std::shared_ptr<Events> events) : events_(std::move(events)) {}
  int descriptor() const override { return events_->descriptor.get(); }
  Result<Batch> drain(const std::function<void(const NetlinkMessage&)>& on_message) override {
    const std::scoped_lock lock(events_->mutex);
    std::uint64_t count = 0;
    EXPECT_EQ(::read(events_->descriptor.get(), &count, sizeof count), 8);
    if (std::exchange(events_->broken, false)) return failure(Reason::internal, "it broke");
    Batch batch{.messages = events_->messages.size(),
                .overruns = std::exchange(events_->overruns, 0)};
    for (const auto& bytes : events_->messages) {
      EXPECT_TRUE(for_each_message(bytes, [&](const NetlinkMessage& message) -> Result<> {
        on_message(message);
        return {};
      }));
    }
    events_->messages.clear();
    return batch;
  }

 private:
  std::shared_ptr<Events> events_;
};

// Only subscribe() is asked.
class NetlinkWithEvents final : public Netlink {
 public:
  explicit NetlinkWithEvents(std::shared_ptr<Events> events) : events_(std::move(events)) {}
  Result<> dump(const NetlinkRequest&, const DumpSink&) override {
    return failure(Reason::unsupported, "no dumps");
  }
  Result<> sockets(const SocketQuery&, const SocketSink&) override {
    return failure(Reason::unsupported, "no sockets");
  }
  Result<std::unique_ptr<Subscription>> subscribe(int, std::span<const unsigned>) override {
    if (!events_) return failure(Reason::denied, "no events for you");
    return std::make_unique<EventsOf>(events_);
  }

 private:
  std::shared_ptr<Events> events_;
};

std::shared_ptr<const Node> node_with(std::shared_ptr<Events> events) {
  auto node = std::make_shared<Node>(NodeBuilder().build());
  node->netlink = std::make_shared<NetlinkWithEvents>(std::move(events));
  return node;
}

std::vector<std::byte> link_event() {
  return encode_link({.index = 3, .name = "eth0"});
}

// Until the counts are so, or 20 s; the thread gives no other sign.
template <class Condition>
bool comes_true(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + 120s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST(ChangeCounter, CountsEventsAndWhatWasLost) {
  const auto events = std::make_shared<Events>();
  std::atomic<std::size_t> lost{0};
  auto counter = ChangeCounter::start(
      node_with(events),
      {.neighbours = false, .on_overrun = [&](std::size_t times) { lost += times; }});
  ASSERT_TRUE(counter);
  EXPECT_EQ(*(*counter)->counts(), NetworkChangeCounts{});
  events->happen({link_event(), link_event()});
  events->happen({link_event()}, 2);
  EXPECT_TRUE(comes_true([&] { return (*counter)->counts()->came[0] == 3; }));
  EXPECT_TRUE(comes_true([&] { return lost == 2; }));
  EXPECT_EQ((*counter)->counts()->went, NetworkChangeCounts{}.went);
}

TEST(ChangeCounter, ListensAgainAfterItsSubscriptionBroke) {
  const auto events = std::make_shared<Events>();
  std::atomic<std::size_t> lost{0};
  auto counter = ChangeCounter::start(
      node_with(events),
      {.neighbours = true, .on_overrun = [&](std::size_t times) { lost += times; }});
  ASSERT_TRUE(counter);
  events->break_down();
  ASSERT_TRUE(comes_true([&] { return !(*counter)->counts(); }));
  EXPECT_EQ((*counter)->counts().error().message, "it broke");
  EXPECT_EQ(lost, 1U);
  events->happen({link_event()});
  EXPECT_TRUE(comes_true([&] {
    const auto counts = (*counter)->counts();
    return counts && counts->came[0] == 1;
  }));
}

TEST(ChangeCounter, SaysWhyItCannotCount) {
  auto counter = ChangeCounter::start(node_with(nullptr), {});
  ASSERT_TRUE(counter);
  ASSERT_FALSE((*counter)->counts());
  EXPECT_EQ((*counter)->counts().error().reason, Reason::denied);
}

TEST(ChangeCounter, OfARecordingCountsNothing) {
  auto counter = ChangeCounter::start(std::make_shared<const Node>(NodeBuilder().build()), {});
  ASSERT_TRUE(counter);
  EXPECT_EQ(*(*counter)->counts(), NetworkChangeCounts{});
}

}  // namespace
}  // namespace hostnet
