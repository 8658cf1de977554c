#include "netlink/base/file_watch.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temporary_directory.h"

namespace hostnet {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// One file with a clock of its own.
class Watched : public testing::Test {
 protected:
  static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  static bool readable(const FileWatch& file) {
    pollfd waiting{.fd = file.descriptor(), .events = POLLIN, .revents = 0};
    return ::poll(&waiting, 1, 0) == 1;
  }
  // Once what happened has settled.
  bool changed(FileWatch& file) {
    if (file.changed(now)) return true;
    now += kSettled;
    return file.changed(now);
  }
  // A watch that has nothing to say about what was there before.
  static FileWatch watch(const fs::path& path) { return FileWatch({path.string()}, kPace); }

  static constexpr FileWatchPace kPace{.settle = 50ms, .longest = 10s, .rescan = 1h, .poll = 1h};
  static constexpr auto kSettled = 60ms;

  TemporaryDirectory folder;
  const fs::path& root = folder.path();
  SteadyTime now{1h};
};

TEST_F(Watched, NothingHappened) {
  write(root / "p", "a");
  FileWatch file = watch(root / "p");
  EXPECT_FALSE(readable(file));
  EXPECT_FALSE(changed(file));
}

TEST_F(Watched, WrittenInPlaceEvenWithTheSameSizeAndTime) {
  write(root / "p", "a");
  FileWatch file = watch(root / "p");
  write(root / "p", "b");
  EXPECT_TRUE(readable(file));
  EXPECT_TRUE(changed(file));
  EXPECT_FALSE(changed(file));
  write(root / "p", "c");
  EXPECT_TRUE(changed(file));
}

TEST_F(Watched, NotBeforeItHasSettled) {
  write(root / "p", "a");
  FileWatch file = watch(root / "p");
  EXPECT_FALSE(file.changed(now));
  write(root / "p", "b");
  EXPECT_FALSE(file.changed(now));
  EXPECT_EQ(file.next_check(), now + kPace.settle);
  write(root / "p", "c");
  EXPECT_FALSE(file.changed(now + 40ms));
  EXPECT_FALSE(file.changed(now + 80ms)) << "another event begins the wait anew";
  EXPECT_TRUE(file.changed(now + 90ms));
}

TEST_F(Watched, NotWhileItIsBeingWrittenButNotForEverEither) {
  write(root / "p", "a");
  FileWatch file = watch(root / "p");
  EXPECT_FALSE(changed(file));
  std::ofstream writer(root / "p");
  writer << "half" << std::flush;
  EXPECT_FALSE(changed(file));
  now += 9s;
  EXPECT_FALSE(changed(file));
  writer << "whole" << std::flush;
  EXPECT_FALSE(changed(file));
  writer.close();
  EXPECT_TRUE(changed(file));

  writer.open(root / "p");
  writer << "half" << std::flush;
  EXPECT_FALSE(changed(file));
  now += kPace.longest;
  EXPECT_TRUE(changed(file));
}

TEST_F(Watched, RenamedOver) {
  write(root / "p", "a");
  FileWatch file = watch(root / "p");
  write(root / "new", "b");
  fs::rename(root / "new", root / "p");
  EXPECT_TRUE(changed(file));
  EXPECT_FALSE(changed(file));
}

TEST_F(Watched, CreatedLaterAndRemovedAgain) {
  FileWatch file = watch(root / "p");
  EXPECT_FALSE(changed(file));
  write(root / "p", "a");
  EXPECT_TRUE(changed(file));
  fs::remove(root / "p");
  EXPECT_TRUE(changed(file));
  EXPECT_FALSE(changed(file));
}

TEST_F(Watched, OtherNamesInItsFolderAreNobodysBusiness) {
  write(root / "p", "a");
  FileWatch file = watch(root / "p");
  EXPECT_TRUE(file.due(now));
  write(root / "log", "line");
  EXPECT_FALSE(file.due(now));
  EXPECT_EQ(file.next_check(), now + kPace.rescan);
  FileWatch all = watch(root);
  EXPECT_TRUE(all.due(now));
  write(root / "log", "line");
  EXPECT_FALSE(all.due(now));
  EXPECT_TRUE(all.due(now + kSettled));
}

TEST_F(Watched, SwappedAsAConfigMapIs) {
  fs::create_directory(root / "..2026_1");
  write(root / "..2026_1" / "p", "a");
  fs::create_symlink("..2026_1", root / "..data");
  fs::create_symlink("..data/p", root / "p");
  FileWatch file = watch(root / "p");
  EXPECT_FALSE(changed(file));

  fs::create_directory(root / "..2026_2");
  write(root / "..2026_2" / "p", "b");
  fs::create_symlink("..2026_2", root / "..data_tmp");
  EXPECT_FALSE(changed(file));
  fs::rename(root / "..data_tmp", root / "..data");
  EXPECT_TRUE(readable(file));
  EXPECT_TRUE(changed(file));
  fs::remove_all(root / "..2026_1");
  EXPECT_FALSE(changed(file));
}

TEST_F(Watched, BehindALinkToAnotherDirectory) {
  fs::create_directory(root / "a");
  fs::create_directory(root / "b");
  write(root / "b" / "p", "a");
  fs::create_symlink("../b/p", root / "a" / "p");
  FileWatch file = watch(root / "a" / "p");
  write(root / "b" / "p", "longer");
  EXPECT_TRUE(readable(file));
  EXPECT_TRUE(changed(file));
}

TEST_F(Watched, ItsDirectoryComesLaterAndIsReplaced) {
  FileWatch file = watch(root / "d" / "p");
  EXPECT_FALSE(changed(file));
  fs::create_directory(root / "d");
  write(root / "d" / "p", "a");
  EXPECT_TRUE(changed(file));
  fs::rename(root / "d", root / "old");
  EXPECT_TRUE(changed(file));
  fs::create_directory(root / "d");
  write(root / "d" / "p", "b");
  EXPECT_TRUE(changed(file));
  write(root / "d" / "p", "c");
  EXPECT_TRUE(readable(file));
  EXPECT_TRUE(changed(file));
}

TEST_F(Watched, AfterAWhileThoughNothingWasHeard) {
  FileWatch file = watch(root / "p");
  EXPECT_TRUE(file.due(now)) << "the first time";
  EXPECT_FALSE(file.due(now + kPace.rescan - 1ms));
  EXPECT_TRUE(file.due(now + kPace.rescan));
}

}  // namespace
}  // namespace hostnet
