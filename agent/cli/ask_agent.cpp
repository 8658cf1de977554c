#include "agent/cli/ask_agent.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "agent/render/exit_codes.h"
#include "netlink/base/escape.h"
#include "netlink/base/read_file.h"
#include "netlink/base/text.h"
#include "netlink/base/unique_fd.h"
#include "netlink/base/wake_up.h"

namespace hostnet {
namespace {

constexpr timeval kPatience{.tv_sec = 15};
constexpr std::size_t kLongest = std::size_t{64} << 20;

Result<UniqueFd> connect_to(const std::string& path) {
  const std::string doing = "asking the agent at " + path;
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return system_failure(errno, doing);
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) return system_failure(ENAMETOOLONG, doing);
  std::memcpy(name.sun_path, path.data(), path.size());
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) {
    return socket;
  }
  auto failed = system_failure(errno, doing);
  if (errno == ECONNREFUSED) failed.error().reason = Reason::vanished;
  return failed;
}

// systemd started it: the uid of the packaged service's user is not known beforehand.
bool in_own_service(pid_t pid) {
  const auto cgroups = read_regular_file(fmt::format("/proc/{}/cgroup", pid));
  if (!cgroups) return false;
  std::string_view rest = *cgroups;
  while (!rest.empty()) {
    const std::string_view line = take_until(rest, '\n');
    if (line.ends_with(":/system.slice/hostnet-agent.service")) return true;
  }
  return false;
}

std::string network_namespace(std::string_view of) {
  std::error_code unreadable;
  return std::filesystem::read_symlink(fmt::format("/proc/{}/ns/net", of), unreadable);
}

Result<pid_t> trusted_peer(const UniqueFd& socket, const std::string& path) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return system_failure(errno, "asking who listens at " + path);
  }
  const bool ours = peer.uid == 0 || peer.uid == geteuid() || in_own_service(peer.pid);
  if (!ours) {
    return failure(Reason::denied, fmt::format("{} is not an agent's: uid {} listens there, with "
                                               "pid {}",
                                               path, peer.uid, peer.pid));
  }
  const std::string theirs = network_namespace(std::to_string(peer.pid));
  const std::string here = network_namespace("self");
  if (!theirs.empty() && !here.empty() && theirs != here) {
    return failure(Reason::unreachable,
                   fmt::format("the agent at {} (pid {}) is in another network "
                               "namespace",
                               path, peer.pid));
  }
  return peer.pid;
}

// Unlike healthcheck this does not use cpp-httplib, which connects on its own: nothing may be sent
// before the listener is known.
Result<std::string> exchange(const UniqueFd& socket, const std::string& target) {
  const std::string doing = "asking the agent for " + target;
  const std::string request =
      fmt::format("GET {} HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n", target);
  if (send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return system_failure(errno, doing);
  }
  std::string answer;
  std::array<char, 65536> buffer{};
  Interrupted interrupted;
  while (answer.size() < kLongest) {
    const ssize_t got = recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && interrupted.again()) continue;
    if (got < 0) return system_failure(errno, doing);
    if (got == 0) return answer;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return failure(Reason::exhausted, doing + ": the answer is too long");
}

// Only what our own server sends: a status line, header lines, a body with Content-Length.
Result<AgentReply> parse_reply(const std::string& answer, pid_t pid) {
  std::string_view rest = answer;
  std::string_view status_line = take_until(rest, '\n');
  const auto bad = [] { return failure(Reason::malformed, "the agent's answer is cut short"); };
  if (!status_line.starts_with("HTTP/1.")) return bad();
  take_word(status_line);
  AgentReply reply{.status = parse_number<int>(take_word(status_line)).value_or(0), .pid = pid};
  std::optional<std::size_t> length;
  while (true) {
    if (rest.empty()) return bad();
    std::string_view value = trim(take_until(rest, '\n'));
    if (value.empty()) break;
    const std::string_view name = take_until(value, ':');
    if (equals_ignoring_case(name, kExitCodeHeader)) {
      reply.exit_code = parse_number<int>(trim(value));
    } else if (equals_ignoring_case(name, "Content-Length")) {
      length = parse_number<std::size_t>(trim(value));
    }
  }
  if (length.value_or(rest.size()) != rest.size()) return bad();
  reply.body = rest;
  return reply;
}

}  // namespace

Result<AgentReply> ask_agent(const std::string& target, const std::string& socket) {
  const auto connected = connect_to(socket);
  if (!connected) return std::unexpected(connected.error());
  const auto peer = trusted_peer(*connected, socket);
  if (!peer) return std::unexpected(peer.error());
  const auto answer = exchange(*connected, target);
  if (!answer) return std::unexpected(answer.error());
  return parse_reply(*answer, *peer);
}

}  // namespace hostnet
