#include "agent/watch/pod_addresses.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "agent/verdicts/listing.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

// Unset: none of the texts is an address.
std::optional<bool> one_is_here(const std::vector<std::string>& ips,
                                std::span<const Address> addresses) {
  std::optional<bool> here;
  for (const std::string& text : ips) {
    const auto ip = parse_ip(text);
    if (!ip) continue;
    const IpAddress wanted = ip->unmapped();
    here = here.value_or(false) || contains(addresses, wanted, &Address::ip);
  }
  return here;
}

// Manifests and older recordings do not have the node's address, but a hostNetwork pod has it.
std::optional<bool> node_is_here(const Pod& pod, std::span<const Address> addresses) {
  const auto here = one_is_here(pod.host_ips, addresses);
  return here || !pod.host_network ? here : one_is_here(pod.pod_ips, addresses);
}

bool is_settled(const Pod& pod) {
  return pod.phase == "Running" && !pod.deleted_at;
}

}  // namespace

std::optional<Problem> pods_of_another_node(std::span<const Pod> pods,
                                            std::span<const Address> addresses) {
  if (addresses.empty()) return std::nullopt;
  const Pod* elsewhere = nullptr;
  for (const Pod& pod : pods) {
    if (!is_settled(pod)) continue;
    const auto here = node_is_here(pod, addresses);
    if (here == true) return std::nullopt;
    if (here == false && elsewhere == nullptr) elsewhere = &pod;
  }
  if (elsewhere == nullptr) return std::nullopt;
  const auto& ips = elsewhere->host_ips.empty() ? elsewhere->pod_ips : elsewhere->host_ips;
  return Problem{
      .code = "pods_of_another_node",
      .message = fmt::format("this node has none of the addresses that the pods' node has ({} of "
                             "{}/{}): the pods are another node's, or its address changed or is "
                             "translated on the way",
                             ips.front(), elsewhere->namespace_, elsewhere->name),
      .remedy = "set --pods.node-name (NODE_NAME) to this node's name in the cluster"};
}

std::optional<Problem> pods_with_former_addresses(std::span<const Pod> pods,
                                                  std::span<const Address> addresses) {
  if (addresses.empty()) return std::nullopt;
  const Pod* first = nullptr;
  std::size_t more = 0;
  for (const Pod& pod : pods) {
    if (!pod.host_network || !is_settled(pod)) continue;
    if (one_is_here(pod.host_ips, addresses) != true) continue;
    if (one_is_here(pod.pod_ips, addresses) != false) continue;
    if (first == nullptr) {
      first = &pod;
    } else {
      ++more;
    }
  }
  if (first == nullptr) return std::nullopt;
  return Problem{
      .code = "pods_with_former_addresses",
      .message = fmt::format("{}/{}{} {} on the node's own network, but {} is none of this node's "
                             "addresses any more: Services and clients are sent there",
                             first->namespace_, first->name, and_more(more),
                             more == 0 ? "is" : "are", first->pod_ips.front()),
      .remedy = "restart the pods, so that they get the node's current address"};
}

}  // namespace hostnet
