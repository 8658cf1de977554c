#include "agent/http/message/content_tag.h"

#include <gtest/gtest.h>

namespace hostnet {
namespace {

TEST(ContentTag, TimeThatPassesChangesNothing) {
  EXPECT_EQ(content_tag(R"({"node":"n1","generated_at":"2026-01-01T00:00:00Z","complete":true})"),
            content_tag(R"({"node":"n1","generated_at":"2027-01-01T00:00:00Z","complete":true})"));
  EXPECT_EQ(content_tag(R"({"inode":7,"expires_ms":12})"),
            content_tag(R"({"inode":7,"expires_ms":null})"));
  EXPECT_EQ(content_tag("8080/tcp  critical  3m12s  stop it\npods from apiserver 4s ago"),
            content_tag("8080/tcp  critical  1h2m  stop it\npods from apiserver 450ms ago"));
}

TEST(ContentTag, AnythingElseDoes) {
  EXPECT_NE(content_tag(R"({"port":80})"), content_tag(R"({"port":81})"));
  EXPECT_NE(content_tag("web-5s-x"), content_tag("web-6s-x"));
  EXPECT_NE(content_tag("10.0.0.1:5353 nginx[812]"), content_tag("10.0.0.1:5354 nginx[812]"));
  EXPECT_NE(content_tag("12 ports"), content_tag("13 ports"));
  EXPECT_NE(content_tag("8d.0"), content_tag("9d.0"));
  EXPECT_NE(content_tag(""), content_tag(" "));
}

TEST(ContentTag, IsComparedWeaklyWithEveryTagThatIsNamed) {
  EXPECT_TRUE(names_tag("W/\"1\"", "W/\"1\""));
  EXPECT_TRUE(names_tag("\"0\", \"1\"", "W/\"1\""));
  EXPECT_TRUE(names_tag("*", "W/\"1\""));
  EXPECT_FALSE(names_tag("\"0\"", "W/\"1\""));
  EXPECT_FALSE(names_tag("", "W/\"1\""));
}

}  // namespace
}  // namespace hostnet
