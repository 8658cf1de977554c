#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/pods/pod.h"
#include "agent/ports/holder.h"
#include "agent/verdicts/verdict.h"
#include "netlink/base/clock.h"

namespace hostnet {

// Observations of failing bind(2) calls, where the agent is notified of them.
struct Observed {
  WallTime first, last;
  std::uint64_t count{};
  std::string error;  // "EADDRINUSE"
  std::optional<int> pid;
  std::string comm;
  bool operator==(const Observed&) const = default;
};

// One verdict on one port. Maps one to one to the JSON of /conflicts and /risks.
struct Finding {
  std::string id;  // hash of (verdict, protocol, port, host IP, pod UID, container)
  Verdict verdict{};
  Severity severity{};
  std::optional<Protocol> protocol;  // unset together with port: the finding is about the node
  std::optional<std::uint16_t> port;
  std::string host_ip;
  std::optional<WallTime> since;  // unset in one-shot scans
  bool stale{};
  bool ignored{};
  std::string ignored_because;
  std::vector<DeclaredPort> declared_by;
  std::vector<Holder> held_by;
  bool unlisted_owners{};  // held_by has a limit: a holder beyond it has an owner of its own
  std::optional<Observed> observed;
  std::string explanation;  // one sentence; a second one says how many holders are left out
  std::string remedy;       // one command or one sentence
  bool operator==(const Finding&) const = default;
};

std::string finding_id(Verdict verdict, std::optional<Protocol> protocol,
                       std::optional<std::uint16_t> port, std::string_view host_ip,
                       std::string_view pod, std::string_view container);

// With the catalogue's severity, on this port (unset: about the node). `pod` and `container`
// distinguish it from others of its kind.
Finding make_finding(Verdict verdict, std::optional<Protocol> protocol,
                     std::optional<std::uint16_t> port, std::string_view host_ip,
                     std::string_view pod = "", std::string_view container = "");

}  // namespace hostnet
