#include "agent/fleet/fleet_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <vector>

#include "agent/ports/holder_kinds.h"
#include "agent/render/json_reading.h"
#include "agent/render/words.h"
#include "netlink/base/ranges.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::size_t kMostInAList = 100;

// The texts that `words` returns for the elements, without duplicates, in order.
template <class Words>
std::string distinct(const Json& list, const Words& words) {
  std::vector<std::string> seen;
  if (!list.is_array()) return "";
  for (const Json& element : list) {
    std::string text = words(element);
    if (!text.empty()) add_once(seen, std::move(text));
    if (seen.size() >= kMostInAList) break;
  }
  return fmt::format("{}", fmt::join(seen, ", "));
}

std::string state_of(const Json& holder) {
  const std::string state = text_at(holder, "state");
  if (state == "listen" || state == "bound") return "";
  const std::string peer = text_at(holder, "peer");
  return peer.empty() ? state : state + " to " + peer;
}

std::string holder_words_of(const Json& holder) {
  return holder_words(
      {.kind = find_named(kHolderKinds, text_at(holder, "kind")).value_or(HolderKind::unknown),
       .pod = text_at(holder, "pod"),
       .name = text_at(holder, "name"),
       .container_id = text_at(holder, "container_id"),
       .rule = text_at(holder, "rule"),
       .comm = text_at(holder, "comm"),
       .pid = number_at(holder, "pid"),
       .user = user_words(parse_number<std::uint32_t>(number_at(holder, "uid"))),
       .state = state_of(holder),
       .terminating = false});
}

}  // namespace

std::string port_words_of(const Json& object) {
  const std::string port = number_at(object, "port");
  const std::string protocol = text_at(object, "protocol");
  return port.empty() || protocol.empty() ? port : port + "/" + protocol;
}

std::string holders_words_of(const Json& holders) {
  const auto closed = [](const Json& holder) { return text_at(holder, "state") == "time_wait"; };
  if (std::ranges::all_of(holders, closed)) return distinct(holders, holder_words_of);
  Json shown = Json::array();
  std::ranges::copy_if(holders, std::back_inserter(shown), std::not_fn(closed));
  return distinct(shown, holder_words_of);
}

std::string declarations_words_of(const Json& declared) {
  return distinct(declared, [](const Json& one) {
    const std::string container = text_at(one, "container");
    return fmt::format("{}/{}{}", text_at(one, "namespace"), text_at(one, "pod"),
                       container.empty() ? "" : fmt::format(" ({})", container));
  });
}

std::string workloads_words_of(const Json& declared) {
  return distinct(declared, [](const Json& one) { return text_at(one, "workload"); });
}

}  // namespace hostnet
