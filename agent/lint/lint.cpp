#include "agent/lint/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "agent/lint/lint_pod.h"
#include "agent/pods/object_kind.h"
#include "agent/pods/scheduler_ports.h"

namespace hostnet {
namespace {

// A declared host port and its location.
struct PlacedPort {
  const ManifestObject* object{};
  const Container* container{};
  const ContainerPort* port{};
  unsigned line{};
};

using PortPlaces = std::map<std::pair<Protocol, std::uint16_t>, std::vector<PlacedPort>>;

PortPlaces collect_ports(std::span<const ManifestResult> input) {
  PortPlaces places;
  for (const ManifestResult& file : input) {
    for (const ManifestObject& object : file.objects) {
      if (object.pod.terminal()) continue;
      for (std::size_t i = 0; i < object.pod.containers.size(); ++i) {
        const Container& container = object.pod.containers[i];
        for (std::size_t k = 0; k < container.ports.size(); ++k) {
          const ContainerPort& port = container.ports[k];
          const std::uint16_t host_port = host_port_of(object.pod, container, port);
          if (host_port == 0) continue;
          places[{port.protocol, host_port}].push_back(
              {&object, &container, &port, object.notes.containers[i].port_lines[k]});
        }
      }
    }
  }
  return places;
}

bool may_meet(const ManifestObject& one, const ManifestObject& other) {
  const Pod& a = one.pod;
  const Pod& b = other.pod;
  if (!a.node_name.empty() && !b.node_name.empty() && a.node_name != b.node_name) return false;
  // One DaemonSet per architecture is common; Windows pods can only meet other Windows pods.
  if (exclude_each_other(one.nodes, other.nodes)) return false;
  if (is_for_windows(one.nodes) != is_for_windows(other.nodes)) return false;
  // The scheduler keeps the pods of one workload apart, which several_replicas covers. A template
  // and its own pod are the same object.
  return a.workload.empty() || a.namespace_ != b.namespace_ || a.workload != b.workload;
}

// Fills in where a lint of an object is located.
void place_lint(const ManifestObject& object, unsigned line, Lint& lint) {
  lint.file = object.file;
  lint.document = object.document;
  lint.line = line;
  lint.namespace_ = object.pod.namespace_;
  lint.pod = object.pod.name;
  lint.workload = object.pod.workload;
}

std::string object_name(const ManifestObject& object) {
  const Pod& pod = object.pod;
  if (object.fragment) return fmt::format("{} document {}", object.file, object.document);
  return pod.workload.empty() ? fmt::format("Pod {}/{}", pod.namespace_, pod.name)
                              : fmt::format("{} in {}", pod.workload, pod.namespace_);
}

// The scheduler treats two spellings of one address as two addresses.
bool are_different_addresses(const std::string& one, const std::string& other) {
  if (!scheduler_separates(one, other)) return false;
  const auto first = parse_ip(one);
  const auto second = parse_ip(other);
  return !first || !second || first->unmapped() != second->unmapped();
}

// Returns the first earlier declaration that `later` collides with, so that n declarations produce
// n-1 lints.
const PlacedPort* find_collision(std::span<const PlacedPort> earlier, const PlacedPort& later) {
  const auto found = std::ranges::find_if(earlier, [&](const PlacedPort& one) {
    if (are_different_addresses(one.port->host_ip, later.port->host_ip)) return false;
    return one.object == later.object || may_meet(*one.object, *later.object);
  });
  return found == earlier.end() ? nullptr : &*found;
}

// Within one pod: its containers share its ports.
Lint duplicate_within(const PlacedPort& later, const PlacedPort& other, const std::string& port) {
  // The API server compares the addresses as they are written (AccumulateUniqueHostPorts).
  const std::string& one = other.port->host_ip;
  const std::string& two = later.port->host_ip;
  if (one == two) {
    return {.code = "duplicate_declaration",
            .severity = Severity::critical,
            .message = fmt::format("{} is declared by container {} too (line {})", port,
                                   other.container->name, other.line),
            .remedy = "remove one of the two: containers of a pod share its ports"};
  }
  if (scheduler_separates(one, two)) {
    return {
        .code = "duplicate_declaration",
        .severity = Severity::warning,
        .message = fmt::format("{} is declared for {} and, spelled differently, for {} (line {}): "
                               "one address, and which of the two gets its traffic is not "
                               "defined",
                               port, two, one, other.line),
        .remedy = "remove one of the two"};
  }
  const std::string& address = one.empty() || one == "0.0.0.0" ? two : one;
  return {.code = "duplicate_declaration",
          .severity = Severity::warning,
          .message = fmt::format("{} is declared for every address and for {} (line {}): the API "
                                 "server accepts it with a warning, and which of the two gets the "
                                 "traffic of {} is not defined",
                                 port, address.empty() ? "0.0.0.0" : address, other.line,
                                 address.empty() ? "0.0.0.0" : address),
          .remedy = "give each its own hostIP, or remove one"};
}

Lint duplicate_between(const PlacedPort& other, const std::string& port) {
  return {.code = "duplicate_declaration",
          .severity = Severity::warning,
          .message = fmt::format("{} is declared by {} too ({} line {}): they cannot run on one "
                                 "node",
                                 port, object_name(*other.object), other.object->file, other.line),
          .remedy = "give each workload a host port of its own"};
}

void lint_duplicates(std::span<const ManifestResult> input, std::vector<Lint>& lints) {
  // Comparing ten thousand pods on one port pairwise is too slow; a window of this size finds every
  // collision that occurs in practice.
  constexpr std::size_t kHistoryWindow = 256;
  for (const auto& [key, places] : collect_ports(input)) {
    const std::string port = fmt::format("{}/{}", key.second, to_string(key.first));
    for (std::size_t i = 1; i < places.size(); ++i) {
      const PlacedPort& later = places[i];
      const std::size_t first = i > kHistoryWindow ? i - kHistoryWindow : 0;
      const PlacedPort* other = find_collision(std::span(places).subspan(first, i - first), later);
      if (other == nullptr) continue;
      Lint lint = other->object == later.object ? duplicate_within(later, *other, port)
                                                : duplicate_between(*other, port);
      place_lint(*later.object, later.line, lint);
      lint.container = later.container->name;
      lint.protocol = key.first;
      lint.port = key.second;
      lints.push_back(std::move(lint));
    }
  }
}

// kubelet starts only one of two static pods with the same name; an API server keeps the one that
// was applied last (kubernetes/kubernetes#136962).
void lint_same_objects(std::span<const ManifestResult> input, std::vector<Lint>& lints) {
  std::map<std::tuple<std::string, std::string, std::string, std::string>, const ManifestObject*>
      known;
  for (const ManifestResult& file : input) {
    for (const ManifestObject& object : file.objects) {
      if (object.fragment || object.pod.name.empty()) continue;
      const auto [first, fresh] =
          known.try_emplace(std::tuple(std::string(api_group(object.api_version)), object.kind,
                                       object.pod.namespace_, object.pod.name),
                            &object);
      const ManifestObject& other = *first->second;
      if (fresh || (other.file == object.file && other.document == object.document)) continue;
      Lint lint{.code = "duplicate_object",
                .severity = Severity::warning,
                .message = fmt::format("{} {}/{} is in {} too (document {}, line {}): only one of "
                                       "the two takes effect",
                                       object.kind, object.pod.namespace_, object.pod.name,
                                       other.file, other.document, other.notes.line),
                .remedy = "remove one of the two; keep backups outside of the folder"};
      place_lint(object, object.notes.line, lint);
      lints.push_back(std::move(lint));
    }
  }
}

// For example hostProcess containers: Linux port rules do not apply to them.
void lint_other_os(const ManifestObject& object, std::vector<Lint>& lints) {
  Lint lint{.code = "other_os",
            .severity = Severity::info,
            .message = "for Windows nodes only: its ports are not checked on this one",
            .remedy = "inspect on the Windows node with: Get-NetTCPConnection -LocalPort PORT"};
  place_lint(object, object.notes.line, lint);
  lints.push_back(std::move(lint));
}

void lint_unread(const ManifestResult& file, std::vector<Lint>& lints) {
  for (const UnreadHostAccess& unread : file.unread) {
    Lint lint{.code = unread.misplaced ? "host_access_misplaced" : "host_access_not_read",
              .severity = unread.misplaced ? Severity::warning : Severity::info,
              .file = unread.file,
              .document = unread.document,
              .line = unread.line,
              .namespace_ = unread.namespace_,
              .pod = unread.name,
              .workload = fmt::format("{}/{}", unread.kind, unread.name)};
    if (unread.misplaced) {
      lint.message = fmt::format(
          "a {} has no field {}: it is dropped or refused, and the pod "
          "does not get it",
          unread.kind, unread.path);
      lint.remedy = "move it into the pod's spec";
    } else {
      lint.message = fmt::format(
          "{} asks for the host's network, and the agent does not read "
          "pods {} a {}: its ports are not counted",
          unread.path, unread.text ? "in a text of" : "there in", unread.kind);
      lint.remedy =
          "check the pods that come of it, too: kubectl get pods -o yaml | hostnet-agent "
          "check -f -";
    }
    lints.push_back(std::move(lint));
  }
}

}  // namespace

std::vector<Lint> lint_manifests(std::span<const ManifestResult> input, const Policy& policy,
                                 const PortRanges& ranges) {
  std::map<std::string, const ManifestNamespace*> namespaces;
  NodePorts node_ports;
  std::map<std::string, std::size_t> file_order;
  for (const ManifestResult& file : input) {
    for (const auto& one : file.namespaces) namespaces.insert_or_assign(one.name, &one);
    for (const auto& one : file.node_ports)
      node_ports.emplace(std::pair(one.protocol, one.port), &one);
    for (const auto& object : file.objects) file_order.try_emplace(object.file, file_order.size());
    for (const auto& unread : file.unread) file_order.try_emplace(unread.file, file_order.size());
  }
  std::vector<Lint> lints;
  for (const ManifestResult& file : input) {
    for (const ManifestObject& object : file.objects) {
      if (is_for_windows(object.nodes)) {
        lint_other_os(object, lints);
        continue;
      }
      ObjectLinter linter(object, policy, ranges, node_ports, lints);
      linter.lint_pod();
      linter.lint_workload();
      const auto name_space = namespaces.find(object.pod.namespace_);
      if (!object.fragment && name_space != namespaces.end()) {
        linter.lint_namespace(*name_space->second);
      }
    }
  }
  lint_duplicates(input, lints);
  lint_same_objects(input, lints);
  for (const ManifestResult& file : input) lint_unread(file, lints);
  // Not stable_sort: clang rejects libstdc++'s, which uses a feature deprecated in C++17.
  std::ranges::sort(lints, {}, [&](const Lint& lint) {
    return std::tuple(file_order[lint.file], lint.document, lint.line,
                      std::string_view(lint.container), lint.port.value_or(0), lint.protocol,
                      std::string_view(lint.code));
  });
  return lints;
}

}  // namespace hostnet
