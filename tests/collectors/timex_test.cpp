#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/timex.h>

#include "netlink/node/recording/replay.h"
#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"
#include "tests/support/temporary_directory.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;

// A clock that chrony steers, with a pulse per second; every field another number.
ClockDiscipline steered_clock() {
  return {.state = TIME_OK,
          .status = STA_PLL | STA_NANO,
          .offset = -123'456,
          .freq = 655'360,  // 10 parts per million
          .maxerror = 500'000,
          .esterror = 250,
          .constant = 7,
          .tick = 10'000,
          .ppsfreq = 131'072,
          .jitter = 4'000,
          .shift = 4,
          .stabil = 65'536,
          .jitcnt = 11,
          .calcnt = 12,
          .errcnt = 13,
          .stbcnt = 14,
          .tai = 37};
}

NodeBuilder node_with_clock_of(const ClockDiscipline& discipline) {
  NodeBuilder builder;
  builder.clock()->steered = discipline;
  return builder;
}

TEST(Timex, HasNodeExportersFamiliesInItsUnits) {
  EXPECT_EQ(*TestCollector("timex").page(node_with_clock_of(steered_clock()).build()),
            R"(# TYPE node_timex_estimated_error_seconds gauge
node_timex_estimated_error_seconds 0.00025
# TYPE node_timex_frequency_adjustment_ratio gauge
node_timex_frequency_adjustment_ratio 1.00001
# TYPE node_timex_loop_time_constant gauge
node_timex_loop_time_constant 7
# TYPE node_timex_maxerror_seconds gauge
node_timex_maxerror_seconds 0.5
# TYPE node_timex_offset_overflow_total counter
node_timex_offset_overflow_total 0
# TYPE node_timex_offset_seconds gauge
node_timex_offset_seconds -0.000123456
# TYPE node_timex_pps_calibration_total counter
node_timex_pps_calibration_total 12
# TYPE node_timex_pps_error_total counter
node_timex_pps_error_total 13
# TYPE node_timex_pps_frequency_hertz gauge
node_timex_pps_frequency_hertz 2e-06
# TYPE node_timex_pps_jitter_seconds gauge
node_timex_pps_jitter_seconds 4e-06
# TYPE node_timex_pps_jitter_total counter
node_timex_pps_jitter_total 11
# TYPE node_timex_pps_shift_seconds gauge
node_timex_pps_shift_seconds 4
# TYPE node_timex_pps_stability_exceeded_total counter
node_timex_pps_stability_exceeded_total 14
# TYPE node_timex_pps_stability_hertz gauge
node_timex_pps_stability_hertz 1e-06
# TYPE node_timex_status gauge
node_timex_status 8193
# TYPE node_timex_sync_status gauge
node_timex_sync_status 1
# TYPE node_timex_tai_offset_seconds gauge
node_timex_tai_offset_seconds 37
# TYPE node_timex_tick_seconds gauge
node_timex_tick_seconds 0.01
)");
}

TEST(Timex, CountsInMicrosecondsWithoutTheBitForNanoseconds) {
  auto discipline = steered_clock();
  discipline.status = STA_PLL;
  const auto page = *TestCollector("timex").page(node_with_clock_of(discipline).build());
  EXPECT_THAT(page, HasSubstr("node_timex_offset_seconds -0.123456\n"));
  EXPECT_THAT(page, HasSubstr("node_timex_pps_jitter_seconds 0.004\n"));
  EXPECT_THAT(page, HasSubstr("node_timex_maxerror_seconds 0.5\n"));
}

TEST(Timex, AClockThatNobodySteersIsNotSynchronized) {
  // As the kernel says it after boot; a leap second that is to come is no error.
  for (const auto& [state, synchronized] :
       {std::pair{TIME_ERROR, '0'}, {TIME_INS, '1'}, {TIME_DEL, '1'}, {TIME_WAIT, '1'}}) {
    auto discipline = steered_clock();
    discipline.state = state;
    EXPECT_THAT(*TestCollector("timex").page(node_with_clock_of(discipline).build()),
                HasSubstr(std::string("node_timex_sync_status ") + synchronized + "\n"));
  }
}

TEST(Timex, CountsTheScrapesWithAnOffsetThatNoClockHas) {
  const TestCollector collector("timex");
  auto discipline = steered_clock();
  for (const auto& [offset, count] : {std::pair{4'300'000'000LL, '1'},
                                      {-4'300'000'000LL, '2'},
                                      {4'000'000'000LL, '2'},
                                      {0LL, '2'}}) {
    discipline.offset = offset;
    EXPECT_THAT(*collector.page(node_with_clock_of(discipline).build()),
                HasSubstr(std::string("node_timex_offset_overflow_total ") + count + "\n"))
        << offset;
  }
}

TEST(Timex, IsAbsentWhereItIsRefusedOrWasNotRecorded) {
  const TestCollector collector("timex");
  EXPECT_EQ(error_of(collector, NodeBuilder().build()).reason, Reason::unsupported);
  NodeBuilder builder;
  builder.clock()->steered = failure(Reason::denied, "Operation not permitted");
  EXPECT_EQ(error_of(collector, builder.build()).reason, Reason::unsupported);
  builder.clock()->steered = failure(Reason::internal, "Bad address");
  EXPECT_EQ(error_of(collector, builder.build()).reason, Reason::internal);
}

TEST(Timex, ARecordingHasTheAnswerOrTheError) {
  const TestCollector collector("timex");
  const TemporaryDirectory directory;
  auto builder = node_with_clock_of(steered_clock());
  ASSERT_TRUE(builder.write_recording(directory / "answer"));
  EXPECT_EQ(collector.page(replayed_node(directory / "answer").value()),
            collector.page(builder.build()));
  builder.clock()->steered = failure(Reason::internal, "Bad address");
  ASSERT_TRUE(builder.write_recording(directory / "error"));
  EXPECT_EQ(error_of(collector, replayed_node(directory / "error").value()).message, "Bad address");
}

// Of this machine: adjtimex(2) needs no privilege.
TEST(Timex, ReadsTheClockOfTheMachine) {
  Node node = NodeBuilder().build();
  node.clock = live_clock();
  const auto read = node.clock->discipline();
  if (!read && read.error().reason == Reason::denied) GTEST_SKIP() << read.error().message;
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_GT(read->tick, 0);
  EXPECT_TRUE(TestCollector("timex").page(node));
}

}  // namespace
}  // namespace hostnet
