// Recordings that cannot be written or read: refused by place, and nothing is left behind.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "netlink/node/node.h"
#include "netlink/node/recording/recorder.h"
#include "netlink/node/recording/replay.h"
#include "netlink/rtnetlink/rtnetlink.h"
#include "tests/node/recording_scene.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;

TEST_F(Recording, BadSocketOptionsAreRefusedByTheirPlace) {
  ASSERT_TRUE(small_node().options(7, BindOptions{}).write_recording(directory_));
  auto text = index_text();
  const std::string_view good = "\"reuse_address\": false";
  const auto at = text.find(good);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, good.size(), "\"reuse_address\": 2");
  const auto error = replaying(text);
  EXPECT_EQ(error.reason, Reason::malformed);
  EXPECT_THAT(error.message, HasSubstr("socket_options/7"));
}

TEST_F(Recording, WithoutAnIndexItIsNoRecording) {
  temporary_.make_directory("recording/proc");
  EXPECT_THAT(replayed_node(directory_).error().message, HasSubstr("not a recording"));
  EXPECT_EQ(replayed_node(temporary_ / "nowhere").error().reason, Reason::vanished);
}

TEST_F(Recording, AnIndexThatIsWrongIsRefusedByPlace) {
  ASSERT_TRUE(small_node().write_recording(directory_));
  const auto good = nlohmann::json::parse(index_text());
  const auto with = [&](const char* pointer, const nlohmann::json& value) {
    auto changed = good;
    changed[nlohmann::json::json_pointer(pointer)] = value;
    return replaying(changed.dump());
  };
  const auto text = good.dump();
  for (std::size_t cut = 0; cut < text.size(); cut += 1 + text.size() / 50) {
    const auto error = replaying(text.substr(0, cut));
    EXPECT_EQ(error.reason, Reason::malformed) << cut;
    EXPECT_THAT(error.message, HasSubstr("index.json"));
  }
  EXPECT_THAT(with("/links/proc~11~1..~1..~1x", "t").message, HasSubstr("links/proc/1/../../x"));
  EXPECT_THAT(with("/links/proc~11~1exe", 5).message, HasSubstr("expected a string"));
  EXPECT_THAT(with("/links/proc~11~1exe", "%4").message, HasSubstr("hexadecimal"));
  EXPECT_THAT(with("/inodes/proc~11", -1).message, HasSubstr("smaller integer"));
  EXPECT_THAT(with("/inodes/proc~11", 1e40).message, HasSubstr("expected an integer"));
  EXPECT_THAT(with("/descriptors/812", {{1}}).message, HasSubstr("pairs [fd, inode]"));
  EXPECT_THAT(with("/descriptors/x", nlohmann::json::array()).message, HasSubstr("number"));
  EXPECT_THAT(with("/descriptors/99999999999", nlohmann::json::array()).message,
              HasSubstr("number"));
  EXPECT_THAT(with("/cgroups/1", {{"error", {{"reason", "no"}}}}).message, HasSubstr("a reason"));
  EXPECT_THAT(with("/netlink/0/file", "../x").message, HasSubstr("netlink/0/file"));
  EXPECT_THAT(with("/netlink/0/body", "zz").message, HasSubstr("netlink/0/body"));
  EXPECT_THAT(with("/netlink/0/type", 70000).message, HasSubstr("netlink/0/type"));
  EXPECT_THAT(with("/netlink", 1).message, HasSubstr("expected an array"));
  EXPECT_THAT(with("/lists", nlohmann::json::array()).message, HasSubstr("lists"));
  EXPECT_THAT(with("/ip_tables/ipv5", 1).message, HasSubstr("ipv4 or ipv6 as its key"));
  EXPECT_THAT(with("/ip_tables/ipv4", {{"valid_hooks", 1}, {"hook_entry", {1}}}).message,
              HasSubstr("five offsets"));
  EXPECT_THAT(with("/existence/proc", 1).message, HasSubstr("true or false"));
  EXPECT_THAT(with("/clock", nullptr).message, HasSubstr("clock"));
  EXPECT_THAT(with("/clock/adjtimex", {{"state", 0}}).message,
              HasSubstr("clock/adjtimex: expected a member \"status\""));
  EXPECT_THAT(with("/identity/page_size", "x").message, HasSubstr("identity/page_size"));
  EXPECT_THAT(with("/format", "other").message, HasSubstr("hostnet-recording"));
  EXPECT_EQ(with("/version", 3).reason, Reason::unsupported);
  EXPECT_EQ(replaying(std::string(100'000, '[')).reason, Reason::malformed);
  EXPECT_EQ(replaying("[]").reason, Reason::malformed);
  EXPECT_EQ(replaying(text).message, "");
}

TEST_F(Recording, NetlinkBytesThatDoNotParseNameTheirFile) {
  ASSERT_TRUE(small_node().write_recording(directory_));
  const auto file = dump_file_name(links_request());
  temporary_.write("recording/netlink/" + file, "short");
  const auto links = read_links(*replayed_node(directory_).value().netlink);
  ASSERT_FALSE(links);
  EXPECT_EQ(links.error().reason, Reason::malformed);
  EXPECT_THAT(links.error().message, HasSubstr(file));
}

TEST_F(Recording, ARecordingThatCannotBeWrittenLeavesNothing) {
  // The same path as a file and as a directory: no real /proc has that.
  NodeBuilder builder;
  Node node = builder.build();
  auto both = std::make_shared<MemoryFiles>();
  both->put_file("proc/a", "");
  both->put_file("proc/a/b", "");
  node.files = both;
  auto recorder = record_node(node, directory_).value();
  ASSERT_TRUE(recorder->node().files->read("proc/a"));
  ASSERT_TRUE(recorder->node().files->read("proc/a/b"));
  const auto done = recorder->finish();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("proc/a/b"));
  EXPECT_FALSE(std::filesystem::exists(directory_));
}

TEST_F(Recording, ADirectoryWithSomethingInItIsRefusedAndLeftAlone) {
  temporary_.write("recording/mine", "x");
  const auto refused = record_node(NodeBuilder().build(), directory_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("not empty"));
  std::filesystem::remove(directory_ + "/mine");
  auto recorder = record_node(NodeBuilder().build(), directory_).value();
  temporary_.write("recording/mine", "x");
  EXPECT_FALSE(recorder->finish());
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/mine"));
}

TEST_F(Recording, OnlyItsOwnerCanReadIt) {
  ASSERT_TRUE(small_node().write_recording(directory_));
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_)) {
    struct stat about{};
    ASSERT_EQ(::lstat(entry.path().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, S_ISDIR(about.st_mode) ? 0700U : 0600U) << entry.path();
    ++seen;
  }
  EXPECT_GT(seen, 20U);
}

}  // namespace
}  // namespace hostnet
