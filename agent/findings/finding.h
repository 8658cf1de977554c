#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/pods/pod.h"
#include "agent/ports/holder.h"
#include "agent/verdicts/verdict.h"
#include "netlink/base/clock.h"

namespace hostnet {

// One verdict on one port. The JSON of /conflicts and /risks, one to one.
struct Finding {
  std::string id;  // hash of (verdict, protocol, port, host IP, pod UID, container)
  Verdict verdict{};
  Severity severity{};
  std::optional<Protocol> protocol;  // unset with port: about the node
  std::optional<std::uint16_t> port;
  std::string host_ip;
  std::optional<WallTime> since;  // unset in one-shot looks
  bool stale{};
  bool ignored{};
  std::string ignored_because;
  std::vector<DeclaredPort> declared_by;
  std::vector<Holder> held_by;
  std::string explanation;  // one sentence
  std::string remedy;       // one command or one sentence
  bool operator==(const Finding&) const = default;
};

}  // namespace hostnet
