#include "agent/fleet/pending_pod.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "agent/document/parse_document.h"
#include "agent/fleet/agents/ask_all.h"
#include "agent/fleet/port_report.h"
#include "agent/kube/kube_request.h"
#include "agent/kube/server_version.h"
#include "agent/pods/read_pod.h"
#include "agent/pods/scheduler_ports.h"
#include "agent/render/exit_codes.h"
#include "agent/render/words.h"
#include "netlink/base/ranges.h"
#include "netlink/base/real_time.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::size_t kMostDeclaredThere = 100'000;

const Value* member_of(const Value* value, std::initializer_list<std::string_view> path) {
  for (const std::string_view key : path) {
    if (value == nullptr) return nullptr;
    value = value->find(key);
  }
  return value;
}

std::string scheduler_message(const Value& root) {
  const Value* conditions = member_of(&root, {"status", "conditions"});
  if (conditions == nullptr) return "";
  for (const Value& condition : conditions->items) {
    if (text_of(&condition, "type") == "PodScheduled") return text_of(&condition, "message");
  }
  return "";
}

// The affinity of each pod of a DaemonSet names its node.
std::optional<std::string> node_by_affinity(const Value& root) {
  const Value* terms =
      member_of(&root, {"spec", "affinity", "nodeAffinity",
                        "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"});
  if (terms == nullptr || terms->items.size() != 1) return std::nullopt;
  const Value* fields = terms->items.front().find("matchFields");
  if (fields == nullptr || fields->items.size() != 1) return std::nullopt;
  const Value& field = fields->items.front();
  const Value* names = field.find("values");
  const bool one = text_of(&field, "key") == "metadata.name" &&
                   text_of(&field, "operator") == "In" && names != nullptr &&
                   names->items.size() == 1;
  if (!one) return std::nullopt;
  return names->items.front().text;
}

PodRow declared_row(const std::string& node, const DeclaredThere& there) {
  const DeclaredPort& other = there.declared;
  const std::string port = port_words(there.wanted.port, there.wanted.protocol);
  return {.node = node,
          .verdict = "declared",
          .port = port,
          .declared_by = declared_words(other),
          .held_by = {},
          .explanation = fmt::format("the scheduler does not place it here: {} declares {} on {}{}",
                                     declared_words(other), port, other.host_ip,
                                     other.terminating ? ", and is terminating" : "")};
}

std::string explanation_of(const DeclaredPort& wanted, const PortCheck& check) {
  const std::string port = port_words(wanted.port, wanted.protocol);
  if (check.verdict != "in_use") return check.explanation;
  if (wanted.mode == PortMode::host_port) {
    return fmt::format("the scheduler may place it here; it would take {} from {}", port,
                       check.held_by);
  }
  return fmt::format("the scheduler may place it here, and it would fail: {} has {}", check.held_by,
                     port);
}

// Whether the port is held by the wanted pod itself, which runs already.
bool is_own(const WantedPod& wanted, const PortCheck& check) {
  const std::string name = wanted.pod.namespace_ + "/" + wanted.pod.name;
  return !check.pods.empty() &&
         std::ranges::all_of(check.pods, [&](const std::string& pod) { return pod == name; });
}

std::vector<std::string> targets_of(const WantedPod& wanted) {
  std::vector<std::string> targets;
  for (const DeclaredPort& port : wanted.ports) {
    const std::string address = port.host_ip == "0.0.0.0" ? "" : port.host_ip;
    targets.push_back(check_target(port.port, port.protocol, address));
  }
  return targets;
}

// A node that the scheduler has already ruled out need not be asked.
NodeAnswer decided(const FleetNode& node) {
  NodeAnswer answer = unanswered(node);
  answer.answered = answer.complete = true;
  answer.error.clear();
  return answer;
}

Result<WantedPod> fetch_wanted(const std::string& name, ClusterReader& reader) {
  std::string_view rest = name;
  const std::string space(take_until(rest, '/'));
  const auto object = reader.object(pods_path(space) + "/" + percent_encoded(rest));
  if (!object && object.error().reason == Reason::vanished) {
    return failure(Reason::vanished, "there is no pod " + name);
  }
  if (!object) return std::unexpected(object.error());
  return read_wanted_pod(*object);
}

Result<DeclaredByNode> fetch_declared(const WantedPod& wanted, ClusterReader& reader) {
  const auto version_text = reader.object(std::string(kVersionPath));
  const auto version = version_text ? parse_server_version(*version_text) : std::nullopt;
  DeclaredByNode declared;
  const std::string placed =
      percent_encoded("spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed");
  auto done = reader.pods("", "fieldSelector=" + placed, [&](const Pod& pod, std::string_view) {
    add_declared(wanted, pod, version, declared);
  });
  if (!done) return std::unexpected(done.error());
  return declared;
}

Result<std::vector<FleetNode>> fetch_nodes(const FleetOptions& options, const WantedPod& wanted,
                                           ClusterReader& reader) {
  auto nodes = reader.nodes();
  if (!nodes) return std::unexpected(nodes.error());
  std::erase_if(*nodes, [&](const ClusterNode& node) { return !may_go_to(wanted, node); });
  const auto agents = reader.agents(options);
  if (!agents) return std::unexpected(agents.error());
  std::vector<FleetNode> fleet = match_agents(*nodes, *agents);
  std::erase_if(fleet, [&](const FleetNode& node) {
    return !contains(*nodes, node.name, &ClusterNode::name);
  });
  return fleet;
}

}  // namespace

