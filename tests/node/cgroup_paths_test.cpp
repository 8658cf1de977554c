#include "netlink/node/cgroup_paths.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "tests/support/temporary_directory.h"

namespace hostnet {
namespace {

class HandClock final : public Clock {
 public:
  SteadyTime steady() const override { return now; }
  WallTime wall() const override { return {}; }
  SteadyTime now{std::chrono::hours(1)};
};

std::uint64_t inode_at(const std::string& path) {
  struct stat about{};
  return ::stat(path.c_str(), &about) == 0 ? about.st_ino : 0;
}

// Runs `body` in a child, so that what it does to its namespaces and
// capabilities stays there; "" or what it found wrong.
std::string in_a_child(const std::function<std::string()>& body) {
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return "pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    const auto text = body();
    const auto written = ::write(report[1], text.data(), text.size());
    ::_exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  ::close(report[1]);
  std::string out;
  char buffer[512];
  for (ssize_t n = 0; (n = ::read(report[0], buffer, sizeof buffer)) > 0;) {
    out.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(report[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0 ? out : "the child failed: " + out;
}

// A cgroup of its own in the machine's cgroup2 hierarchy.
class RealCgroups : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* place : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      struct statfs about{};
      if (::statfs(place, &about) == 0 && about.f_type == CGROUP2_SUPER_MAGIC) mount_ = place;
    }
    if (mount_.empty()) GTEST_SKIP() << "no cgroup2 mount";
    name_ = "hostnet-test-" + std::to_string(::getpid());
    if (::mkdir((mount_ + "/" + name_).c_str(), 0755) != 0) GTEST_SKIP() << "no cgroups for us";
    made_ = true;
    ::mkdir((mount_ + "/" + name_ + "/inner").c_str(), 0755);
  }
  void TearDown() override {
    if (!made_) return;
    ::rmdir((mount_ + "/" + name_ + "/inner").c_str());
    ::rmdir((mount_ + "/" + name_).c_str());
  }
  std::string inner() const { return mount_ + "/" + name_ + "/inner"; }
  static UniqueFd open_sys(const char* path = "/sys") {
    return UniqueFd(::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  }

  std::string mount_;
  std::string name_;
  bool made_ = false;
  HandClock clock_;
};

TEST_F(RealCgroups, AnIdIsThePathBelowTheMount) {
  const auto sys = open_sys();
  CgroupPaths paths(sys.get());
  EXPECT_EQ(paths.find(inode_at(inner()), clock_).value(), "/" + name_ + "/inner");
  EXPECT_EQ(paths.find(inode_at(mount_), clock_).value(), "/");
  EXPECT_EQ(paths.walks(), 0U);
}

TEST_F(RealCgroups, ACgroupThatWasRemovedIsVanished) {
  const auto sys = open_sys();
  CgroupPaths paths(sys.get());
  const auto id = inode_at(inner());
  ASSERT_EQ(::rmdir(inner().c_str()), 0);
  EXPECT_EQ(paths.find(id, clock_).error().reason, Reason::vanished);
  EXPECT_EQ(paths.find(~std::uint64_t{0} >> 1, clock_).error().reason, Reason::vanished);
}

TEST_F(RealCgroups, WithoutTheCapabilityTheTreeIsWalked) {
  const auto problem = in_a_child([&]() -> std::string {
    const auto sys = open_sys();
    if (::setresuid(65534, 65534, 65534) != 0) return "setresuid";
    CgroupPaths paths(sys.get());
    const auto path = paths.find(inode_at(inner()), clock_);
    if (!path) return path.error().message;
    if (*path != "/" + name_ + "/inner") return *path;
    return paths.walks() == 1 ? "" : "it did not walk";
  });
  EXPECT_EQ(problem, "");
}

// As a pod sees the host: a read-only bind mount of /sys somewhere else, in
// mount and cgroup namespaces of its own.
TEST_F(RealCgroups, ABindMountInAPrivateCgroupNamespaceTellsTheHostsPath) {
  const TemporaryDirectory host;
  const auto problem = in_a_child([&]() -> std::string {
    const auto id = inode_at(inner());
    if (::unshare(CLONE_NEWNS | CLONE_NEWCGROUP) != 0) return "";  // not allowed to test it
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return "private";
    if (::mount("/sys", host.path().c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
      return "bind";
    }
    const auto sys = open_sys(host.path().c_str());
    CgroupPaths paths(sys.get());
    const auto path = paths.find(id, clock_);
    if (!path) return path.error().message;
    if (paths.walks() != 0) return "it walked";
    return *path == "/" + name_ + "/inner" ? "" : *path;
  });
  EXPECT_EQ(problem, "");
}

// As a container without the host's /sys sees it: only its own cgroup mounted.
TEST_F(RealCgroups, ACgroupOutsideOfAPartialMountIsNotTakenForTheRoot) {
  const TemporaryDirectory host;
  const auto outer = mount_ + "/" + name_;
  host.make_directory("fs/cgroup");
  const auto problem = in_a_child([&]() -> std::string {
    const auto id = inode_at(outer);
    if (::unshare(CLONE_NEWNS) != 0) return "";
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return "private";
    const auto place = host / "fs/cgroup";
    if (::mount(inner().c_str(), place.c_str(), nullptr, MS_BIND, nullptr) != 0) return "bind";
    const auto sys = open_sys(host.path().c_str());
    CgroupPaths paths(sys.get());
    const auto path = paths.find(id, clock_);
    if (path) return *path;
    return path.error().reason == Reason::unsupported ? "" : path.error().message;
  });
  EXPECT_EQ(problem, "");
}

class WalkedTree : public ::testing::Test {
 protected:
  WalkedTree() {
    tree_.make_directory("kubepods/pod1/c1");
    tree_.make_directory("system.slice");
  }
  UniqueFd open_tree() const {
    return UniqueFd(::open(tree_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  TemporaryDirectory tree_;
  HandClock clock_;
};

TEST_F(WalkedTree, OneWalkAnswersForTheWholeTree) {
  auto paths = CgroupPaths::walking(open_tree());
  EXPECT_EQ(paths.find(inode_at(tree_ / "kubepods/pod1/c1"), clock_).value(), "/kubepods/pod1/c1");
  EXPECT_EQ(paths.find(inode_at(tree_ / "system.slice"), clock_).value(), "/system.slice");
  EXPECT_EQ(paths.find(inode_at(tree_.path()), clock_).value(), "/");
  EXPECT_EQ(paths.walks(), 1U);
}

TEST_F(WalkedTree, AStreamOfUnknownIdsDoesNotWalkEachTime) {
  auto paths = CgroupPaths::walking(open_tree());
  EXPECT_EQ(paths.find(1'000'000'007, clock_).error().reason, Reason::vanished);
  for (std::uint64_t id = 2'000'000'000; id < 2'000'001'000; ++id) {
    EXPECT_EQ(paths.find(id, clock_).error().reason, Reason::timeout);
  }
  EXPECT_EQ(paths.walks(), 1U);
  tree_.make_directory("new");
  clock_.now += std::chrono::seconds(2);
  EXPECT_EQ(paths.find(inode_at(tree_ / "new"), clock_).value(), "/new");
  EXPECT_EQ(paths.walks(), 2U);
}

TEST_F(WalkedTree, ARememberedPathThatIsGoneIsNotAnswered) {
  auto paths = CgroupPaths::walking(open_tree());
  const auto id = inode_at(tree_ / "kubepods/pod1/c1");
  ASSERT_TRUE(paths.find(id, clock_));
  std::filesystem::remove(tree_ / "kubepods/pod1/c1");
  clock_.now += std::chrono::seconds(2);
  EXPECT_EQ(paths.find(id, clock_).error().reason, Reason::vanished);
}

TEST_F(WalkedTree, ALinkInTheTreeIsNotFollowed) {
  tree_.make_link("kubepods/loop", "..");
  auto paths = CgroupPaths::walking(open_tree());
  EXPECT_EQ(paths.find(inode_at(tree_ / "system.slice"), clock_).value(), "/system.slice");
}

}  // namespace
}  // namespace hostnet
