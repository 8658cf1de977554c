#include "netlink/base/read_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temporary_directory.h"

namespace hostnet {
namespace {

TEST(ReadRegularFile, ReadsItWholeThroughLinks) {
  const TemporaryDirectory folder;
  const std::string text(100'000, 'x');
  folder.write("file", text);
  folder.make_link("link", "file");
  EXPECT_EQ(read_regular_file(folder / "link"), text);
}

TEST(ReadRegularFile, NeitherWaitsForAPipeNorReadsADeviceOrAFolder) {
  const TemporaryDirectory folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  for (const std::string& path :
       {folder / "pipe", folder.path().string(), std::string("/dev/zero")}) {
    const auto read = read_regular_file(path);
    ASSERT_FALSE(read) << path;
    EXPECT_EQ(read.error().message, "reading " + path + ": not a regular file");
  }
  EXPECT_EQ(read_regular_file(folder / "none").error().reason, Reason::vanished);
}

TEST(ReadRegularFile, RefusesWhatIsTooLarge) {
  const TemporaryDirectory folder;
  folder.write("file", std::string(11, 'x'));
  EXPECT_EQ(read_regular_file(folder / "file", 11), std::string(11, 'x'));
  const auto read = read_regular_file(folder / "file", 10);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason, Reason::exhausted);
  EXPECT_TRUE(read.error().message.ends_with("larger than 10 bytes"));
}

}  // namespace
}  // namespace hostnet
