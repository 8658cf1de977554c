#include "collectors/exposition/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>

#include "collectors/framework/families.h"
#include "tests/support/fixtures.h"

namespace hostnet {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;
using ::testing::HasSubstr;

constexpr auto kText = ExpositionFormat::text;
constexpr auto kOpenMetrics = ExpositionFormat::openmetrics;

std::string exposed(const std::vector<MetricSource>& sources, ExpositionFormat format = kText,
                    ExpositionResult* result = nullptr) {
  std::string page;
  const auto done = write_exposition(sources, format, [&](std::string_view piece) {
    page += piece;
    return true;
  });
  if (result != nullptr) *result = done;
  return page;
}

std::string spelled(double value, ExpositionFormat format = kText) {
  TextBuffer out;
  append_value(out, value, format);
  return std::string(out.text());
}

TEST(Value, IsSpelledAsGoDoes) {
  const std::vector<std::pair<double, std::string>> table = {
      {0, "0"},
      {-0.0, "0"},
      {1, "1"},
      {-1, "-1"},
      {916354, "916354"},
      {999999, "999999"},
      {1000000, "1e+06"},
      {1234567, "1.234567e+06"},
      {5577791, "5.577791e+06"},
      {125000000, "1.25e+08"},
      {-125000, "-125000"},
      {-1250000, "-1.25e+06"},
      {999999.5, "999999.5"},
      {1234567.5, "1.2345675e+06"},
      {0.5, "0.5"},
      {0.0001, "0.0001"},
      {0.00001, "1e-05"},
      {0.000012345, "1.2345e-05"},
      {1e100, "1e+100"},
      {1e-300, "1e-300"},
      {9007199254740991.0, "9.007199254740991e+15"},
      {9007199254740992.0, "9.007199254740992e+15"},
      {18446744073709551615.0, "1.8446744073709552e+19"},
      {1.7953005008105352e+09, "1.7953005008105352e+09"},
      {0.1 + 0.2, "0.30000000000000004"},
      {5e-324, "5e-324"},
      {std::numeric_limits<double>::max(), "1.7976931348623157e+308"},
      {std::numeric_limits<double>::infinity(), "+Inf"},
      {-std::numeric_limits<double>::infinity(), "-Inf"},
      {std::numeric_limits<double>::quiet_NaN(), "NaN"},
  };
  for (const auto& [value, expected] : table) EXPECT_EQ(spelled(value), expected);
}

TEST(Value, IsAFloatInOpenMetrics) {
  EXPECT_EQ(spelled(1, kOpenMetrics), "1.0");
  EXPECT_EQ(spelled(0, kOpenMetrics), "0.0");
  EXPECT_EQ(spelled(916354, kOpenMetrics), "916354.0");
  EXPECT_EQ(spelled(1e6, kOpenMetrics), "1e+06");
  EXPECT_EQ(spelled(0.5, kOpenMetrics), "0.5");
  EXPECT_EQ(spelled(std::numeric_limits<double>::infinity(), kOpenMetrics), "+Inf");
}

// A reader of text 0.0.4 that is good enough for pages of node_exporter.
struct ParsedPage {
  std::map<std::string, MetricFamily> families;

  explicit ParsedPage(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("# TYPE ")) {
        std::istringstream words(line.substr(7));
        std::string name;
        std::string type;
        words >> name >> type;
        current = &families[name];
        current->name = name;
        current->type = type == "counter"   ? MetricType::Counter
                        : type == "gauge"   ? MetricType::Gauge
                        : type == "summary" ? MetricType::Summary
                                            : MetricType::Untyped;
      } else {
        sample(line);
      }
    }
  }

 private:
  void sample(const std::string& line) {
    std::vector<prometheus::ClientMetric::Label> labels;
    std::size_t at = line.find_first_of("{ ");
    const std::string name = line.substr(0, at);
    while (line[at] != ' ') {
      const auto equals = line.find('=', ++at);
      if (line[at - 1] == '}') break;
      prometheus::ClientMetric::Label label{line.substr(at, equals - at), ""};
      for (at = equals + 2; line[at] != '"'; ++at) {
        if (line[at] == '\\') ++at;
        label.value += line[at - 1] == '\\' && line[at] == 'n' ? '\n' : line[at];
      }
      labels.push_back(label);
      ++at;
    }
    const std::string text = line.substr(line.rfind(' ') + 1);
    double value = 0;
    const char* begin = text.data() + (text[0] == '+' ? 1 : 0);
    std::from_chars(begin, text.data() + text.size(), value);
    if (current->type != MetricType::Summary) {
      auto& metric = current->metric.emplace_back();
      metric.label = labels;
      metric.untyped.value = value;
      return;
    }
    if (current->metric.empty()) current->metric.emplace_back();
    auto& summary = current->metric.back().summary;
    if (name.ends_with("_sum")) {
      summary.sample_sum = value;
    } else if (name.ends_with("_count")) {
      summary.sample_count = static_cast<std::uint64_t>(value);
    } else {
      summary.quantile.push_back({std::stod(labels.back().value), value});
    }
  }

  MetricFamily* current{};
};

