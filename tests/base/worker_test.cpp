#include "netlink/base/worker.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <future>
#include <latch>
#include <string>
#include <thread>
#include <vector>

namespace hostnet {
namespace {

using namespace std::chrono_literals;

// A task that stays until it is let go, as one that hangs.
struct Hanging {
  std::promise<void> entered, release, left;

  std::function<void()> task() {
    return [this] {
      entered.set_value();
      release.get_future().wait();
      left.set_value();
    };
  }
};

TEST(Worker, DoesItsTasksInOrderOnOneThreadOfItsName) {
  Worker worker("a name of more than 15 characters");
  std::vector<int> done;
  std::vector<std::thread::id> threads;
  std::string name(16, '\0');
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(worker.give([&, i] {
      done.push_back(i);
      threads.push_back(std::this_thread::get_id());
      pthread_getname_np(pthread_self(), name.data(), name.size());
    }));
  }
  worker.wait();
  EXPECT_EQ(done, (std::vector{0, 1, 2}));
  EXPECT_EQ(threads, std::vector(3, threads.front()));
  EXPECT_NE(threads.front(), std::this_thread::get_id());
  EXPECT_STREQ(name.c_str(), "a name of more ");
}

TEST(Worker, OneWithoutTasksHasNothingToWaitFor) {
  EXPECT_TRUE(Worker("idle").wait_for(1h));
  Worker("idle").wait();
  Worker started("idle");
  ASSERT_TRUE(started.start());
  EXPECT_TRUE(started.wait_for(1h));
}

TEST(Worker, AbandonsATaskThatHangsAndTheOnesThatHaveNotBegun) {
  Hanging hanging;
  bool begun = false;
  Worker worker("worker");
  ASSERT_TRUE(worker.give(hanging.task()));
  ASSERT_TRUE(worker.give([&] { begun = true; }));
  hanging.entered.get_future().wait();
  EXPECT_FALSE(worker.wait_for(1ms));
  worker.abandon();
  EXPECT_TRUE(worker.wait_for(1h));
  hanging.release.set_value();
  hanging.left.get_future().wait();
  EXPECT_FALSE(begun);
}

TEST(Worker, HasAnotherThreadAfterThat) {
  Hanging hanging;
  Worker worker("worker");
  ASSERT_TRUE(worker.give(hanging.task()));
  hanging.entered.get_future().wait();
  worker.abandon();
  std::promise<void> done;
  ASSERT_TRUE(worker.give([&] { done.set_value(); }));
  done.get_future().wait();  // while the first one hangs
  hanging.release.set_value();
  hanging.left.get_future().wait();
}

TEST(Worker, ItsEndDoesNotWaitForATaskThatHangs) {
  Hanging hanging;
  {
    Worker worker("worker");
    ASSERT_TRUE(worker.give(hanging.task()));
    hanging.entered.get_future().wait();
  }
  hanging.release.set_value();
  hanging.left.get_future().wait();
}

// What a task holds may have the worker itself in it.
TEST(Worker, ATaskIsDestroyedBeforeItIsDoneAndMayHoldTheLastOfItsOwner) {
  struct Owner {
    Worker worker{"owner"};
    std::promise<void> gone;
    ~Owner() { gone.set_value(); }
  };
  auto owner = std::make_shared<Owner>();
  auto gone = owner->gone.get_future();
  std::promise<void> given;
  ASSERT_TRUE(owner->worker.give([owner, &given] { given.get_future().wait(); }));
  owner.reset();
  given.set_value();
  gone.wait();
}

TEST(Worker, ASystemWithoutAThreadToGiveIsAnError) {
  pthread_attr_t ordinary;
  pthread_attr_t huge;
  ASSERT_EQ(pthread_getattr_default_np(&ordinary), 0);
  ASSERT_EQ(pthread_getattr_default_np(&huge), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&huge, std::size_t{1} << 47U), 0);
  ASSERT_EQ(pthread_setattr_default_np(&huge), 0);
  Worker worker("worker");
  const auto given = worker.give([] {});
  ASSERT_EQ(pthread_setattr_default_np(&ordinary), 0);
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().reason, Reason::exhausted);
  EXPECT_TRUE(given.error().message.starts_with("starting the thread worker: "));
  EXPECT_TRUE(worker.give([] {}));  // there is one again
  EXPECT_TRUE(worker.wait_for(1h));
}

}  // namespace
}  // namespace hostnet
