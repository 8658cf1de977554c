#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "agent/kube/kube_client.h"

namespace hostnet {

// What a LIST has, as it arrives: no more than one item of it is ever kept.
struct KubeListParts {
  std::function<void(std::string_view metadata)> on_metadata;  // of the list itself; or unset
  std::function<void(std::string_view item)> on_item;
  // An item was longer than the limit and is left out; unset: that is a problem of the list.
  std::function<void()> on_too_long;
};

// Blocks until the list is over. A body that is no whole list is a `problem`, too.
KubeReply read_list(KubeClient& client, const std::string& path, std::size_t longest_item,
                    const KubeListParts& parts);

}  // namespace hostnet
