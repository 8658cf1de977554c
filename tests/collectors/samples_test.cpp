#include "collectors/framework/samples.h"

#include <gtest/gtest.h>

#include "collectors/framework/families.h"
#include "tests/support/exposition_page.h"

namespace hostnet {
namespace {

TEST(Samples, KeepsLabelsByNameHoweverTheyCome) {
  Samples samples;
  add_sample(samples, {{"b", "2"}, {"a", "1"}}, 7);
  add_sample(samples, {{"a", "1"}, {"b", "3"}}, 8);
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_EQ(samples.label_name(0, 0), "a");
  EXPECT_EQ(samples.label_value(0, 0), "1");
  EXPECT_EQ(samples.label_value(0, 1), "2");
  EXPECT_EQ(samples.value(1), 8);
  EXPECT_LT(samples.compare(0, 1), 0);
}

TEST(Samples, OrdersByFewerLabelsThenValuesThenNames) {
  Samples samples;
  add_sample(samples, {{"z", "9"}}, 0);
  add_sample(samples, {{"a", "1"}, {"b", "1"}}, 0);
  add_sample(samples, {{"a", "1"}, {"c", "1"}}, 0);
  add_sample(samples, {{"a", "1"}, {"b", "1"}}, 1);
  EXPECT_LT(samples.compare(0, 1), 0);
  EXPECT_LT(samples.compare(1, 2), 0);
  EXPECT_EQ(samples.compare(1, 3), 0);
}

TEST(Samples, SaysWhichLabelNameNoParserTakes) {
  Samples samples;
  add_sample(samples, {{"good", ""}}, 0);
  add_sample(samples, {{"not-good", ""}}, 0);
  add_sample(samples, {{"", ""}}, 0);
  add_sample(samples, {{"twice", "1"}, {"twice", "2"}}, 0);
  EXPECT_FALSE(samples.bad_name(0));
  EXPECT_EQ(samples.bad_name(1), "not-good");
  EXPECT_EQ(samples.bad_name(2), "");
  EXPECT_EQ(samples.bad_name(3), "twice");
}

TEST(Samples, AreEmptyAfterClear) {
  Samples samples;
  add_sample(samples, {{"a", "1"}}, 1);
  samples.clear();
  EXPECT_EQ(samples.size(), 0U);
  add_sample(samples, {{"b", "2"}}, 2);
  EXPECT_EQ(samples.label_name(0, 0), "b");
  EXPECT_EQ(samples.label_value(0, 0), "2");
}

// Two sources of one family: in order, and the first of two samples that are the same.
TEST(Samples, MergeWithThoseOfAnotherSource) {
  const MetricSource one{"m",
                         "h",
                         kGauge,
                         [](Samples& samples) {
                           add_sample(samples, {{"device", "b"}}, 1);
                           add_sample(samples, {{"device", "d"}}, 2);
                         },
                         {}};
  const MetricSource other{"m",
                           "h",
                           kGauge,
                           [](Samples& samples) {
                             add_sample(samples, {{"device", "a"}}, 3);
                             add_sample(samples, {{"device", "d"}}, 4);
                           },
                           {}};
  EXPECT_EQ(page_of({one, other}),
            "# HELP m h\n# TYPE m gauge\n"
            "m{device=\"a\"} 3\nm{device=\"b\"} 1\nm{device=\"d\"} 2\n");
  EXPECT_EQ(page_of({other, one}),
            "# HELP m h\n# TYPE m gauge\n"
            "m{device=\"a\"} 3\nm{device=\"b\"} 1\nm{device=\"d\"} 4\n");
}

TEST(Samples, AListsFamiliesComeOutMoreThanOnce) {
  FamilyList families;
  families.add("m", "h", kGauge, {{"a", "1"}, {"b", "2"}}, 1.5);
  const auto sources = families.take();
  EXPECT_EQ(page_of(sources), page_of(sources));
  EXPECT_EQ(page_of(sources), "# HELP m h\n# TYPE m gauge\nm{a=\"1\",b=\"2\"} 1.5\n");
  EXPECT_TRUE(families.take().empty());
}

}  // namespace
}  // namespace hostnet
