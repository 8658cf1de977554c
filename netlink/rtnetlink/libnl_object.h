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

// A copy of a message for libnl, with the attributes that we will read from its
// object and no others. libnl 3.7 fails a whole message over one attribute that
// is newer than its policy, and its parsers of kind-specific options trust what
// they get; what we leave out can do neither.
class LibnlMessage {
 public:
  LibnlMessage(std::uint16_t type, std::span<const std::byte> fixed);
  void attribute(std::uint16_t type, std::span<const std::byte> value);
  // The object of NETLINK_ROUTE that libnl makes of it; null when it refuses.
  LibnlObject parse();

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace hostnet
