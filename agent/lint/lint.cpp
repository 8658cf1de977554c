#include "agent/lint/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "agent/lint/lint_pod.h"

namespace hostnet {
namespace {

// A declared host port and where it is written.
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

// The scheduler's rule: the wildcard takes all, other addresses are text.
bool same_address(const std::string& a, const std::string& b) {
  const auto any = [](const std::string& ip) { return ip.empty() || ip == "0.0.0.0"; };
  return any(a) || any(b) || a == b;
}

bool may_meet(const Pod& a, const Pod& b) {
  if (!a.node_name.empty() && !b.node_name.empty() && a.node_name != b.node_name) return false;
  // The pods of one workload are kept apart by the scheduler; several_replicas
  // says what there is to say. A template and its own pod are the same thing.
  return a.workload.empty() || a.namespace_ != b.namespace_ || a.workload != b.workload;
}

std::string object_name(const ManifestObject& object) {
  const Pod& pod = object.pod;
  if (object.fragment) return fmt::format("{} document {}", object.file, object.document);
  return pod.workload.empty() ? fmt::format("Pod {}/{}", pod.namespace_, pod.name)
                              : fmt::format("{} in {}", pod.workload, pod.namespace_);
}

// Names the first earlier declaration that `later` collides with, so that n
// declarations give n-1 lints.
const PlacedPort* find_collision(std::span<const PlacedPort> earlier, const PlacedPort& later) {
  const auto found = std::ranges::find_if(earlier, [&](const PlacedPort& one) {
    if (!same_address(one.port->host_ip, later.port->host_ip)) return false;
    return one.object == later.object || may_meet(one.object->pod, later.object->pod);
  });
  return found == earlier.end() ? nullptr : &*found;
}

void lint_duplicates(std::span<const ManifestResult> input, std::vector<Lint>& lints) {
  // Ten thousand pods with one port would cost their square: going back this
  // far finds a collision wherever there is one in practice.
  constexpr std::size_t kHistoryWindow = 256;
  for (const auto& [key, places] : collect_ports(input)) {
    for (std::size_t i = 1; i < places.size(); ++i) {
      const PlacedPort& later = places[i];
      const std::size_t first = i > kHistoryWindow ? i - kHistoryWindow : 0;
      const PlacedPort* other = find_collision(std::span(places).subspan(first, i - first), later);
      if (other == nullptr) continue;
      const ManifestObject& object = *later.object;
      const bool same_pod = other->object == later.object;
      lints.push_back(
          {.code = "duplicate_declaration",
           .severity = same_pod ? Severity::critical : Severity::warning,
           .file = object.file,
           .document = object.document,
           .line = later.line,
           .namespace_ = object.pod.namespace_,
           .pod = object.pod.name,
           .workload = object.pod.workload,
           .container = later.container->name,
           .protocol = key.first,
           .port = key.second,
           .message =
               same_pod ? fmt::format("{}/{} is declared by container {} too (line {})", key.second,
                                      to_string(key.first), other->container->name, other->line)
                        : fmt::format("{}/{} is declared by {} too ({} line {}): they cannot run "
                                      "on one node",
                                      key.second, to_string(key.first), object_name(*other->object),
                                      other->object->file, other->line),
           .remedy = same_pod ? "leave one of the two out: containers of a pod share its ports"
                              : "give each workload a host port of its own"});
    }
  }
}

}  // namespace

std::vector<Lint> lint_manifests(std::span<const ManifestResult> input, const Policy& policy,
                                 const PortRanges& ranges) {
  std::map<std::string, const ManifestNamespace*> namespaces;
  std::map<std::string, std::size_t> file_order;
  for (const ManifestResult& file : input) {
    for (const auto& one : file.namespaces) namespaces.insert_or_assign(one.name, &one);
    for (const auto& object : file.objects) file_order.try_emplace(object.file, file_order.size());
  }
  std::vector<Lint> lints;
  for (const ManifestResult& file : input) {
    for (const ManifestObject& object : file.objects) {
      ObjectLinter linter(object, policy, ranges, lints);
      linter.lint_pod();
      linter.lint_workload();
      const auto name_space = namespaces.find(object.pod.namespace_);
      if (!object.fragment && name_space != namespaces.end()) {
        linter.lint_namespace(*name_space->second);
      }
    }
  }
  lint_duplicates(input, lints);
  // Not stable_sort: clang refuses libstdc++'s, which uses what C++17 deprecated.
  std::ranges::sort(lints, {}, [&](const Lint& lint) {
    return std::tuple(file_order[lint.file], lint.document, lint.line,
                      std::string_view(lint.container), lint.port.value_or(0), lint.protocol,
                      std::string_view(lint.code));
  });
  return lints;
}

}  // namespace hostnet
