#include "netlink/base/watched_file.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace hostnet {
namespace {

namespace fs = std::filesystem;

class Watched : public testing::Test {
 protected:
  Watched() {
    std::string pattern = (fs::temp_directory_path() / "hostnet-watch-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
  }
  ~Watched() override { fs::remove_all(root); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  static bool readable(const WatchedFile& file) {
    pollfd waiting{.fd = file.descriptor(), .events = POLLIN, .revents = 0};
    return ::poll(&waiting, 1, 0) == 1;
  }

  fs::path root;
};

TEST_F(Watched, NothingHappened) {
  write(root / "p", "a");
  WatchedFile file(root / "p");
  EXPECT_FALSE(readable(file));
  EXPECT_FALSE(file.changed());
}

TEST_F(Watched, WrittenInPlaceEvenWithTheSameSizeAndTime) {
  write(root / "p", "a");
  WatchedFile file(root / "p");
  write(root / "p", "b");
  EXPECT_TRUE(readable(file));
  EXPECT_TRUE(file.changed());
  EXPECT_FALSE(file.changed());
  write(root / "p", "c");
  EXPECT_TRUE(file.changed());
}

TEST_F(Watched, NotWhileItIsBeingWritten) {
  write(root / "p", "a");
  WatchedFile file(root / "p");
  std::ofstream writer(root / "p");
  writer << "half" << std::flush;
  EXPECT_FALSE(file.changed());
  writer << "whole" << std::flush;
  EXPECT_FALSE(file.changed());
  writer.close();
  EXPECT_TRUE(file.changed());
}

TEST_F(Watched, RenamedOver) {
  write(root / "p", "a");
  WatchedFile file(root / "p");
  write(root / "new", "b");
  fs::rename(root / "new", root / "p");
  EXPECT_TRUE(file.changed());
  EXPECT_FALSE(file.changed());
}

TEST_F(Watched, CreatedLaterAndRemovedAgain) {
  WatchedFile file(root / "p");
  EXPECT_FALSE(file.changed());
  write(root / "p", "a");
  EXPECT_TRUE(file.changed());
  fs::remove(root / "p");
  EXPECT_TRUE(file.changed());
  EXPECT_FALSE(file.changed());
}

TEST_F(Watched, SwappedAsAConfigMapIs) {
  fs::create_directory(root / "..2026_1");
  write(root / "..2026_1" / "p", "a");
  fs::create_symlink("..2026_1", root / "..data");
  fs::create_symlink("..data/p", root / "p");
  WatchedFile file(root / "p");
  EXPECT_FALSE(file.changed());

  fs::create_directory(root / "..2026_2");
  write(root / "..2026_2" / "p", "b");
  fs::create_symlink("..2026_2", root / "..data_tmp");
  EXPECT_FALSE(file.changed());
  fs::rename(root / "..data_tmp", root / "..data");
  EXPECT_TRUE(readable(file));
  EXPECT_TRUE(file.changed());
  fs::remove_all(root / "..2026_1");
  EXPECT_FALSE(file.changed());
}

TEST_F(Watched, BehindALinkToAnotherDirectory) {
  fs::create_directory(root / "a");
  fs::create_directory(root / "b");
  write(root / "b" / "p", "a");
  fs::create_symlink("../b/p", root / "a" / "p");
  WatchedFile file(root / "a" / "p");
  write(root / "b" / "p", "longer");
  EXPECT_TRUE(file.changed());
}

TEST_F(Watched, ItsDirectoryComesLaterAndIsReplaced) {
  WatchedFile file(root / "d" / "p");
  EXPECT_FALSE(file.changed());
  fs::create_directory(root / "d");
  write(root / "d" / "p", "a");
  EXPECT_TRUE(file.changed());
  fs::rename(root / "d", root / "old");
  EXPECT_TRUE(file.changed());
  fs::create_directory(root / "d");
  write(root / "d" / "p", "b");
  EXPECT_TRUE(file.changed());
  write(root / "d" / "p", "c");
  EXPECT_TRUE(readable(file));
  EXPECT_TRUE(file.changed());
}

}  // namespace
}  // namespace hostnet
