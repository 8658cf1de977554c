#include "agent/preflight/check_namespaces.h"

#include <string_view>
#include <unordered_set>
#include <utility>

#include "agent/ports/denial.h"
#include "agent/ports/protocols.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

using Level = PreflightCheck::Level;

// Column 10 of /proc/net/tcp (Documentation/networking/proc_net_tcp.rst).
std::optional<std::uint64_t> inode_of_tcp_line(std::string_view line) {
  constexpr int kColumnsBeforeInode = 9;
  for (int column = 0; column < kColumnsBeforeInode; ++column) take_word(line);
  return parse_number<std::uint64_t>(take_word(line));
}

std::unordered_set<std::uint64_t> listening_inodes(const Node& node) {
  std::unordered_set<std::uint64_t> inodes;
  for (const AddressFamily family : kAddressFamilies) {
    const SocketQuery query{
        .protocol = Protocol::tcp, .family = family, .states = state_bit(SocketState::listen)};
    const SocketSink sink{.on_restart = [] {},
                          .on_socket = [&](const Socket& socket) { inodes.insert(socket.inode); }};
    // An address family that the kernel does not support has no listeners either.
    if (!node.netlink->sockets(query, sink)) continue;
  }
  return inodes;
}

std::string ptrace_fix(const Node& node) {
  return explain_denial(node, "").remedy;
}

}  // namespace

std::optional<bool> is_hosts_network(const Node& node, ProcfsView view) {
  const Identity& identity = node.identity;
  const bool known = identity.own_net_namespace && identity.init_net_namespace;
  if (known && identity.own_net_namespace != identity.init_net_namespace) return false;
  // A comparison with itself would prove nothing.
  if (view == ProcfsView::own_container) return std::nullopt;
  if (known) return true;
  const auto here = listening_inodes(node);
  if (here.empty()) return std::nullopt;
  bool readable = false;
  for (const char* path : {"proc/1/net/tcp", "proc/1/net/tcp6"}) {
    const auto text = node.files->read(path);
    if (!text) continue;
    readable = true;
    std::string_view rest = *text;
    while (!rest.empty()) {
      const auto inode = inode_of_tcp_line(take_until(rest, '\n'));
      if (inode && *inode != 0 && here.contains(*inode)) return true;
    }
  }
  if (!readable) return std::nullopt;
  return false;
}

PreflightCheck check_network_namespace(const Node& node, std::optional<bool> same,
                                       ProcfsView view) {
  const std::string name = "network namespace";
  if (same == true) return {.name = name, .level = Level::good, .found = "the host's"};
  if (!same && view == ProcfsView::own_container) {
    return {.name = name,
            .level = Level::limited,
            .found = "unknown: pid 1 of /proc is in the agent's own container",
            .fix = std::string(kRemedyForProcfs),
            .problem =
                Problem{.code = "network_namespace_unknown",
                        .message = "cannot determine whether this is the host's network namespace",
                        .remedy = std::string(kRemedyForProcfs)}};
  }
  const std::string fix = "set hostNetwork: true";
  if (same == false) {
    return {.name = name,
            .level = Level::bad,
            .found = "not the host's: its sockets are not visible from here",
            .fix = fix,
            .problem = Problem{.code = "not_host_network_namespace",
                               .message = "the agent is not in the host's network namespace",
                               .remedy = fix}};
  }
  return {
      .name = name,
      .level = Level::limited,
      .found = "unknown: the namespace links may not be read and nothing listens here",
      .fix = ptrace_fix(node),
      .problem = Problem{.code = "network_namespace_unknown",
                         .message = "cannot determine whether this is the host's network namespace",
                         .remedy = ptrace_fix(node)}};
}

PreflightCheck check_pid_namespace(const Node& node, ProcfsView view) {
  const std::string name = "PID namespace";
  const auto limited = [&](std::string found) {
    return PreflightCheck{.name = name,
                          .level = Level::limited,
                          .found = std::move(found),
                          .fix = std::string(kRemedyForProcfs)};
  };
  switch (view) {
    case ProcfsView::hidden: return limited("unknown: /proc shows no pid 1");
    case ProcfsView::unproven: return limited("unknown: /proc does not show the kernel's threads");
    case ProcfsView::own_container:
      return limited("not the host's: /proc shows the processes of the agent's own container only");
    case ProcfsView::every_process: break;
  }
  const Identity& identity = node.identity;
  if (!identity.own_pid_namespace || !identity.init_pid_namespace) {
    return {.name = name,
            .level = Level::limited,
            .found = "unknown: the namespace link of pid 1 may not be read",
            .fix = ptrace_fix(node)};
  }
  if (identity.own_pid_namespace == identity.init_pid_namespace)
    return {.name = name, .level = Level::good, .found = "the host's"};
  return {.name = name,
          .level = Level::limited,
          .found = "not the host's: processes are visible, but not which binds their sockets allow",
          .fix = "set hostPID: true"};
}

}  // namespace hostnet
