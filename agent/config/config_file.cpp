#include "agent/config/config_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "agent/config/ignore_rules.h"
#include "agent/config/scalars.h"
#include "agent/document/fields.h"
#include "agent/document/settings.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

// Reads the member `key` of the configuration.
using Read = void (*)(const Fields& config, std::string_view key, Policy& policy);

void read_node_components(const Fields& config, std::string_view key, Policy& policy) {
  policy.node_components = config.words(key);
}

// {port: 53, protocol: udp, reason: DNS}
ReservedPorts read_reserved_map(const Fields& map) {
  static constexpr std::array<std::string_view, 4> kKeys{"port", "ports", "protocol", "reason"};
  map.allow_only(kKeys);
  ReservedPorts reserved{.reason = map.word("reason")};
  if (map.has("protocol")) {
    const auto protocol = config_protocol(map.word("protocol"));
    if (!protocol) map.refuse(protocol.error());
    reserved.protocol = protocol ? std::optional(*protocol) : std::nullopt;
  }
  if (map.has("port") == map.has("ports")) {
    map.refuse(map.has("port") ? "has both port and ports" : "needs a port");
    return reserved;
  }
  const auto ports = config_ports(map.word(map.has("port") ? "port" : "ports"));
  if (!ports) map.refuse(ports.error());
  reserved.ports = ports.value_or(PortRange{});
  return reserved;
}

std::vector<ReservedPorts> read_port_list(const Fields& config, std::string_view key) {
  std::vector<ReservedPorts> list;
  for (const Fields& item : config.items(key)) {
    if (item.value().is_map()) {
      list.push_back(read_reserved_map(item));
      continue;
    }
    const auto ports =
        item.value().is_scalar()
            ? config_ports(item.value().text)
            : std::unexpected("must be a port, not " + std::string(item.value().what()));
    if (!ports) item.refuse(ports.error());
    list.push_back({.ports = ports.value_or(PortRange{})});
  }
  return list;
}

void read_reserved_ports(const Fields& config, std::string_view key, Policy& policy) {
  policy.reserved_ports = read_port_list(config, key);
}

void read_label_ports(const Fields& config, std::string_view key, Policy& policy) {
  policy.label_ports = read_port_list(config, key);
}

void read_node_port_range(const Fields& config, std::string_view key, Policy& policy) {
  const auto range = config_ports(config.word(key));
  if (range) {
    policy.node_port_range = *range;
  } else {
    config.complain(config.line_of(key), fmt::format("{}: {}", key, range.error()));
  }
}

void read_ignore(const Fields& config, std::string_view key, Policy& policy) {
  policy.ignore = read_ignore_rules(config, key);
}

void read_grace(const Fields& config, std::string_view key, Policy& policy) {
  policy.grace.clear();
  const auto grace = config.section(key);
  if (!grace) return;
  grace->allow_only(verdict_names());
  for (const Member& member : grace->value().members) {
    const auto verdict = parse_verdict(member.key);
    if (!verdict) continue;
    const auto seconds = config_duration(grace->word(member.key));
    if (seconds) {
      policy.grace[*verdict] = *seconds;
    } else {
      config.complain(member.value.line,
                      fmt::format("{}: {}", grace->path_of(member.key), seconds.error()));
    }
  }
}

struct Key {
  std::string_view name;
  Read read;
};
constexpr std::array<Key, 6> kConfigKeys{{{"node_components", read_node_components},
                                          {"reserved_ports", read_reserved_ports},
                                          {"node_port_range", read_node_port_range},
                                          {"label_ports", read_label_ports},
                                          {"ignore", read_ignore},
                                          {"grace", read_grace}}};
constexpr auto kConfigKeyNames = [] {
  std::array<std::string_view, kConfigKeys.size()> names{};
  std::ranges::transform(kConfigKeys, names.begin(), &Key::name);
  return names;
}();

Policy read_policy(const Fields& config) {
  Policy policy = default_policy();
  if (config.value().is_null() || !config.usable()) return policy;
  config.allow_only(kConfigKeyNames);
  for (const Key& key : kConfigKeys) {
    const Member* member = config.value().member(key.name);
    if (member == nullptr) continue;
    if (member->value.is_null()) {
      config.complain(member->line,
                      fmt::format("{} is empty: write [] for none, or leave the key out for the "
                                  "default",
                                  key.name));
      continue;
    }
    key.read(config, key.name, policy);
  }
  return policy;
}

}  // namespace

Result<Policy> parse_config(std::string_view yaml, std::string_view file_name) {
  if (yaml.size() > kMaxConfigBytes) {
    return failure(Reason::exhausted,
                   fmt::format("{}: is {} bytes long, more than the {} that are read",
                               terminal_text(file_name), yaml.size(), kMaxConfigBytes));
  }
  auto document = parse_settings(yaml, file_name);
  if (!document) return std::unexpected(std::move(document).error());
  std::vector<Complaint> complaints = std::move(document->complaints);
  Policy policy = read_policy(Fields(document->root, "", complaints));
  if (auto good = without_complaints(file_name, complaints); !good) {
    return std::unexpected(std::move(good).error());
  }
  return policy;
}

}  // namespace hostnet
