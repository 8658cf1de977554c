#include "agent/ports/owners/owner_pool.h"

#include <functional>
#include <string>
#include <utility>

namespace hostnet {
namespace {

// Hashes the fields that differ most; equality decides.
std::size_t hash_of(const Owner& owner) {
  const std::size_t pid =
      owner.processes.empty() ? 0 : static_cast<std::size_t>(owner.processes.front().pid);
  return std::hash<std::string>{}(owner.cgroup) * 31 + pid * 1'000'003 + owner.processes.size();
}

}  // namespace

std::shared_ptr<const Owner> OwnerPool::share(Owner owner) {
  const std::size_t hash = hash_of(owner);
  const auto [begin, end] = owners_.equal_range(hash);
  for (auto at = begin; at != end; ++at) {
    if (auto known = at->second.lock(); known && *known == owner) return known;
  }
  auto shared = std::make_shared<const Owner>(std::move(owner));
  owners_.emplace(hash, shared);
  return shared;
}

void OwnerPool::trim() {
  std::erase_if(owners_, [](const auto& item) { return item.second.expired(); });
}

}  // namespace hostnet
