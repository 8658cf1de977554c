#include "agent/kube/json_cutter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Cut {
  std::vector<std::string> pieces;
  Result<> fed;
  bool between{};
};

Cut cut_in_steps(std::string_view text, std::size_t step, JsonCut wanted) {
  Cut cut;
  JsonCutter cutter(std::move(wanted),
                    {.on_member =
                         [&](std::string_view member, std::string_view value) {
                           cut.pieces.push_back(std::string(member) + "=" + std::string(value));
                           return true;
                         },
                     .on_element =
                         [&](std::string_view element) {
                           cut.pieces.emplace_back(element);
                           return true;
                         },
                     .on_end =
                         [&] {
                           cut.pieces.emplace_back("end");
                           return true;
                         }});
  for (std::size_t i = 0; i < text.size() && cut.fed; i += step) {
    cut.fed = cutter.feed(text.substr(i, step));
  }
  cut.between = cutter.between_objects();
  return cut;
}

const JsonCut kList{.members = {"metadata"}, .list = "items"};
const JsonCut kWatch{.members = {"type", "object"}, .list = {}};

TEST(JsonCutter, CutsAListIntoItsElementsHoweverItArrives) {
  constexpr std::string_view kBody =
      R"({"kind":"PodList","metadata":{"resourceVersion":"7"}, "items" : [ {"a":"]}\"{"} , {"b":[1,{}]},3 ],"x":-1.5e3})"
      "\n";
  for (const std::size_t step : {1UZ, 2UZ, 3UZ, 7UZ, 1000UZ}) {
    const Cut cut = cut_in_steps(kBody, step, kList);
    ASSERT_TRUE(cut.fed) << cut.fed.error().message;
    EXPECT_TRUE(cut.between);
    EXPECT_THAT(cut.pieces, ElementsAre(R"(metadata={"resourceVersion":"7"})", R"({"a":"]}\"{"})",
                                        R"({"b":[1,{}]})", "3", "end"));
  }
}

TEST(JsonCutter, CutsAWatchIntoEvents) {
  for (const std::size_t step : {1UZ, 1000UZ}) {
    const Cut cut = cut_in_steps(R"({"type":"ADDED","object":{"kind":"Pod"}})"
                                 "\n"
                                 R"({"object":{},"type":"BOOKMARK"}{"type":"ERR)",
                                 step, kWatch);
    ASSERT_TRUE(cut.fed);
    EXPECT_FALSE(cut.between);
    EXPECT_THAT(cut.pieces, ElementsAre("type=\"ADDED\"", R"(object={"kind":"Pod"})", "end",
                                        "object={}", "type=\"BOOKMARK\"", "end"));
  }
}

TEST(JsonCutter, AListMayBeNullOrEmpty) {
  EXPECT_THAT(cut_in_steps(R"({"items":null})", 1, kList).pieces, ElementsAre("end"));
  EXPECT_THAT(cut_in_steps(R"({"items":[]})", 1, kList).pieces, ElementsAre("end"));
  EXPECT_THAT(cut_in_steps("{}", 1, kList).pieces, ElementsAre("end"));
}

TEST(JsonCutter, NamesDeepInsideAreNotTakenForOutermostOnes) {
  const Cut cut = cut_in_steps(R"({"spec":{"items":[1],"metadata":2}})", 1, kList);
  EXPECT_THAT(cut.pieces, ElementsAre("end"));
}

TEST(JsonCutter, WhatIsNoStreamOfObjectsIsRefused) {
  for (const std::string_view body :
       {"<html>", "[]", "null", R"({"a" 1})", R"({"a":1,})", R"({,})", R"({"a":})",
        R"({"items":[1}})", R"({"items":[,]})", R"({"a":1 2})", "{}}", R"({a:1})"}) {
    const Cut cut = cut_in_steps(body, 1, kList);
    ASSERT_FALSE(cut.fed) << body;
    EXPECT_EQ(cut.fed.error().reason, Reason::malformed) << body;
    EXPECT_THAT(cut.fed.error().message, HasSubstr("JSON"));
  }
}

TEST(JsonCutter, AValueBeyondTheLimitIsRefusedAndOneThatNobodyWantsIsNot) {
  JsonCut small = kList;
  small.limit = 16;
  const std::string wide = R"({"items":["x)" + std::string(100, 'x') + R"("]})";
  EXPECT_EQ(cut_in_steps(wide, 10, small).fed.error().reason, Reason::malformed);
  const std::string unwanted = R"({"other":")" + std::string(100, 'x') + R"("})";
  EXPECT_TRUE(cut_in_steps(unwanted, 10, small).fed);
}

TEST(JsonCutter, ACallbackMayEndIt) {
  int seen = 0;
  JsonCutter cutter(kList, {.on_member = {},
                            .on_element =
                                [&](std::string_view) {
                                  ++seen;
                                  return false;
                                },
                            .on_end = {}});
  const auto fed = cutter.feed(R"({"items":[1,2,3]})");
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().reason, Reason::vanished);
  EXPECT_EQ(seen, 1);
  EXPECT_FALSE(cutter.feed("4"));
}

TEST(JsonMember, FindsWhatIsNestedAndNothingElse) {
  constexpr std::string_view kPod =
      R"({"spec":{"resourceVersion":"1"},"metadata":{"name":"a","resourceVersion":"42"},"n":7})";
  EXPECT_EQ(json_member(kPod, {"metadata", "resourceVersion"}), "42");
  EXPECT_EQ(json_member(kPod, {"n"}), "7");
  EXPECT_EQ(json_member(kPod, {"status", "phase"}), "");
  EXPECT_EQ(json_member("garbage", {"a"}), "");
}

TEST(JsonWords, AreWithoutTheBackslashesOfQuotes) {
  EXPECT_EQ(json_words(R"({"message":"pods \"a\\b\" not\nfound"})", {"message"}),
            R"(pods "a\b" not\nfound)");
}

}  // namespace
}  // namespace hostnet