Result<WantedPod> read_wanted_pod(std::string_view object) {
  auto pod = read_pod_json(object);
  if (!pod) return std::unexpected(pod.error());
  const ParsedDocuments parsed = parse_json(object);
  WantedPod wanted;
  wanted.pod = *std::move(pod);
  wanted.ports = declared_ports(wanted.pod);
  if (parsed.documents.empty()) return wanted;
  const Value& root = parsed.documents.front().root;
  wanted.scheduler_says = scheduler_message(root);
  wanted.only_node = node_by_affinity(root);
  if (!wanted.pod.node_name.empty()) wanted.only_node = wanted.pod.node_name;
  if (const Value* selector = member_of(&root, {"spec", "nodeSelector"})) {
    for (const Member& label : selector->members) {
      wanted.node_selector.emplace_back(label.key, label.value.text);
    }
  }
  return wanted;
}

std::vector<PodRow> rows_of_checks(const WantedPod& wanted, const NodeAnswer& node,
                                   const std::vector<PortCheck>& checks) {
  std::vector<PodRow> rows;
  std::vector<std::string> to_have;
  bool own = false;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    const DeclaredPort& port = wanted.ports[i];
    std::string words = port_words(port.port, port.protocol);
    const bool has_it = is_own(wanted, checks[i]);
    own = own || has_it;
    if (has_it || checks[i].verdict == "free") {
      to_have.push_back(std::move(words));
      continue;
    }
    rows.push_back({.node = node.node,
                    .verdict = checks[i].verdict,
                    .port = std::move(words),
                    .declared_by = {},
                    .held_by = checks[i].held_by,
                    .explanation = node.answered ? explanation_of(port, checks[i])
                                                 : "no pod declares it there; its agent did "
                                                   "not answer"});
  }
  if (!rows.empty()) return rows;
  return {{.node = node.node,
           .verdict = own ? "own" : "free",
           .port = fmt::format("{}", fmt::join(to_have, ", ")),
           .declared_by = {},
           .held_by = {},
           .explanation = own ? "the pod itself runs there"
                              : "no pod declares it there, and nothing holds it"}};
}

bool may_go_to(const WantedPod& wanted, const ClusterNode& node) {
  if (wanted.only_node) return node.name == *wanted.only_node;
  return std::ranges::all_of(wanted.node_selector,
                             [&](const auto& label) { return contains(node.labels, label); });
}

void add_declared(const WantedPod& wanted, const Pod& pod,
                  const std::optional<std::vector<int>>& server_version, DeclaredByNode& found) {
  const bool itself = pod.name == wanted.pod.name && pod.namespace_ == wanted.pod.namespace_;
  if (pod.node_name.empty() || itself) return;
  std::vector<DeclaredThere>& there = found[pod.node_name];
  for (const DeclaredPort& declared : declared_ports(pod)) {
    if (declared.container_type == ContainerType::sidecar &&
        scheduler_ignores_sidecars(server_version)) {
      continue;
    }
    for (const DeclaredPort& port : wanted.ports) {
      if (scheduler_keeps_apart(port, declared) && there.size() < kMostDeclaredThere) {
        there.push_back({.wanted = port, .declared = declared});
      }
    }
  }
}

Result<PodReport> ask_for_pod(const FleetOptions& options, ClusterReader& reader,
                              const AgentClient& client) {
  auto wanted = fetch_wanted(options.pod, reader);
  if (!wanted) return std::unexpected(wanted.error());
  PodReport report{
      .generated_at = wall_now(), .wanted = *std::move(wanted), .nodes = {}, .rows = {}};
  if (report.wanted.ports.empty()) return report;
  const auto declared = fetch_declared(report.wanted, reader);
  if (!declared) return std::unexpected(declared.error());
  const auto nodes = fetch_nodes(options, report.wanted, reader);
  if (!nodes) return std::unexpected(nodes.error());

  report.nodes.resize(nodes->size());
  std::vector<std::vector<PodRow>> rows(nodes->size());
  const std::vector<std::string> targets = targets_of(report.wanted);
  auto asked = ask_all(nodes->size(), [&](std::size_t i) {
    const FleetNode& node = (*nodes)[i];
    const auto there = declared->find(node.name);
    if (there != declared->end() && !there->second.empty()) {
      report.nodes[i] = decided(node);
      for (const DeclaredThere& one : there->second) {
        rows[i].push_back(declared_row(node.name, one));
      }
      return true;
    }
    const auto checks = ask_checks(node, targets, client, report.nodes[i]);
    rows[i] = rows_of_checks(report.wanted, report.nodes[i], checks);
    return report.nodes[i].answered;
  });
  if (!asked) return std::unexpected(asked.error());
  for (std::vector<PodRow>& of_node : rows) {
    std::ranges::move(of_node, std::back_inserter(report.rows));
  }
  return report;
}

int exit_code_of(const PodReport& report) {
  const auto has = [&](std::string_view verdict) {
    return contains(report.rows, verdict, &PodRow::verdict);
  };
  if (report.wanted.ports.empty() || has("free") || has("own")) return 0;
  return has("unknown") ? kIncompleteExit : 1;
}

}  // namespace hostnet
