#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/framework/metric_name.h"
#include "collectors/framework/pattern.h"
#include "collectors/framework/text_file.h"
#include "collectors/framework/widen.h"
#include "tests/support/memory_files.h"

namespace hostnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(NotANumber, SaysWhatIsWrongAndRepeatsLittleOfIt) {
  EXPECT_EQ(not_a_number("18446744073709551616"), "\"18446744073709551616\" is too large");
  EXPECT_EQ(not_a_number("ff"), "\"ff\" is not a number");
  EXPECT_EQ(not_a_number(""), "\"\" is not a number");
  EXPECT_EQ(not_a_number("10000000000000000", 16), "\"10000000000000000\" is too large");
  EXPECT_EQ(not_a_number("0x1", 16), "\"0x1\" is not a hexadecimal number");
  EXPECT_EQ(not_a_number(std::string(41, 'x')),
            "\"" + std::string(40, 'x') + "...\" is not a number");
}

TEST(MetricName, SanitizesAsNodeExporterDoes) {
  const std::vector<std::pair<std::string_view, std::string_view>> table = {
      {"", ""},
      {"net.ipv4.ip_forward", "net_ipv4_ip_forward"},
      {"port.rx_errors", "port_rx_errors"},
      {"[3]: tx_bytes", "_3_tx_bytes"},
      {"a_.b", "a_b"},
      {"a._b", "a_b"},
      {"a.__.b", "a__b"},
      {"__a__b__", "__a__b__"},
      {"??? ???", "_"},
      {"caf\xc3\xa9", "caf_"},
  };
  for (const auto& [text, name] : table) EXPECT_EQ(sanitized_name(text), name) << text;
}

TEST(MetricName, MayHaveColonsALabelsNameMayNot) {
  for (const auto* good : {"a", "_", "A9_z"}) {
    EXPECT_TRUE(is_metric_name(good)) << good;
    EXPECT_TRUE(is_label_name(good)) << good;
  }
  for (const auto* bad : {"", "9a", "a-b", "a b", "\xc3\xa9"}) {
    EXPECT_FALSE(is_metric_name(bad)) << bad;
    EXPECT_FALSE(is_label_name(bad)) << bad;
  }
  EXPECT_TRUE(is_metric_name(":a:b"));
  EXPECT_FALSE(is_label_name("a:b"));
}

TEST(LineReader, SplitsAtBlanksAndSaysWhereItDoesNotParse) {
  LineReader reader("proc/net/x", "a  1\tff \r\n\nlast");
  ASSERT_TRUE(reader.next());
  EXPECT_THAT(reader.fields(), ElementsAre("a", "1", "ff"));
  EXPECT_EQ(reader.u64(1), 1U);
  EXPECT_EQ(reader.hex(2), 255U);
  EXPECT_EQ(reader.number_in("12"), 12U);
  for (const auto* bad : {"", "-1", "+1", " 1", "1 ", "0x1", "1.5", "18446744073709551616"}) {
    EXPECT_FALSE(reader.number_in(bad)) << bad;
  }
  EXPECT_EQ(reader.u64(0).error().message, "proc/net/x line 1: \"a\" is not a number");
  EXPECT_EQ(reader.u64(3).error().message, "proc/net/x line 1: has 3 fields, expected 4");
  EXPECT_EQ(reader.u64(3).error().reason, Reason::malformed);
  ASSERT_TRUE(reader.next());
  EXPECT_TRUE(reader.fields().empty());
  ASSERT_TRUE(reader.next());
  EXPECT_THAT(reader.fields(), ElementsAre("last"));
  EXPECT_EQ(reader.number(), 3U);
  EXPECT_FALSE(reader.next());
}

TEST(NetPath, PrefersTheNamespaceOfPidOne) {
  MemoryFiles files;
  files.put_file("proc/net/snmp", "");
  EXPECT_EQ(net_path(files, "snmp"), "proc/net/snmp");
  files.put_file("proc/1/net/snmp", "");
  EXPECT_EQ(net_path(files, "snmp"), "proc/1/net/snmp");
}

TEST(Pattern, IsUnanchoredAndAnswersAgainFromMemory) {
  const auto pattern = Pattern::compile("x.device-exclude", "^(veth|cali).*|lo$");
  ASSERT_TRUE(pattern);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(pattern->found_in("veth12"));
    EXPECT_TRUE(pattern->found_in("hello"));
    EXPECT_FALSE(pattern->found_in("eth0"));
  }
}

TEST(Pattern, NamesTheFlagThatIsNoExpression) {
  EXPECT_THAT(Pattern::compile("arp.device-include", "(").error().message,
              HasSubstr("--collector.arp.device-include: \"(\" is no regular expression"));
  EXPECT_FALSE(Pattern::compile("arp.device-include", std::string(5000, 'a')));
}

TEST(Pattern, DoesNotHangOnAPatternThatBacktracks) {
  const auto pattern = Pattern::compile("f", "^(a+)+$");
  ASSERT_TRUE(pattern);
  EXPECT_FALSE(pattern->found_in(std::string(127, 'a') + "!"));
}

TEST(DeviceFilter, IncludesOrExcludesNeverBoth) {
  const auto make = [](std::string_view include, std::string_view exclude) {
    return DeviceFilter::make("arp.device-include", include, "arp.device-exclude", exclude);
  };
  EXPECT_TRUE(make("", "")->keeps("lo"));
  EXPECT_FALSE(make("^eth", "")->keeps("lo"));
  EXPECT_TRUE(make("^eth", "")->keeps("eth0"));
  EXPECT_FALSE(make("", "^eth")->keeps("eth0"));
  EXPECT_EQ(make("a", "b").error().message,
            "--collector.arp.device-include and --collector.arp.device-exclude exclude each other");
}

TEST(Widener, ContinuesAcrossAWrapAndStartsAgainAfterAReset) {
  Widener widener;
  EXPECT_EQ(widener.widen("a", 0xFFFFFFF0U), 0xFFFFFFF0U);
  EXPECT_EQ(widener.widen("a", 0x10U), 0x100000010U);
  EXPECT_EQ(widener.widen("a", 0x20U), 0x100000020U);
  EXPECT_EQ(widener.widen("b", 1000), 1000U);
  EXPECT_EQ(widener.widen("b", 3), 3U);
  EXPECT_EQ(widener.widen("b", 4), 4U);
}

}  // namespace
}  // namespace hostnet
