// tests/fixtures/field/manifests/kinds.txt: a table of manifests of many kinds.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "agent/lint/lint.h"
#include "netlink/base/text.h"
#include "tests/support/fixtures.h"

namespace hostnet {
namespace {

struct KindOfManifest {
  std::string name, text;
  std::vector<std::string> ports, lints, errors;
};

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::string_view part = trim(take_until(text, separator));
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

std::vector<KindOfManifest> kinds_of_manifests() {
  std::ifstream file(fixtures() + "/field/manifests/kinds.txt");
  std::vector<KindOfManifest> cases;
  for (std::string line; std::getline(file, line);) {
    std::string_view header = line;
    if (header.starts_with("#### ")) {
      header.remove_prefix(5);
      KindOfManifest& one = cases.emplace_back();
      one.name = trim(take_until(header, '|'));
      one.ports = split(take_until(header, '|'), ',');
      one.lints = split(take_until(header, '|'), ',');
      one.errors = split(header, ';');
    } else if (!cases.empty()) {
      cases.back().text += line + "\n";
    }
  }
  return cases;
}

class KindsOfManifests : public testing::TestWithParam<KindOfManifest> {};

TEST_P(KindsOfManifests, DeclareWhatTheyDeclareAndAreToldOf) {
  const ManifestResult read = read_manifests(GetParam().text, "x.yaml");
  std::vector<std::string> ports, lints, errors;
  for (const Pod& pod : read.pods()) {
    for (const DeclaredPort& port : declared_ports(pod)) {
      ports.push_back(std::to_string(port.port) + "/" + std::string(to_string(port.protocol)));
    }
  }
  for (const Lint& lint : lint_manifests({{read}}, default_policy(), PortRanges{})) {
    lints.push_back(lint.code + " " + std::string(to_string(lint.severity)));
  }
  for (const ManifestError& error : read.errors) errors.push_back(error.message);
  for (const ManifestError& error : read.refused) errors.push_back(error.message);
  EXPECT_EQ(ports, GetParam().ports);
  EXPECT_EQ(lints, GetParam().lints);
  std::vector<testing::Matcher<std::string>> wanted;
  for (const std::string& part : GetParam().errors) wanted.emplace_back(testing::HasSubstr(part));
  EXPECT_THAT(errors, testing::ElementsAreArray(wanted));
}

std::string name_of_kind(const testing::TestParamInfo<KindOfManifest>& info) {
  std::string name = info.param.name;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Table, KindsOfManifests, testing::ValuesIn(kinds_of_manifests()),
                         name_of_kind);

}  // namespace
}  // namespace hostnet
