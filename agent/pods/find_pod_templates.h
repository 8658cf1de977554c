#pragma once

// Finding pods in objects whose kind is not known, and what asks for the host's
// network where nothing is read.

#include <string>
#include <string_view>
#include <vector>

#include "agent/document/value.h"

namespace hostnet {

struct FoundTemplate {
  const Value* pod_template{};  // {metadata, spec: {containers: …}}
  std::string path;             // "spec.tasks[0].template"
  std::string name;             // what tells it from its siblings: "worker"; "" nothing does
};

// The pod templates below an object, in its order: a mapping with a `spec` that has
// `containers`, wherever it is. Not the object itself.
std::vector<FoundTemplate> find_pod_templates(const Value& object);

// Something that asks for the host's network.
struct HostAccess {
  std::string path;  // "spec.driver.hostNetwork"
  unsigned line{};
  bool text{};  // it stands in a text (a ConfigMap's manifest, Helm's values)
};

// `hostNetwork: true` and `hostPort`s in an object outside of `read`, the parts that
// were read, settings of such a name and JSON patches of them; annotations, labels and the status
// are passed over.
std::vector<HostAccess> find_host_access(const Value& object,
                                         const std::vector<const Value*>& read);

// The value of "a.b.c" below `from`; null: it is not there.
const Value* at_path(const Value& from, std::string_view path);

}  // namespace hostnet
