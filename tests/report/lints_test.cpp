#include "agent/report/lints.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hostnet {
namespace {

std::vector<Lint> sample_lints() {
  return {{.code = "unknown_dns_policy",
           .severity = Severity::critical,
           .file = "web.yaml",
           .document = 1,
           .line = 9,
           .namespace_ = "default",
           .pod = "web",
           .workload = "DaemonSet/web",
           .message = "there is no dnsPolicy ClusterFirstWithHostNetwork",
           .remedy = "write ClusterFirstWithHostNet"},
          {.code = "reserved_port",
           .severity = Severity::info,
           .file = "web.yaml",
           .document = 2,
           .namespace_ = "default",
           .pod = "edge",
           .container = "proxy",
           .protocol = Protocol::tcp,
           .port = 443,
           .message = "443 is reserved",
           .remedy = "use another port"}};
}

TEST(LintsText, IsATableThatEndsWithTheCounts) {
  EXPECT_EQ(
      lints_text(sample_lints(), std::vector<std::string>{"bad.yaml:1: not YAML\x1b"}),
      "WHERE       SEVERITY  LINT                POD                    PORT     WHAT         "
      "                                      WHAT TO DO\n"
      "web.yaml:9  critical  unknown_dns_policy  default/DaemonSet/web  -        there is no "
      "dnsPolicy ClusterFirstWithHostNetwork  write ClusterFirstWithHostNet\n"
      "web.yaml    info      reserved_port       default/edge (proxy)   443/tcp  443 is "
      "reserved                                    use another port\n"
      "bad.yaml:1: not YAML\\x1b\n"
      "1 critical, 0 warnings, 1 info; 1 manifest could not be read\n");
  EXPECT_EQ(lints_text({}, {}),
            "WHERE  SEVERITY  LINT  POD  PORT  WHAT  WHAT TO DO\n"
            "0 critical, 0 warnings, 0 info\n");
}

TEST(LintsJson, HasNullWhereNothingIsKnown) {
  EXPECT_EQ(lints_json(std::vector{sample_lints()[0]}, {}),
            R"({"api_version":"v1","errors":[],"lints":[{"code":"unknown_dns_policy",)"
            R"("severity":"critical","file":"web.yaml","document":1,"line":9,)"
            R"("namespace":"default","pod":"web","workload":"DaemonSet/web","container":"",)"
            R"("protocol":null,"port":null,)"
            R"("message":"there is no dnsPolicy ClusterFirstWithHostNetwork",)"
            R"("remedy":"write ClusterFirstWithHostNet"}]})"
            "\n");
}

}  // namespace
}  // namespace hostnet
