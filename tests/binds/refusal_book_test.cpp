#include "agent/binds/refusal_book.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace hostnet {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kStart{std::chrono::milliseconds{1'795'550'400'000}};
const std::string kPod = "aaaaaaaa-1111-4222-8333-aaaaaaaaaaaa";
const std::string kOther = "bbbbbbbb-1111-4222-8333-bbbbbbbbbbbb";
const std::string kId(64, 'c');

Owner owner_in_pod(const std::string& uid, int pid, const std::string& container = kId) {
  Owner owner;
  owner.kind = HolderKind::pod;
  owner.pod_uid = uid;
  owner.container_id = container;
  owner.processes = {{pid, "web"}};
  return owner;
}

Holder held_by(Owner owner) {
  Holder holder;
  holder.owner = std::move(owner);
  return holder;
}

Holder nginx() {
  Owner owner;
  owner.kind = HolderKind::unmanaged_process;
  owner.unit = "nginx.service";
  return held_by(std::move(owner));
}

RefusedBind refusal(std::uint16_t port, WallTime at = kStart, int pid = 9) {
  RefusedBind refused;
  refused.protocol = Protocol::tcp;
  refused.port = port;
  refused.error = "EADDRINUSE";
  refused.process = pid;
  refused.binder = owner_in_pod(kPod, 0);  // which procfs may not show
  refused.first = refused.last = at;
  refused.holders = {nginx()};
  return refused;
}

Pod web_pod(const std::string& uid = kPod) {
  Pod pod;
  pod.namespace_ = "default";
  pod.name = "web";
  pod.uid = uid;
  pod.host_network = true;
  pod.phase = "Running";
  Container container;
  container.name = "main";
  container.id = kId;
  pod.containers.push_back(container);
  return pod;
}

PodIndex index_of(std::vector<Pod> pods) {
  auto snapshot = std::make_shared<PodSnapshot>();
  snapshot->pods = std::move(pods);
  snapshot->synced = true;
  return PodIndex(snapshot);
}

class Book : public ::testing::Test {
 protected:
  const Refusal& only() {
    refusals_ = book_.refusals();
    EXPECT_EQ(refusals_.size(), 1U);
    return refusals_.front();
  }
  RefusalBook::Success success(std::uint16_t port, int pid = 9) const {
    return {
        .protocol = Protocol::tcp, .port = port, .process = pid, .binder = owner_in_pod(kPod, 0)};
  }

  RefusalBook book_;
  PodIndex pods_ = index_of({web_pod()});
  std::vector<Refusal> refusals_;
};
using RefusalBookTest = Book;

TEST_F(RefusalBookTest, FoldsTheRefusalsOfOneContainerAtOnePort) {
  EXPECT_TRUE(book_.add(refusal(8080), pods_));
  EXPECT_FALSE(book_.add(refusal(8080, kStart + 40s, 10), pods_));
  EXPECT_EQ(only().count, 2U);
  EXPECT_EQ(only().first, kStart);
  EXPECT_EQ(only().last, kStart + 40s);
  EXPECT_EQ(only().pod, "web");
  EXPECT_EQ(only().container, "main");
}

TEST_F(RefusalBookTest, TheThirdWithinAMinuteIsSerious) {
  book_.add(refusal(8080), pods_);
  book_.add(refusal(8080, kStart + 20s), pods_);
  EXPECT_FALSE(only().serious);
  EXPECT_TRUE(book_.add(refusal(8080, kStart + 60s), pods_));
  EXPECT_TRUE(only().serious);
}

TEST_F(RefusalBookTest, ThreeInMoreThanAMinuteAreNot) {
  for (const auto after : {0s, 31s, 62s}) book_.add(refusal(8080, kStart + after), pods_);
  EXPECT_FALSE(only().serious);
  EXPECT_TRUE(book_.add(refusal(8080, kStart + 63s), pods_));
  EXPECT_TRUE(only().serious);
}

