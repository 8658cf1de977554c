#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

// The zone is the process's: Nepal's for as long as this lives.
class InNepal {
 public:
  InNepal() { set("NPT-5:45"); }
  ~InNepal() { set(nullptr); }
  InNepal(const InNepal&) = delete;
  InNepal& operator=(const InNepal&) = delete;

 private:
  static void set(const char* zone) {
    if (zone != nullptr) {
      ::setenv("TZ", zone, 1);  // NOLINT(concurrency-mt-unsafe): this program's only thread
    } else {
      ::unsetenv("TZ");  // NOLINT(concurrency-mt-unsafe)
    }
    ::tzset();
  }
};

constexpr auto kClockOnly =
    "# TYPE node_time_seconds gauge\nnode_time_seconds 1.767323045123e+09\n"
    "# TYPE node_time_zone_offset_seconds gauge\n"
    "node_time_zone_offset_seconds{time_zone=\"NPT\"} 20700\n";

NodeBuilder node_with_clock() {
  NodeBuilder builder;
  builder.clock()->advance(std::chrono::milliseconds(123));
  return builder;
}

TEST(Time, TellsTheClockItsZoneAndItsSources) {
  const InNepal zone;
  auto builder = node_with_clock();
  const std::string directory = "sys/devices/system/clocksource/";
  builder.file(directory + "clocksource0/available_clocksource", "tsc kvm-clock \n");
  builder.file(directory + "clocksource0/current_clocksource", "tsc\n");
  builder.file(directory + "power/control", "auto\n");
  EXPECT_EQ(
      *TestCollector("time").page(builder.build()),
      std::string("# TYPE node_time_clocksource_available_info gauge\n"
                  "node_time_clocksource_available_info{clocksource=\"kvm-clock\","
                  "device=\"0\"} 1\n"
                  "node_time_clocksource_available_info{clocksource=\"tsc\",device=\"0\"} 1\n"
                  "# TYPE node_time_clocksource_current_info gauge\n"
                  "node_time_clocksource_current_info{clocksource=\"tsc\",device=\"0\"} 1\n") +
          kClockOnly);
}

TEST(Time, AClockSourceThatCannotBeReadIsLeftOut) {
  const InNepal zone;
  EXPECT_EQ(*TestCollector("time").page(node_with_clock().build()), kClockOnly);
  auto builder = node_with_clock();
  const std::string source = "sys/devices/system/clocksource/clocksource0/";
  builder.file(source + "available_clocksource", "tsc");
  EXPECT_EQ(*TestCollector("time").page(builder.build()), kClockOnly);
  builder.file_error(source + "current_clocksource", failure(Reason::denied, "no").error());
  EXPECT_EQ(*TestCollector("time").page(builder.build()), kClockOnly);
}

}  // namespace
}  // namespace hostnet
