#pragma once

// libnl's decoders as one call, for the decode_*.cpp files of this folder.

#include <netlink/object.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "netlink/attributes.h"

namespace hostnet {

struct LibnlObjectDeleter {
  void operator()(nl_object* object) const { nl_object_put(object); }
};
using LibnlObject = std::unique_ptr<nl_object, LibnlObjectDeleter>;

// A copy of a message for libnl, containing only the attributes that we will read from
// its object. libnl 3.7 rejects a whole message over one attribute that is newer than
// its policy, and its parsers of kind-specific options do not validate their input;
// attributes that we leave out cause neither.
class LibnlMessage {
 public:
  LibnlMessage(std::uint16_t type, std::span<const std::byte> fixed);
  void attribute(std::uint16_t type, std::span<const std::byte> value);
  // Parses it into libnl's NETLINK_ROUTE object; null when libnl refuses.
  LibnlObject parse();

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace hostnet
