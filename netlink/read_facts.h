#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "netlink/netlink.h"

namespace hostnet {

// Sends the request and decodes each message of the answer into a fact; messages
// without one are skipped. A `decode` error is prefixed with the request.
template <class T, class Decode>
Result<std::vector<T>> read_facts(Netlink& netlink, const NetlinkRequest& request,
                                  const Decode& decode) {
  std::vector<T> facts;
  const auto on_message = [&](const NetlinkMessage& message) -> Result<> {
    Result<std::optional<T>> fact = decode(message);
    if (!fact) {
      Error error = std::move(fact).error();
      error.message = request.doing + ": " + error.message;
      return std::unexpected(std::move(error));
    }
    if (*fact) facts.push_back(*std::move(*fact));
    return {};
  };
  Result<> done = netlink.dump(request, {[&] { facts.clear(); }, on_message});
  if (!done) return std::unexpected(std::move(done).error());
  return facts;
}

}  // namespace hostnet
