// Every /proc parser against files that are cut, too long and nonsense: it says
// which file and why, or it reads what is there; the others go on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "collectors/framework/runner.h"
#include "collectors/registry.h"
#include "tests/collectors/collect.h"
#include "tests/collectors/default_options.h"
#include "tests/collectors/proc_samples.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;

// A node with every file as it should be.
NodeBuilder node_with_samples() {
  NodeBuilder builder;
  for (const auto& sample : kProcSamples) {
    builder.file(std::string(sample.path), std::string(sample.contents));
  }
  builder.identity().own_net_namespace.reset();  // so that udp_queues reads its files
  return builder.sysctl("net.netfilter.nf_conntrack_max", "65536");
}

class MalformedFiles : public ::testing::TestWithParam<ProcSample> {
 protected:
  Result<std::string> page_with(std::string contents) const {
    auto builder = node_with_samples();
    builder.file(std::string(GetParam().path), std::move(contents));
    return collector_.page(builder.build());
  }
  // A page, or an error that names the file.
  void expect_page_or_reason(const std::string& contents, std::string_view what) const {
    const auto page = page_with(contents);
    if (page) return;
    EXPECT_EQ(page.error().reason, Reason::malformed) << what;
    EXPECT_THAT(page.error().message, HasSubstr(GetParam().path)) << what;
    EXPECT_LT(page.error().message.size(), 1000U) << what;
  }

  TestCollector collector_{GetParam().collector, kFileOptions};
};

TEST_P(MalformedFiles, TheWholeSampleIsRead) {
  const auto page = page_with(std::string(GetParam().contents));
  EXPECT_TRUE(page) << page.error().message;
}

TEST_P(MalformedFiles, OneThatIsCutAnywhereIsReadOrNamed) {
  for (std::size_t end = 0; end < GetParam().contents.size(); ++end) {
    expect_page_or_reason(std::string(GetParam().contents.substr(0, end)),
                          "cut at " + std::to_string(end));
  }
}

// gVisor's and LXCFS's files lack it, and so do other people's fixtures.
TEST_P(MalformedFiles, TheLastLineNeedsNoNewline) {
  std::string contents(GetParam().contents);
  const auto whole = page_with(contents);
  ASSERT_TRUE(contents.ends_with('\n'));
  contents.pop_back();
  EXPECT_EQ(page_with(contents), whole);
}

// Among them one that is longer than the seam reads (Reason::exhausted): no part
// of it is taken for the whole.
TEST_P(MalformedFiles, OneThatCannotBeReadIsAnError) {
  for (const Reason reason : {Reason::denied, Reason::exhausted, Reason::internal}) {
    // Who may not read conntrack's statistics has the table's size.
    if (reason == Reason::denied && GetParam().path.ends_with("stat/nf_conntrack")) continue;
    auto builder = node_with_samples();
    builder.file_error(std::string(GetParam().path), failure(reason, "no").error());
    EXPECT_EQ(error_of(collector_, builder.build()).reason, reason) << to_string(reason);
  }
}

TEST_P(MalformedFiles, NonsenseIsNamed) {
  for (const std::string& line :
       {std::string("?? nonsense ??"), std::string("\0\0\0\0", 4), std::string("\xff\xfe {}[]"),
        std::string(200'000, 'x'), std::string(":")}) {
    std::string contents;
    for (int i = 0; i < 5; ++i) contents += line + "\n";
    const auto page = page_with(contents);
    ASSERT_FALSE(page) << line.substr(0, 20) << " gave " << page->substr(0, 200);
    EXPECT_THAT(page.error().message, HasSubstr(GetParam().path));
    EXPECT_LT(page.error().message.size(), 1000U) << line.substr(0, 20);
  }
}

TEST_P(MalformedFiles, NumbersThatAreTooLongAreNamed) {
  std::string contents(GetParam().contents);
  const auto digit = contents.find_last_of("123456789");
  contents.insert(digit, std::string(100'000, '9'));
  expect_page_or_reason(contents, "a number of 100,000 digits");
}

TEST_P(MalformedFiles, BytesThatChangeAreReadOrNamed) {
  std::mt19937 random(20'000);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same every time
  const std::string_view whole = GetParam().contents;
  for (int round = 0; round < 300; ++round) {
    std::string contents(whole);
    for (int change = 0; change < 3; ++change) {
      contents[random() % contents.size()] = static_cast<char>(random() % 256);
    }
    expect_page_or_reason(contents, contents);
  }
}

std::string name_of_sample(const ::testing::TestParamInfo<ProcSample>& sample) {
  std::string name(sample.param.path);
  std::ranges::replace_if(name, [](char c) { return c == '/'; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Proc, MalformedFiles, ::testing::ValuesIn(kProcSamples), name_of_sample);

TEST(MalformedFile, CostsItsOwnCollectorAndNoOther) {
  for (const auto& broken : kProcSamples) {
    auto builder = node_with_samples();
    builder.file(std::string(broken.path), "y\n?\n\"\n=\n");
    std::set<std::string, std::less<>> names;
    for (const auto& sample : kProcSamples) names.emplace(sample.collector);
    const auto runner =
        CollectorRunner::create(std::make_shared<const Node>(builder.build()), all_collectors(),
                                [&](const Collector& row) { return names.contains(row.name); },
                                options_with_defaults(kFileOptions), {}, {});
    ASSERT_TRUE(runner);
    const auto collected = (*runner)->collect(*(*runner)->filter({}, {}), std::chrono::seconds(30));
    for (const auto& outcome : collected.outcomes) {
      // Conntrack's statistics are one of the files that lnstat reads.
      const bool concerned =
          outcome.name == broken.collector ||
          (outcome.name == "lnstat" && broken.path == "proc/1/net/stat/nf_conntrack");
      EXPECT_EQ(outcome.success(), !concerned)
          << broken.path << ", " << outcome.name << ": "
          << (outcome.error ? outcome.error->message : "success");
    }
  }
}

}  // namespace
}  // namespace hostnet
