#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/fleet/agents/answered.h"
#include "agent/kube/json_cutter.h"
#include "netlink/base/clock.h"

namespace hostnet {

// The limit of findings kept per node: an agent has a few; a rogue one may send more.
inline constexpr std::size_t kMostFindingsOfANode = 3'000;
inline constexpr std::size_t kMostFindingsOfAFleet = 200'000;
inline constexpr std::size_t kMostBytesOfANode = std::size_t{4} << 20;
inline constexpr std::size_t kMostBytesOfAFleet = std::size_t{256} << 20;
inline constexpr std::size_t kLongestFinding = std::size_t{256} << 10;

// A finding of a node, as its agent reported it, for a table row. Not escaped.
struct FleetFinding {
  std::string node;
  std::string class_, verdict, severity;
  bool stale{};
  std::string port;  // "8080/tcp"
  std::string declared_by, held_by, remedy, host_ip, workload, explanation;
  std::optional<WallTime> since;
  std::string json;  // the whole finding
};

// From a finding's JSON; unset: it is no finding.
std::optional<FleetFinding> read_fleet_finding(const std::string& node, std::string_view json);

// Reads an agent's answer to /conflicts or /risks as it comes. Owned by one thread.
class FindingsReader {
 public:
  explicit FindingsReader(std::string node);
  FindingsReader(const FindingsReader&) = delete;
  FindingsReader& operator=(const FindingsReader&) = delete;
  ~FindingsReader() = default;
  bool feed(std::string_view bytes);
  // Whether the answer was complete and valid.
  bool whole() const;
  // Adds what was read to the node's answer.
  void give(NodeAnswer& node, std::vector<FleetFinding>& findings) &&;

 private:
  bool on_member(std::string_view member, std::string_view value);
  bool on_finding(std::string_view json);

  void doubt(std::string problem);

  std::string node_;
  std::vector<FleetFinding> findings_;
  std::vector<std::string> problems_;
  bool says_complete_{};
  bool complete_{true};
  std::size_t bytes_{};
  JsonCutter cutter_;
};

}  // namespace hostnet
