#include "agent/render/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

// Joins `words(item)` of every item, without duplicates, in order.
template <class Range, class Words>
std::string distinct_words(const Range& items, const Words& words) {
  std::vector<std::string> seen;
  for (const auto& item : items) add_once(seen, words(item));
  return fmt::format("{}", fmt::join(seen, ", "));
}

void append_word(std::string& out, std::string_view word) {
  if (word.empty()) return;
  if (!out.empty()) out += ' ';
  out += word;
}

// The words for a state worth mentioning next to the name: none for a socket that
// waits for peers.
std::string unusual_state(const Holder& holder) {
  const auto& socket = holder.socket;
  switch (socket.state) {
    case SocketState::listen:
    case SocketState::close: return "";
    case SocketState::time_wait:
      return socket.expires_ms ? fmt::format("time_wait, {} left",
                                             age(std::chrono::milliseconds(*socket.expires_ms)))
                               : "time_wait";
    default: break;
  }
  std::string words(to_string(socket.state));
  if (socket.peer_port != 0) words += " to " + endpoint_words(socket.peer, socket.peer_port);
  return words;
}

bool is_nat_rule(const Holder& holder) {
  return holder.owner.kind == HolderKind::nat_rule;
}

bool is_server(const Holder& holder) {
  return !is_nat_rule(holder) && holder.socket.is_server();
}

bool is_connection(const Holder& holder) {
  return !is_nat_rule(holder) && holder.socket.peer_port != 0 && !holder.socket.is_server();
}

bool is_closed_connection(const Holder& holder) {
  return !is_nat_rule(holder) && holder.socket.state == SocketState::time_wait;
}

// A holder's name with the container id as its runtime prints it.
std::string short_name(std::string name, std::string_view id) {
  constexpr std::size_t kIdLength = 64;
  constexpr std::size_t kShortId = 12;
  const auto at = id.size() == kIdLength ? name.find(id) : std::string::npos;
  if (at != std::string::npos) name.erase(at + kShortId, kIdLength - kShortId);
  return name;
}

}  // namespace

std::string port_words(std::optional<std::uint16_t> port, std::optional<Protocol> protocol) {
  if (!port) return "";
  if (!protocol) return fmt::format("{}", *port);
  return fmt::format("{}/{}", *port, to_string(*protocol));
}

std::string endpoint_words(const IpAddress& address, std::uint16_t port) {
  auto text = address.to_string();
  if (port == 0) return text;
  if (address.family == AddressFamily::ipv6) return fmt::format("[{}]:{}", text, port);
  return fmt::format("{}:{}", text, port);
}

std::optional<std::uint32_t> known_uid(const Holder& holder) {
  const auto& socket = holder.socket;
  if (holder.owner.kind == HolderKind::nat_rule) return std::nullopt;
  if (socket.state == SocketState::time_wait || socket.state == SocketState::new_syn_recv) {
    return std::nullopt;
  }
  if (socket.cookie == 0 && socket.inode == 0) return std::nullopt;  // a tunnel device's
  return socket.uid;
}

std::string local_words(const Holder& holder) {
  const bool of_many = holder.nat && holder.nat->scope.destination &&
                       holder.nat->scope.destination->first != holder.nat->scope.destination->last;
  return of_many ? holder.nat->scope.destination->to_string() : holder.socket.local.to_string();
}

std::string user_words(const Holder& holder) {
  return user_words(known_uid(holder));
}

std::string user_words(std::optional<std::uint32_t> uid) {
  if (!uid) return "";
  return *uid == 0 ? "root" : fmt::format("uid {}", *uid);
}

std::string state_words(const Holder& holder) {
  if (holder.owner.kind == HolderKind::nat_rule) return "";
  if (holder.socket.state == SocketState::close) return "bound";
  return std::string(to_string(holder.socket.state));
}

