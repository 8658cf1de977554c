#include "agent/fleet/fleet_finding.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/fleet/fleet_words.h"
#include "agent/render/json_reading.h"
#include "netlink/base/ranges.h"
#include "netlink/base/times.h"

namespace hostnet {

std::optional<FleetFinding> read_fleet_finding(const std::string& node, std::string_view json) {
  Json finding = read_json(json);
  if (!finding.is_object() || text_at(finding, "verdict").empty()) return std::nullopt;
  finding.erase("node");  // added here instead
  const Json declared = list_at(finding, "declared_by");
  std::string severity = text_at(finding, "severity");
  return FleetFinding{.node = node,
                      .class_ = text_at(finding, "class"),
                      .verdict = text_at(finding, "verdict"),
                      .severity = std::move(severity),
                      .stale = true_at(finding, "stale"),
                      .port = port_words_of(finding),
                      .declared_by = declarations_words_of(declared),
                      .held_by = holders_words_of(list_at(finding, "held_by")),
                      .remedy = text_at(finding, "remedy"),
                      .host_ip = text_at(finding, "host_ip"),
                      .workload = workloads_words_of(declared),
                      .explanation = text_at(finding, "explanation"),
                      .since = parse_rfc3339(text_at(finding, "since")),
                      .json = json_text(finding)};
}

FindingsReader::FindingsReader(std::string node)
    : node_(std::move(node)),
      cutter_({.members = {"complete", "problems"}, .list = "findings", .limit = kLongestFinding},
              {.on_member = [this](std::string_view member,
                                   std::string_view value) { return on_member(member, value); },
               .on_element = [this](std::string_view json) { return on_finding(json); },
               .on_end = {},
               .on_too_long = [this] { doubt("a finding is too long and is left out"); }}) {}

bool FindingsReader::feed(std::string_view bytes) {
  return cutter_.feed(bytes).has_value();
}

bool FindingsReader::whole() const {
  return says_complete_ && cutter_.objects() == 1 && cutter_.between_objects();
}

void FindingsReader::give(NodeAnswer& node, std::vector<FleetFinding>& findings) && {
  node.complete = node.complete && complete_;
  for (std::string& problem : problems_) add_once(node.problems, std::move(problem));
  std::ranges::move(findings_, std::back_inserter(findings));
}

bool FindingsReader::on_member(std::string_view member, std::string_view value) {
  if (member == "complete") {
    says_complete_ = true;
    complete_ = complete_ && value == "true";
    return true;
  }
  for (const Json& problem : read_json(value)) {
    std::string words = text_at(problem, "message");
    const std::string remedy = text_at(problem, "remedy");
    if (!remedy.empty()) words += " (" + remedy + ")";
    problems_.push_back(std::move(words));
  }
  return true;
}

bool FindingsReader::on_finding(std::string_view json) {
  auto finding = read_fleet_finding(node_, json);
  if (!finding) return false;
  bytes_ += finding->json.size();
  if (findings_.size() < kMostFindingsOfANode && bytes_ <= kMostBytesOfANode) {
    findings_.push_back(*std::move(finding));
  } else {
    doubt("it has too many findings, the rest is left out");
  }
  return true;
}

void FindingsReader::doubt(std::string problem) {
  complete_ = false;
  add_once(problems_, std::move(problem));  // the agent may report the same
}

}  // namespace hostnet