TEST_F(RefusalBookTest, AContainerThatEndsWithAnErrorWithinTenSecondsMakesItSerious) {
  book_.add(refusal(8080), pods_);
  auto pod = web_pod();
  Container& container = pod.containers.front();
  container.id = std::string(64, 'd');  // restarted
  container.last_termination = {.exit_code = 1, .finished_at = kStart + 10s, .id = kId};
  EXPECT_TRUE(book_.update(index_of({pod}), true, kStart + 11s));
  EXPECT_TRUE(only().serious);
}

TEST_F(RefusalBookTest, OneThatEndsWellOrLaterOrBeforeDoesNot) {
  book_.add(refusal(8080), pods_);
  auto pod = web_pod();
  auto& termination = pod.containers.front().last_termination;
  for (const Termination& ended :
       {Termination{0, kStart + 2s, kId}, Termination{1, kStart + 12s, kId},
        Termination{1, kStart - 30s, kId}}) {
    termination = ended;
    book_.update(index_of({pod}), true, kStart + 20s);
    EXPECT_FALSE(only().serious);
  }
}

TEST_F(RefusalBookTest, IsSettledWhenTheContainerBindsThePort) {
  book_.add(refusal(8080), pods_);
  EXPECT_FALSE(book_.settle(success(9090), pods_));
  EXPECT_TRUE(book_.settle(success(8080, 10), pods_));  // by another process of it
  EXPECT_TRUE(book_.empty());
}

TEST_F(RefusalBookTest, ASearchForAFreePortSettlesWhatItPassed) {
  for (const auto port : std::to_array<std::uint16_t>({8080, 8081, 9000}))
    book_.add(refusal(port), pods_);
  EXPECT_TRUE(book_.settle(success(8082), pods_));
  EXPECT_EQ(only().port, 9000);
}

// Beside a sidecar: of a pod with one container, each run is that container's.
class RefusalsBesideASidecar : public RefusalBookTest {
 protected:
  static Pod with_sidecar() {
    Pod pod = web_pod();
    Container sidecar;
    sidecar.name = "proxy";
    sidecar.id = std::string(64, 'e');
    pod.containers.push_back(sidecar);
    return pod;
  }
  static RefusedBind by_run(char id, WallTime at = kStart) {
    auto refused = refusal(8080, at);
    refused.binder.container_id = std::string(64, id);
    return refused;
  }
  PodIndex both_ = index_of({with_sidecar()});
};

TEST_F(RefusalsBesideASidecar, ARunThatIsNotKnownYetIsOfTheContainerThatWasRefused) {
  book_.add(refusal(8080), both_);
  book_.add(by_run('d', kStart + 1s), both_);
  EXPECT_EQ(only().count, 2U);
  EXPECT_EQ(only().container, "main");
  book_.add(by_run('e', kStart + 2s), both_);
  EXPECT_EQ(book_.refusals().size(), 2U);
}

TEST_F(RefusalsBesideASidecar, TheSuccessOfARunThatIsNotKnownYetSettles) {
  book_.add(refusal(8080), both_);
  auto later = success(8080, 10);
  later.binder.container_id = std::string(64, 'e');  // the sidecar's
  EXPECT_FALSE(book_.settle(later, both_));
  later.binder.container_id = std::string(64, 'd');
  EXPECT_TRUE(book_.settle(later, both_));
}

TEST_F(RefusalsBesideASidecar, TheSuccessOfARunWhoseCgroupIsGoneSettles) {
  book_.add(refusal(8080), both_);
  auto later = success(8080, 10);
  later.binder.container_id.clear();
  EXPECT_TRUE(book_.settle(later, both_));
}

