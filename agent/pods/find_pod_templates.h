#pragma once

// Finds pods in objects of unknown kinds, and requests for the host's network in the parts that are
// not read.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/document/value.h"

namespace hostnet {

struct FoundTemplate {
  const Value* pod_template{};  // {metadata, spec: {containers: …}}
  std::string path;             // "spec.tasks[0].template"
  std::string name;             // distinguishes it from its siblings: "worker"; "" nothing does
};

// The pod templates inside an object, in its order: mappings with a `spec` that has `containers`,
// at any depth. Not the object itself.
std::vector<FoundTemplate> find_pod_templates(const Value& object);

// A setting that requests the host's network.
struct HostAccess {
  std::string path;  // "spec.driver.hostNetwork"
  unsigned line{};
  bool text{};  // it is inside a text (a ConfigMap's manifest, Helm's values)
};

// `hostNetwork: true` and `hostPort`s in an object outside of `read` (the parts already read),
// settings with such names and JSON patches of them. Skips annotations, labels and the status.
std::vector<HostAccess> find_host_access(const Value& object,
                                         const std::vector<const Value*>& read);

// The same where a pod has no such field: hostPort in a container, hostNetwork in a
// securityContext. `searched` is at `path` and has the pod's `spec`, or is it.
std::vector<HostAccess> find_misplaced_access(const Value& searched, const std::string& path,
                                              const Value& spec);

// Most findings per object; no legitimate object has more.
inline constexpr std::size_t kMostFound = 256;

// Calls visit(child, path, key) for the elements of a mapping or list; key is "" in a list.
void for_each_child(
    const Value& value, const std::string& path,
    const std::function<void(const Value&, const std::string&, std::string_view)>& visit);

// The value of "a.b.c" below `from`; null: there is none.
const Value* at_path(const Value& from, std::string_view path);

}  // namespace hostnet
