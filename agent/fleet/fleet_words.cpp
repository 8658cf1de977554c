#include "agent/fleet/fleet_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "agent/render/json_reading.h"

namespace hostnet {
namespace {

constexpr std::size_t kMostInAList = 100;

// What `words` makes of each element, each text once, in order.
template <class Words>
std::string distinct(const Json& list, const Words& words) {
  std::vector<std::string> seen;
  if (!list.is_array()) return "";
  for (const Json& element : list) {
    std::string text = words(element);
    if (!text.empty() && std::ranges::find(seen, text) == seen.end())
      seen.push_back(std::move(text));
    if (seen.size() >= kMostInAList) break;
  }
  return fmt::format("{}", fmt::join(seen, ", "));
}

std::string user_of(const Json& holder) {
  const std::string uid = number_at(holder, "uid");
  if (uid.empty()) return "";
  return uid == "0" ? "root" : "uid " + uid;
}

// As its runtime prints it.
std::string short_name_of(const Json& holder) {
  std::string name = text_at(holder, "name");
  const std::string id = text_at(holder, "container_id");
  const auto at = id.size() == 64 ? name.find(id) : std::string::npos;
  if (at != std::string::npos) name.erase(at + 12, 52);
  return name;
}

std::string state_of(const Json& holder) {
  const std::string state = text_at(holder, "state");
  if (state.empty() || state == "listen" || state == "bound") return "";
  const std::string peer = text_at(holder, "peer");
  return fmt::format(" ({}{}{})", state, peer.empty() ? "" : " to ", peer);
}

void add_word(std::string& words, const std::string& word) {
  if (!words.empty() && !word.empty()) words += ' ';
  words += word;
}

std::string holder_words_of(const Json& holder) {
  const std::string kind = text_at(holder, "kind");
  const std::string comm = text_at(holder, "comm");
  const std::string pid = number_at(holder, "pid");
  if (kind == "nat_rule") {
    const std::string rule = text_at(holder, "rule");
    const std::string of_pod =
        text_at(holder, "pod").empty() ? "" : text_at(holder, "name") + " by ";
    return of_pod + (rule.empty() ? "NAT rule" : "NAT rule: " + rule);
  }
  std::string words = comm == text_at(holder, "name") && !comm.empty() ? "" : short_name_of(holder);
  if (!comm.empty()) add_word(words, pid.empty() ? comm : fmt::format("{}[{}]", comm, pid));
  if (words.empty()) words = "unknown";
  add_word(words, kind == "kernel" ? "kernel" : user_of(holder));
  return words + state_of(holder);
}

}  // namespace

std::string port_words_of(const Json& object) {
  const std::string port = number_at(object, "port");
  const std::string protocol = text_at(object, "protocol");
  return port.empty() || protocol.empty() ? port : port + "/" + protocol;
}

std::string holders_words_of(const Json& holders) {
  return distinct(holders, holder_words_of);
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