TEST_F(RefusalsBesideASidecar, TwoRunsThatWereUnknownAreOneOnceTheyAreNamed) {
  book_.add(by_run('x'), both_);
  book_.add(by_run('y', kStart + 1s), both_);
  book_.add(by_run('y', kStart + 2s), both_);
  EXPECT_EQ(book_.refusals().size(), 2U);
  Pod pod = with_sidecar();
  pod.containers.front().id = std::string(64, 'y');
  pod.containers.front().last_termination = {
      .exit_code = 0, .finished_at = kStart + 1s, .id = std::string(64, 'x')};
  EXPECT_TRUE(book_.update(index_of({pod}), true, kStart + 3s));
  EXPECT_EQ(only().container, "main");
  EXPECT_EQ(only().container_key, std::string(64, 'x'));
  EXPECT_EQ(only().count, 3U);
  EXPECT_EQ(only().first, kStart);
  EXPECT_EQ(only().last, kStart + 2s);
  EXPECT_TRUE(only().serious);
  EXPECT_FALSE(book_.update(index_of({pod}), true, kStart + 4s));
}

TEST_F(RefusalBookTest, AnotherProcessesNextPortIsNoSearch) {
  book_.add(refusal(8080), pods_);
  EXPECT_FALSE(book_.settle(success(8081, 10), pods_));
}

TEST_F(RefusalBookTest, AnotherPodsSuccessSettlesNothing) {
  book_.add(refusal(8080), pods_);
  auto others = success(8080);
  others.binder = owner_in_pod(kOther, 9);
  EXPECT_FALSE(book_.settle(others, pods_));
}

TEST_F(RefusalBookTest, IsOverWhenThePodIsGone) {
  book_.add(refusal(8080), pods_);
  EXPECT_FALSE(book_.update(index_of({}), false, kStart + 1s));  // the source stopped answering
  EXPECT_TRUE(book_.update(index_of({}), true, kStart + 1s));
  EXPECT_TRUE(book_.empty());
}

TEST_F(RefusalBookTest, IsOverTenMinutesAfterTheLast) {
  book_.add(refusal(8080), pods_);
  book_.add(refusal(8080, kStart + 5min), pods_);
  EXPECT_FALSE(book_.update(pods_, true, kStart + 15min - 1s));
  EXPECT_TRUE(book_.update(pods_, true, kStart + 15min));
}

TEST_F(RefusalBookTest, APodThatIsNotKnownYetIsNamedLaterAndStaysTheSame) {
  book_.add(refusal(8080), index_of({}));
  EXPECT_EQ(only().pod, "");
  EXPECT_EQ(only().container_key, kId);
  EXPECT_FALSE(book_.update(index_of({}), true, kStart + 1s));
  EXPECT_TRUE(book_.update(pods_, true, kStart + 2s));
  EXPECT_EQ(only().pod, "web");
  EXPECT_EQ(only().container, "main");
  EXPECT_EQ(only().container_key, kId);
  book_.add(refusal(8080, kStart + 3s), pods_);
  EXPECT_EQ(only().count, 2U);
}

TEST_F(RefusalBookTest, LeavesAloneWhatIsNoPodsAndWhatThePodItselfHas) {
  auto of_node = refusal(8080);
  of_node.binder.kind = HolderKind::unmanaged_process;
  of_node.binder.pod_uid.clear();
  auto own = refusal(8080);
  own.holders = {held_by(owner_in_pod(kPod, 3, std::string(64, 'e')))};
  EXPECT_FALSE(book_.add(of_node, pods_));
  EXPECT_FALSE(book_.add(own, pods_));
  EXPECT_TRUE(book_.empty());
}

TEST_F(RefusalBookTest, APodHasAtMost32AndANode256) {
  for (std::uint16_t port = 1; port <= 40; ++port) book_.add(refusal(port), pods_);
  EXPECT_EQ(book_.refusals().size(), 32U);
  EXPECT_EQ(book_.cut(), 8U);
  for (int pod = 0; pod < 300; ++pod) {
    auto one = refusal(7000);
    one.binder = owner_in_pod("pod-" + std::to_string(pod), 9);
    book_.add(one, pods_);
  }
  EXPECT_EQ(book_.refusals().size(), 256U);
  EXPECT_EQ(book_.cut(), 8U + 300 - 224);
  book_.add(refusal(1), pods_);  // one that is there is counted on
  EXPECT_EQ(book_.cut(), 8U + 300 - 224);
}

}  // namespace
}  // namespace hostnet
