#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/binds/refused_bind.h"
#include "agent/findings/report.h"
#include "netlink/base/times.h"

namespace hostnet {

// Facts in words for people, the same in the tables and on the page.
// The results are not escaped yet.

// "8080/tcp"; "" without a port.
std::string port_words(std::optional<std::uint16_t> port, std::optional<Protocol> protocol);
// "0.0.0.0", "10.0.0.1:443", "[::1]:443"; port 0 is left out.
std::string endpoint_words(const IpAddress& address, std::uint16_t port);
// The address it is bound to, or those that a NAT rule matches: "0.0.0.0", "127.0.0.0/8".
std::string local_words(const Holder& holder);
// "root", "uid 33"; "" if the kernel does not know it. The host's passwd is not
// visible from a container, so no other names.
std::string user_words(const Holder& holder);
std::string user_words(std::optional<std::uint32_t> uid);
// The uid, unless the kernel has none for such a socket (TIME_WAIT, a socket
// that never belonged to a process, a NAT rule).
std::optional<std::uint32_t> known_uid(const Holder& holder);
// The state, "listen", "bound"...; "" for a NAT rule.
std::string state_words(const Holder& holder);

// The parts of holder_words(), from a holder or from its JSON. "" for an unknown part.
struct HolderParts {
  HolderKind kind{};
  std::string pod, name, container_id, rule, comm, pid, user, state;
  bool terminating{};
};
std::string holder_words(const HolderParts& parts);
// "nginx.service nginx[812] root", "default/web-1 nginx[99] uid 101",
// "flannel.1 kernel"; a state other than listening or bound is appended:
// "curl[7] root (established to 10.0.0.1:443)", "closed connection (time_wait, 43s left)".
std::string holder_words(const Holder& holder);
// "default/web-1 (web)".
std::string declared_words(const DeclaredPort& declared);
// Leaves out mere traffic of a server: connections next to a server of the same name, and TIME_WAIT
// ones next to any other holder. If only these hold the port: the one that keeps it longest.
std::vector<const Holder*> shown_holders(std::vector<const Holder*> holders);
std::vector<const Holder*> shown_holders(std::span<const Holder> holders);
// The words of each shown holder, without duplicates, joined by ", ".
std::string holders_words(std::span<const Holder> holders);
std::string declarations_words(std::span<const DeclaredPort> declared);
// The process whose bind() was refused: "default/web-1 nginx[99]", "nginx.service nginx[812]".
std::string binder_words(const RefusedBind& refused);
// Who held the port then: "redis.service redis[7] root", "cache.service (gone 12 ms later)".
std::string refusing_holders_words(const RefusedBind& refused);
std::string verdicts_words(std::span<const Verdict> verdicts);

// The names, one per line, without duplicates, in order; "" is not a name.
std::string name_lines(std::span<const std::string> names);

// "1 conflict", "2 conflicts".
std::string counted(std::size_t count, std::string_view one, std::string_view many);

}  // namespace hostnet