TEST(Exposition, RendersARealNodeExporterPageByteForByte) {
  std::ifstream file(fixtures() + "/node_exporter/page.txt");
  const std::string page((std::istreambuf_iterator<char>(file)), {});
  ASSERT_GT(page.size(), 30000U);
  const ParsedPage parsed(page);
  std::vector<MetricSource> sources;
  std::mt19937 random(1);
  for (const auto& [name, family] : parsed.families) {
    auto shuffled = family.metric;
    std::ranges::shuffle(shuffled, random);
    for (auto& metric : shuffled) std::ranges::shuffle(metric.label, random);
    auto& source = sources.emplace_back(name, "", family.type);
    if (family.type == MetricType::Summary) {
      source.fill = [shuffled](MetricFamily& out) { out.metric = shuffled; };
    } else {
      source.stream = [shuffled](Samples& out) {
        for (const auto& metric : shuffled) add_sample(out, metric.label, metric.untyped.value);
      };
    }
  }
  std::ranges::shuffle(sources, random);
  std::istringstream lines(exposed(sources));
  std::string without_help;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("# HELP")) without_help += line + "\n";
  }
  EXPECT_EQ(without_help, page);
}

TEST(Exposition, MergesTheFamiliesOfSeveralCollectorsAndSortsThem) {
  const std::vector<MetricSource> sources = {
      {"b", "Second.", kGauge, [](Samples& f) { add_sample(f, {{"device", "lo"}}, 2); }},
      {"a_total", "First.", kCounter, [](Samples& f) { add_sample(f, {}, 7); }},
      {"b", "Other words.", kGauge, [](Samples& f) { add_sample(f, {{"device", "eth0"}}, 1); }},
  };
  EXPECT_EQ(exposed(sources),
            "# HELP a_total First.\n# TYPE a_total counter\na_total 7\n"
            "# HELP b Second.\n# TYPE b gauge\nb{device=\"eth0\"} 1\nb{device=\"lo\"} 2\n");
}

// Eight bytes are compared at once, so the place of the odd one must not matter.
TEST(Exposition, EscapesWhereverItStands) {
  const std::vector<std::pair<std::string, std::string>> odd = {{"\\", "\\\\"},
                                                                {"\n", "\\n"},
                                                                {"\"", "\\\""},
                                                                {"\xff", "\xEF\xBF\xBD"},
                                                                {"\xC3\xA9", "\xC3\xA9"}};
  for (const auto& [given, escaped] : odd) {
    for (std::size_t before = 0; before < 20; ++before) {
      for (std::size_t after = 0; after < 20; ++after) {
        const std::string start(before, '[');
        const std::string end(after, '#');
        const MetricSource source{"m", "h", kGauge, [&](Samples& samples) {
                                    add_sample(samples, {{"l", start + given + end}}, 1);
                                  }};
        EXPECT_THAT(exposed({source}), HasSubstr("m{l=\"" + start + escaped + end + "\"} 1\n"));
      }
    }
  }
}

TEST(Exposition, EscapesWhatTheFormatReserves) {
  const std::vector<MetricSource> sources = {
      {"a", "back\\slash \"quote\"\nnext", kGauge,
       [](Samples& f) { add_sample(f, {{"x", "back\\slash \"quote\"\nnext"}}, 1); }}};
  EXPECT_EQ(exposed(sources),
            "# HELP a back\\\\slash \"quote\"\\nnext\n# TYPE a gauge\n"
            "a{x=\"back\\\\slash \\\"quote\\\"\\nnext\"} 1\n");
  EXPECT_THAT(exposed(sources, kOpenMetrics), HasSubstr("HELP a back\\\\slash \\\"quote\\\"\\n"));
}

