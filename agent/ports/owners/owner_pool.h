#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>

#include "agent/ports/holder.h"

namespace hostnet {

// Stores each owner once, however many sockets it has: a process may have tens of thousands. Not
// thread safe.
class OwnerPool {
 public:
  std::shared_ptr<const Owner> share(Owner owner);
  // Drops owners that are no longer referenced.
  void trim();

 private:
  std::unordered_multimap<std::size_t, std::weak_ptr<const Owner>> owners_;  // by their hash
};

}  // namespace hostnet
