#include "netlink/messages.h"

#include "netlink/attributes.h"

namespace hostnet {

Result<> for_each_message(std::span<const std::byte> bytes,
                          const std::function<Result<>(const NetlinkMessage&)>& on_message) {
  return walk_messages(bytes, on_message);
}

Result<> for_each_attribute(std::span<const std::byte> bytes,
                            const std::function<Result<>(const NetlinkAttribute&)>& on_attribute) {
  return walk_attributes(bytes, on_attribute);
}

}  // namespace hostnet
