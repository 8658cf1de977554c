#include "agent/kube/server_version.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agent/kube/json_cutter.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::size_t kMostParts = 3;

// "v1.33.4+k3s1", "v1.31.2-eks-a737599": two or three numbers, then anything.
std::optional<std::vector<int>> version_in_tag(std::string_view tag) {
  if (tag.starts_with('v')) tag.remove_prefix(1);
  std::vector<int> version;
  while (const auto number = take_number<std::uint16_t>(tag)) {
    version.push_back(*number);
    if (version.size() == kMostParts || !tag.starts_with('.')) break;
    tag.remove_prefix(1);
  }
  if (version.size() < 2) return std::nullopt;
  return version;
}

}  // namespace

std::optional<std::vector<int>> parse_server_version(std::string_view body) {
  if (auto version = version_in_tag(json_member(body, {"gitVersion"}))) return version;
  const std::string major = json_member(body, {"major"}), minor = json_member(body, {"minor"});
  std::string_view major_text = major, minor_text = minor;  // "33+": vendors add a sign
  const auto first = take_number<std::uint16_t>(major_text),
             second = take_number<std::uint16_t>(minor_text);
  if (!first || !second) return std::nullopt;
  return std::vector<int>{*first, *second};
}

std::string server_version_json(const std::vector<int>& version) {
  return fmt::format("{{\"gitVersion\": \"v{}\"}}\n", fmt::join(version, "."));
}

}  // namespace hostnet
