#include "agent/config/config_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "agent/config/ignore_rules.h"
#include "agent/config/reading.h"
#include "agent/config/scalars.h"
#include "agent/document/parse_document.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

using Read = Result<> (*)(const ConfigPlace&, const Value&, Policy&);

Result<> read_node_components(const ConfigPlace& place, const Value& value, Policy& policy) {
  if (!value.is_list()) return place.wrong(value, "must be a list of executables or unit names");
  policy.node_components.clear();
  for (const auto& item : value.items) {
    if (!item.is_scalar() || item.text.empty()) {
      return place.wrong(item, "must be a list of names, and this is " + said(item));
    }
    policy.node_components.push_back(item.text);
  }
  return {};
}

// {port: 53, protocol: udp, reason: DNS}
Result<ReservedPorts> read_reserved_map(const ConfigPlace& place, const Value& map) {
  static constexpr std::array<std::string_view, 4> kKeys{"port", "ports", "protocol", "reason"};
  ReservedPorts reserved;
  bool has_port = false;
  for (const auto& [key, line, value] : map.members) {
    if (auto known = place.known_key(key, line, kKeys); !known) return forward(known);
    if (!value.is_scalar()) {
      return forward(place.wrong(value, key + " must be one word, and this is " + said(value)));
    }
    if (key == "reason") {
      reserved.reason = value.text;
    } else if (key == "protocol") {
      const auto protocol = config_protocol(value.text);
      if (!protocol) return forward(place.wrong(value, protocol.error()));
      reserved.protocol = *protocol;
    } else {
      if (has_port) return forward(place.wrong(value, "has both port and ports"));
      const auto ports = config_ports(value.text);
      if (!ports) return forward(place.wrong(value, ports.error()));
      reserved.ports = *ports;
      has_port = true;
    }
  }
  if (!has_port) return forward(place.wrong(map, "needs a port"));
  return reserved;
}

Result<> read_reserved_ports(const ConfigPlace& place, const Value& value, Policy& policy) {
  if (!value.is_list()) return place.wrong(value, "must be a list of ports");
  policy.reserved_ports.clear();
  for (const auto& item : value.items) {
    if (item.is_map()) {
      auto reserved = read_reserved_map(place, item);
      if (!reserved) return std::unexpected(std::move(reserved).error());
      policy.reserved_ports.push_back(*std::move(reserved));
      continue;
    }
    if (!item.is_scalar()) return place.wrong(item, "must be a port, and this is " + said(item));
    const auto ports = config_ports(item.text);
    if (!ports) return place.wrong(item, ports.error());
    policy.reserved_ports.push_back({.ports = *ports, .protocol = std::nullopt, .reason = {}});
  }
  return {};
}

Result<> read_node_port_range(const ConfigPlace& place, const Value& value, Policy& policy) {
  if (!value.is_scalar()) return place.wrong(value, "must be a range like 30000-32767");
  const auto range = config_ports(value.text);
  if (!range) return place.wrong(value, range.error());
  policy.node_port_range = *range;
  return {};
}

Result<> read_ignore(const ConfigPlace& place, const Value& value, Policy& policy) {
  auto rules = read_ignore_rules(place, value);
  if (!rules) return std::unexpected(std::move(rules).error());
  policy.ignore = *std::move(rules);
  return {};
}

Result<> read_grace(const ConfigPlace& place, const Value& value, Policy& policy) {
  if (!value.is_map()) return place.wrong(value, "must be a mapping of verdict to duration");
  policy.grace.clear();
  for (const auto& [key, line, duration] : value.members) {
    const auto verdict = place.verdict(key, line);
    if (!verdict) return std::unexpected(verdict.error());
    if (!duration.is_scalar()) {
      return place.wrong(duration, "must be a duration, and this is " + said(duration));
    }
    const auto seconds = config_duration(duration.text);
    if (!seconds) return place.wrong(duration, seconds.error());
    policy.grace[*verdict] = *seconds;
  }
  return {};
}

struct Key {
  std::string_view name;
  Read read;
};
constexpr std::array<Key, 5> kConfigKeys{{{"node_components", read_node_components},
                                          {"reserved_ports", read_reserved_ports},
                                          {"node_port_range", read_node_port_range},
                                          {"ignore", read_ignore},
                                          {"grace", read_grace}}};
constexpr auto kConfigKeyNames = [] {
  std::array<std::string_view, kConfigKeys.size()> names{};
  std::ranges::transform(kConfigKeys, names.begin(), &Key::name);
  return names;
}();

Result<Policy> read_policy(std::string_view file, const Value& root) {
  Policy policy = default_policy();
  if (root.is_null()) return policy;
  const ConfigPlace top(file, "");
  if (!root.is_map()) {
    return forward(
        top.wrong(root, "the configuration must be a mapping, and this is " + said(root)));
  }
  for (const auto& [key, line, value] : root.members) {
    if (auto known = top.known_key(key, line, kConfigKeyNames); !known) return forward(known);
    const ConfigPlace place(file, key);
    if (value.is_null()) {
      return forward(place.wrong_at(
          line, "is empty: write [] for none, or leave the key out for the default"));
    }
    const auto& reader = *std::ranges::find(kConfigKeys, key, &Key::name);
    if (auto done = reader.read(place, value, policy); !done) return forward(done);
  }
  return policy;
}

}  // namespace

Result<Policy> parse_config(std::string_view yaml, std::string_view file_name) {
  const ConfigPlace whole(file_name, "");
  if (yaml.size() > kMaxConfigBytes) {
    return failure(Reason::exhausted,
                   fmt::format("{}: is {} bytes long, more than the {} that are read",
                               terminal_text(file_name), yaml.size(), kMaxConfigBytes));
  }
  const auto parsed = parse_yaml(yaml);
  if (parsed.failure) return forward(whole.wrong_at(parsed.failure->line, parsed.failure->message));
  if (parsed.documents.empty()) return default_policy();
  if (parsed.documents.size() > 1) {
    const auto line = parsed.documents[1].root.line;
    return forward(whole.wrong_at(line, "has a second document; one is enough"));
  }
  const auto& document = parsed.documents.front();
  if (!document.complaints.empty()) {
    const auto& first = document.complaints.front();
    // "...; the last one counts" is true of manifests only.
    return forward(whole.wrong_at(
        first.line, std::string_view(first.message).substr(0, first.message.rfind(';'))));
  }
  return read_policy(file_name, document.root);
}

}  // namespace hostnet