std::string holder_words(const HolderParts& parts) {
  if (parts.kind == HolderKind::nat_rule) {
    const std::string pod = parts.pod.empty() ? "" : parts.name + " by ";
    return pod + (parts.rule.empty() ? "NAT rule" : "NAT rule: " + parts.rule);
  }
  std::string words;
  if (parts.comm.empty() || parts.name != parts.comm) {
    append_word(words, short_name(parts.name, parts.container_id));
  }
  if (!parts.comm.empty()) {
    append_word(words,
                parts.pid.empty() ? parts.comm : fmt::format("{}[{}]", parts.comm, parts.pid));
  }
  if (parts.kind == HolderKind::kernel) {
    append_word(words, "kernel");
  } else {
    if (words.empty())
      words = parts.state.starts_with("time_wait") ? "closed connection" : "unknown";
    append_word(words, parts.user);
  }
  if (parts.terminating) words += " (terminating)";
  if (!parts.state.empty()) words += " (" + parts.state + ")";
  return words;
}

std::string holder_words(const Holder& holder) {
  HolderParts parts{.kind = holder.owner.kind,
                    .pod = holder.pod,
                    .name = holder.name,
                    .container_id = holder.owner.container_id,
                    .rule = holder.rule,
                    .comm = "",
                    .pid = "",
                    .user = user_words(holder),
                    .state = unusual_state(holder),
                    .terminating = holder.pod_terminating};
  if (!holder.owner.processes.empty()) {
    parts.comm = holder.owner.processes.front().comm;
    parts.pid = std::to_string(holder.owner.processes.front().pid);
  }
  return holder_words(parts);
}

std::string declared_words(const DeclaredPort& declared) {
  auto words = declared.namespace_ + "/" + declared.pod;
  if (!declared.container.empty()) words += " (" + declared.container + ")";
  return words;
}

std::vector<const Holder*> shown_holders(std::vector<const Holder*> holders) {
  std::set<std::string_view> servers;
  for (const Holder* holder : holders) {
    if (is_server(*holder)) servers.insert(holder->name);
  }
  const auto closed = std::ranges::stable_partition(
      holders, [](const Holder* holder) { return !is_closed_connection(*holder); });
  if (closed.begin() == holders.begin() && !holders.empty()) {
    return {*std::ranges::max_element(
        holders, {}, [](const Holder* holder) { return holder->socket.expires_ms.value_or(0); })};
  }
  holders.erase(closed.begin(), closed.end());
  std::erase_if(holders, [&](const Holder* holder) {
    return is_connection(*holder) && servers.contains(holder->name);
  });
  return holders;
}

std::vector<const Holder*> shown_holders(std::span<const Holder> holders) {
  std::vector<const Holder*> all;
  all.reserve(holders.size());
  for (const Holder& holder : holders) all.push_back(&holder);
  return shown_holders(std::move(all));
}

std::string holders_words(std::span<const Holder> holders) {
  return distinct_words(shown_holders(holders),
                        [](const Holder* holder) { return holder_words(*holder); });
}

std::string declarations_words(std::span<const DeclaredPort> declared) {
  return distinct_words(declared, declared_words);
}

std::string binder_words(const RefusedBind& refused) {
  const Owner& binder = refused.binder;
  std::string name = refused.pod.empty() ? binder.unit : refused.namespace_ + "/" + refused.pod;
  if (refused.pod.empty() && !binder.pod_uid.empty()) name = "pod " + binder.pod_uid;
  if (binder.processes.empty()) return name;
  const auto& [pid, comm] = binder.processes.front();
  if (!name.empty()) name += " ";
  return pid > 0 ? fmt::format("{}{}[{}]", name, comm, pid) : name + comm;
}

std::string refusing_holders_words(const RefusedBind& refused) {
  if (refused.gone_after && !refused.holders.empty()) {
    return fmt::format("{} (gone {} ms later)", refused.holders.front().name,
                       refused.gone_after->count());
  }
  return holders_words(refused.holders);
}

std::string verdicts_words(std::span<const Verdict> verdicts) {
  return distinct_words(verdicts, [](Verdict verdict) { return std::string(to_string(verdict)); });
}

std::string name_lines(std::span<const std::string> names) {
  std::set<std::string_view> seen;
  std::string text;
  for (const std::string& name : names) {
    if (!name.empty() && seen.insert(name).second) text += name + "\n";
  }
  return text;
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace hostnet
