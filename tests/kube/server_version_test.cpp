#include "agent/kube/server_version.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hostnet {
namespace {

using Version = std::vector<int>;

std::string info(const std::string& git, const std::string& major = "",
                 const std::string& minor = "") {
  return R"({"major": ")" + major + R"(", "minor": ")" + minor +
         R"(", "gitTreeState": "clean", "gitVersion": ")" + git + R"("})";
}

TEST(ServerVersion, WhatVendorsAddIsLeftOut) {
  EXPECT_EQ(parse_server_version(info("v1.33.4")), (Version{1, 33, 4}));
  EXPECT_EQ(parse_server_version(info("v1.33.4+k3s1")), (Version{1, 33, 4}));
  EXPECT_EQ(parse_server_version(info("v1.31.2-eks-a737599", "1", "31+")), (Version{1, 31, 2}));
  EXPECT_EQ(parse_server_version(info("v1.33.5-gke.1080000")), (Version{1, 33, 5}));
  EXPECT_EQ(parse_server_version(info("1.34.0-rc.1")), (Version{1, 34, 0}));
  EXPECT_EQ(parse_server_version(info("v1.33.6.7")), (Version{1, 33, 6}));
}

TEST(ServerVersion, MajorAndMinorDoWhereTheTagIsNoVersion) {
  EXPECT_EQ(parse_server_version(info("unknown", "1", "33+")), (Version{1, 33}));
  EXPECT_EQ(parse_server_version(info("", "1", "20")), (Version{1, 20}));
  EXPECT_EQ(parse_server_version(info("v1.33")), (Version{1, 33}));
}

TEST(ServerVersion, AnythingElseIsNotKnown) {
  for (const std::string& body : std::vector<std::string>{
           "", "{}", "not JSON", "[1,33]", info("v1"), info("vx.33.4"), info("v-1.33.4"),
           info("v99999999999.1.1"), info("", "1", "new"), info("", "", "33")}) {
    EXPECT_EQ(parse_server_version(body), std::nullopt) << body;
  }
}

TEST(ServerVersion, ARecordingGivesTheSameBack) {
  for (const Version& version : {Version{1, 33, 4}, Version{1, 33}}) {
    EXPECT_EQ(parse_server_version(server_version_json(version)), version);
  }
}

}  // namespace
}  // namespace hostnet
