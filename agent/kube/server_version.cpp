#include "agent/kube/server_version.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "agent/kube/json_cutter.h"

namespace hostnet {
namespace {

constexpr std::size_t kMostParts = 3;

// Takes the number at the front; unset, nothing taken: there is none.
std::optional<int> take_number(std::string_view& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// "v1.33.4+k3s1", "v1.31.2-eks-a737599": two or three numbers, then anything.
std::optional<std::vector<int>> version_in_tag(std::string_view tag) {
  if (tag.starts_with('v')) tag.remove_prefix(1);
  std::vector<int> version;
  while (const auto number = take_number(tag)) {
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
  const auto first = take_number(major_text), second = take_number(minor_text);
  if (!first || !second) return std::nullopt;
  return std::vector{*first, *second};
}

std::string server_version_json(const std::vector<int>& version) {
  return fmt::format("{{\"gitVersion\": \"v{}\"}}\n", fmt::join(version, "."));
}

}  // namespace hostnet