TEST(Exposition, ReplacesBytesThatAreNoUtf8) {
  const std::vector<MetricSource> sources = {
      {"a", "", kGauge, [](Samples& f) {
         add_sample(f, {{"x", "1 \xff\xc3\x28 \xed\xa0\x80"}}, 1);
         add_sample(f, {{"x", "2 caf\xc3\xa9 \xf0\x9f\x98\x80 \xe2\x82\xac"}}, 1);
         add_sample(f, {{"x", "3 \xf0\x9f"}}, 1);
       }}};
  EXPECT_EQ(exposed(sources),
            "# HELP a \n# TYPE a gauge\n"
            "a{x=\"1 \uFFFD\uFFFD( \uFFFD\uFFFD\uFFFD\"} 1\n"
            "a{x=\"2 caf\xc3\xa9 \xf0\x9f\x98\x80 \xe2\x82\xac\"} 1\n"
            "a{x=\"3 \uFFFD\uFFFD\"} 1\n");
}

// What Prometheus would refuse the whole page for.
TEST(Exposition, TwoNamesThatDifferOnlyInInvalidBytesAreNoTwoSeries) {
  struct Case {
    std::string_view first, second;
    bool same;
  };
  for (const auto& [first, second, same] : {
           Case{"eth\xff", "eth\xfe", true},
           {"\xff\xfe", "\xfe\xff", true},
           {"\xc3(", "\xff(", true},                // a sequence that is cut
           {"\xed\xa0\x80", "\x80\x80\x80", true},  // a surrogate: three bytes, three times
           {"eth\xff", "eth\uFFFD", true},          // and the character itself
           {"eth\xff", "eth\xff\xff", false},
           {"eth\xff", "eth", false},
           {"caf\xc3\xa9", "caf\xc3\xa8", false},
           {"eth\xff", "eth\\xff", false},
       }) {
    const MetricSource source{"a", "h", kGauge, [&](Samples& samples) {
                                add_sample(samples, {{"device", first}}, 1);
                                add_sample(samples, {{"device", second}}, 2);
                              }};
    ExpositionResult result;
    const auto page = exposed({source}, kText, &result);
    EXPECT_EQ(result.series, same ? 1U : 2U) << page;
    EXPECT_EQ(result.duplicates, same ? 1U : 0U) << page;
    EXPECT_THAT(page, HasSubstr("\"} 1\n"));
  }
}

TEST(Exposition, KeepsTheFirstOfTwoEqualSamplesAndTells) {
  const std::vector<MetricSource> sources = {
      {"a", "h", kGauge, [](Samples& f) { add_sample(f, {{"device", "z"}, {"ip", "1"}}, 1); }},
      {"a", "h", kGauge, [](Samples& f) {
         add_sample(f, {{"ip", "1"}, {"device", "z"}}, 2);
         add_sample(f, {{"device", "b"}, {"ip", "1"}}, 3);
       }}};
  ExpositionResult result;
  EXPECT_EQ(exposed(sources, kText, &result),
            "# HELP a h\n# TYPE a gauge\na{device=\"b\",ip=\"1\"} 3\na{device=\"z\",ip=\"1\"} 1\n");
  EXPECT_EQ(result.duplicates, 1U);
  EXPECT_EQ(result.series, 2U);
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_EQ(result.problems[0], "a{device=\"z\",ip=\"1\"} came twice");
}

TEST(Exposition, LeavesOutWhatPrometheusWouldRefuse) {
  const auto one = [](Samples& f) { add_sample(f, {}, 1); };
  const std::vector<MetricSource> sources = {{"bad-name", "h", kGauge, one},
                                             {"clash", "h", kGauge, one},
                                             {"clash", "h", kCounter, one},
                                             {"empty", "h", kGauge, [](auto&) {}},
                                             {"labels", "h", kGauge, [](Samples& f) {
                                                add_sample(f, {{"a-b", "1"}}, 1);
                                                add_sample(f, {{"a", "1"}, {"a", "2"}}, 1);
                                                add_sample(f, {{"ok", "1"}}, 1);
                                              }}};
  ExpositionResult result;
  EXPECT_EQ(exposed(sources, kText, &result),
            "# HELP clash h\n# TYPE clash gauge\nclash 1\n"
            "# HELP labels h\n# TYPE labels gauge\nlabels{ok=\"1\"} 1\n");
  EXPECT_EQ(result.invalid, 4U);
}

