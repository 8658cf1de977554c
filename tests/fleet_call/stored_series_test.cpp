#include "agent/fleet/stored_series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hostnet {
namespace {

using testing::HasSubstr;

std::string answer(const std::string& metric) {
  return R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{)" + metric +
         R"(},"value":[1700000000.1,"1"]}]}})";
}

FleetFinding finding(const std::string& metric) {
  const auto series = read_query_answer(answer(metric));
  return finding_of_series(series->front(), "conflict");
}

TEST(QueryAnswer, IsItsSeries) {
  const auto series = read_query_answer(answer(R"("node":"n1","port":"8080")"));
  ASSERT_TRUE(series);
  ASSERT_EQ(series->size(), 1U);
  EXPECT_EQ(series->front().node(), "n1");
  EXPECT_EQ(series->front().label("port"), "8080");
}

TEST(QueryAnswer, AnErrorIsSaidAsPrometheusDoes) {
  const auto refused =
      read_query_answer(R"({"status":"error","errorType":"bad_data","error":"parse error"})");
  EXPECT_EQ(refused.error().message, "parse error");
  EXPECT_EQ(read_query_answer("<html>").error().message, "that is no Prometheus");
}

TEST(StoredFinding, HasTheLabelsOfItsSeries) {
  const FleetFinding read = finding(
      R"("node":"n1","instance":"10.0.0.1:20000","verdict":"unmanaged_process","severity":"critical",
         "protocol":"tcp","port":"8080","namespace":"default","pod":"web-1","container":"web",
         "workload":"DaemonSet/web","holder_kind":"unmanaged_process","holder":"nginx.service")");
  EXPECT_EQ(read.node, "n1");
  EXPECT_EQ(read.port, "8080/tcp");
  EXPECT_EQ(read.declared_by, "default/web-1 (web)");
  EXPECT_EQ(read.held_by, "nginx.service");
  EXPECT_THAT(read.remedy, HasSubstr("runbooks/unmanaged_process"));
  EXPECT_FALSE(read.since);
}

TEST(StoredFinding, WithoutHonorLabelsItIsOfThePodThatDeclares) {
  const FleetFinding read = finding(
      R"("instance":"10.0.0.1:20000","verdict":"other_pod","severity":"critical","protocol":"tcp",
         "port":"8080","namespace":"hostnet-agent","pod":"hostnet-agent-x","container":"hostnet-agent",
         "exported_namespace":"default","exported_pod":"web-1","exported_container":"web")");
  EXPECT_EQ(read.node, "10.0.0.1:20000");
  EXPECT_EQ(read.declared_by, "default/web-1 (web)");
}

}  // namespace
}  // namespace hostnet
