#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "agent/kube/kube_client.h"

namespace hostnet {

// The parts of a LIST, as they arrive: never more than one item is kept.
struct KubeListParts {
  std::function<void(std::string_view metadata)> on_metadata;  // of the list itself; or unset
  std::function<void(std::string_view item)> on_item;
  // An item was longer than the limit and is skipped; unset: that is a problem of the list.
  std::function<void()> on_too_long;
};

// Blocks until the list ends. A body that is no complete list is a `problem`, too.
KubeReply read_list(KubeClient& client, const std::string& path, std::size_t longest_item,
                    const KubeListParts& parts);

}  // namespace hostnet