TEST(Exposition, WritesHistogramsInBothFormats) {
  const std::vector<MetricSource> sources = {
      {"h", "x", MetricType::Histogram, {}, [](MetricFamily& f) {
         auto& metric = f.metric.emplace_back();
         metric.label = {{"stage", "tick"}};
         metric.histogram.bucket = {{3, 0.001}, {5, 1}};
         metric.histogram.sample_count = 6;
         metric.histogram.sample_sum = 12.5;
       }}};
  EXPECT_EQ(exposed(sources),
            "# HELP h x\n# TYPE h histogram\n"
            "h_bucket{stage=\"tick\",le=\"0.001\"} 3\nh_bucket{stage=\"tick\",le=\"1\"} 5\n"
            "h_bucket{stage=\"tick\",le=\"+Inf\"} 6\n"
            "h_sum{stage=\"tick\"} 12.5\nh_count{stage=\"tick\"} 6\n");
  EXPECT_THAT(exposed(sources, kOpenMetrics), HasSubstr("le=\"1.0\"} 5\n"));
}

TEST(Exposition, SpeaksOpenMetrics) {
  const auto one = [](Samples& f) { add_sample(f, {}, 1); };
  const std::vector<MetricSource> sources = {{"a_total", "h", kCounter, one},
                                             {"c", "h", kGauge, one},
                                             {"c_total", "h", kCounter, one},
                                             {"odd", "h", kCounter, one},
                                             {"u", "h", kUntyped, one}};
  EXPECT_EQ(exposed(sources, kOpenMetrics),
            "# HELP a h\n# TYPE a counter\na_total 1.0\n"
            "# HELP c h\n# TYPE c gauge\nc 1.0\n"
            "# HELP c_total h\n# TYPE c_total unknown\nc_total 1.0\n"
            "# HELP odd h\n# TYPE odd unknown\nodd 1.0\n"
            "# HELP u h\n# TYPE u unknown\nu 1.0\n# EOF\n");
}

TEST(Exposition, StreamsInPiecesAndStopsWhenTheReaderIsGone) {
  const std::vector<MetricSource> sources = {{"a", "h", kGauge, [](Samples& f) {
                                                for (int i = 10000; i < 20000; ++i)
                                                  add_sample(f, {{"device", std::to_string(i)}}, i);
                                              }}};
  std::size_t pieces = 0;
  std::size_t longest = 0;
  const auto all = write_exposition(sources, kText, [&](std::string_view piece) {
    ++pieces;
    longest = std::max(longest, piece.size());
    return true;
  });
  EXPECT_TRUE(all.complete);
  EXPECT_GT(pieces, 3U);
  EXPECT_LT(longest, 70000U);
  pieces = 0;
  const auto cut = write_exposition(sources, kText, [&](std::string_view) { return ++pieces < 2; });
  EXPECT_FALSE(cut.complete);
  EXPECT_EQ(pieces, 2U);
}

TEST(Negotiate, AnswersAsPromhttpDoes) {
  EXPECT_EQ(negotiate(""), kText);
  EXPECT_EQ(negotiate("*/*"), kText);
  EXPECT_EQ(negotiate("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"), kText);
  EXPECT_EQ(negotiate("application/openmetrics-text; version=1.0.0"), kOpenMetrics);
  EXPECT_EQ(negotiate("application/openmetrics-text;version=\"1.0.0\",*/*;q=0.1"), kOpenMetrics);
  EXPECT_EQ(negotiate("application/openmetrics-text;version=1.0.0,"
                      "application/openmetrics-text;version=0.0.1;q=0.75,"
                      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            kOpenMetrics);
  EXPECT_EQ(negotiate("application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5"),
            kText);
  EXPECT_EQ(negotiate("text/plain;version=0.0.4;q=0.3,application/openmetrics-text;q=0.9"),
            kOpenMetrics);
  EXPECT_EQ(negotiate("text/plain,application/openmetrics-text"), kText);
  EXPECT_EQ(negotiate("application/openmetrics-text;q=0"), kText);
  EXPECT_EQ(negotiate("Application/OpenMetrics-Text ; VERSION=1.0.0 ; Q=1"), kOpenMetrics);
  EXPECT_EQ(negotiate(";;;,,=;q=,"), kText);
}

}  // namespace
}  // namespace hostnet
