#include "agent/binds/refusal_log.h"

namespace hostnet {
namespace {

bool is_the_same(const RefusedBind& one, const RefusedBind& other) {
  return one.protocol == other.protocol && one.port == other.port && one.error == other.error &&
         one.binder.cgroup == other.binder.cgroup && one.binder.processes == other.binder.processes;
}

}  // namespace

RefusedBinds with_refusal(const RefusedBinds* before, const RefusedBind& refused,
                          std::size_t limit) {
  auto newest = std::make_shared<RefusedBind>(refused);
  RefusedBinds log{newest};
  if (before == nullptr) return log;
  for (const auto& entry : *before) {
    if (is_the_same(*entry, refused)) {
      newest->first = entry->first;
      newest->times += entry->times;
    } else if (log.size() < limit) {
      log.push_back(entry);
    }
  }
  return log;
}

}  // namespace hostnet
