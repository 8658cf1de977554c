// Kernel settings selected by --collector.sysctl.include, from /proc/sys.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/metric_name.h"
#include "collectors/framework/text_file.h"
#include "netlink/base/ranges.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::array<CollectorFlag, 2> kSysctlFlags = {{
    {"sysctl.include", CollectorFlag::Kind::texts, "",
     "a setting with numbers, \"net.ipv4.ip_forward\" or with a name for each number, "
     "\"net.ipv4.tcp_rmem:min,default,max\""},
    {"sysctl.include-info", CollectorFlag::Kind::texts, "",
     "a setting whose words become labels, \"kernel.core_pattern\""},
}};

struct SysctlChoice {
  bool numeric{};
  std::string name;               // as given
  std::string path;               // "proc/sys/net/ipv4/ip_forward"
  std::string metric;             // "node_sysctl_net_ipv4_ip_forward"
  std::vector<std::string> keys;  // one for each number, or none
};

// As in sysctl(8): if a slash is first, slashes separate and dots are part of
// a name ("net/ipv4/conf/eth0.100/forwarding").
std::string sysctl_path(std::string_view name) {
  std::string path(name);
  const auto separator = name.find_first_of("./");
  if (separator != std::string_view::npos && name[separator] == '.') {
    std::ranges::replace(path, '.', '/');
  }
  return "proc/sys/" + path;
}

Result<SysctlChoice> sysctl_choice(std::string_view flag, const std::string& given) {
  const auto refused = [&](std::string_view what) {
    return failure(Reason::malformed, fmt::format("--collector.{}={}: {}", flag, given, what));
  };
  const auto colon = given.find(':');
  SysctlChoice choice{.numeric = flag == kSysctlFlags[0].name, .name = given.substr(0, colon)};
  choice.path = sysctl_path(choice.name);
  choice.metric = "node_sysctl_" + sanitized_name(choice.name);
  const bool empty_part = choice.path.ends_with('/') || choice.path.contains("//");
  const bool dot_part = (choice.path + '/').contains("/./") || (choice.path + '/').contains("/../");
  if (empty_part || dot_part) return refused("is not the name of a setting");
  if (colon == std::string::npos) return choice;
  if (!choice.numeric) return refused("words cannot have names, they are labels");
  std::string_view rest = std::string_view(given).substr(colon + 1);
  for (bool more = true; more;) {
    more = rest.contains(',');
    const std::string_view key = take_until(rest, ',');
    if (key.empty() || !std::ranges::all_of(key, is_name_character)) {
      return refused("expected names of letters, digits and underscores after the colon");
    }
    if (contains(choice.keys, key)) {
      return refused("has a name twice");
    }
    choice.keys.emplace_back(key);
  }
  return choice;
}

// The same setting once with names and once without is two families, as in node_exporter.
bool share_series(const SysctlChoice& one, const SysctlChoice& other) {
  if (one.numeric != other.numeric || one.path != other.path) return false;
  if (one.keys.empty() || other.keys.empty()) return one.keys.empty() && other.keys.empty();
  return std::ranges::find_first_of(one.keys, other.keys) != one.keys.end();
}

Result<> add_sysctl(FamilyList& families, const SysctlChoice& choice, std::string_view text) {
  LineReader reader(choice.path, text);
  std::vector<std::string_view> words;
  while (reader.next()) {
    words.insert(words.end(), reader.fields().begin(), reader.fields().end());
  }
  const auto malformed = [&](std::string_view what) {
    return failure(Reason::malformed, fmt::format("{}: {}", choice.path, what));
  };
  if (words.empty()) return malformed("has no value");
  if (!choice.keys.empty() && words.size() != choice.keys.size()) {
    return malformed(fmt::format("has {} values, --collector.sysctl.include names {}", words.size(),
                                 choice.keys.size()));
  }
  const std::string help = fmt::format("The setting {}.", choice.name);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string index = std::to_string(i);
    if (!choice.numeric) {
      families.add("node_sysctl_info", "A word of a setting.", kGauge,
                   {{"index", index}, {"name", choice.name}, {"value", words[i]}}, 1);
      continue;
    }
    const auto number = parse_number<std::int64_t>(words[i]);
    if (!number) return malformed(not_a_number(words[i]));
    const auto value = static_cast<double>(*number);
    if (!choice.keys.empty()) {
      families.add(fmt::format("{}_{}", choice.metric, choice.keys[i]), help, kUntyped, {}, value);
    } else if (words.size() > 1) {
      families.add(choice.metric, help, kUntyped, {{"index", index}}, value);
    } else {
      families.add(choice.metric, help, kUntyped, {}, value);
    }
  }
  return {};
}

// A setting that this kernel does not have (its module is not loaded) is left
// out; if it has none of them, that is the error.
Result<std::vector<MetricSource>> collect_sysctl(const Scrape& scrape,
                                                 const std::vector<SysctlChoice>& choices) {
  FamilyList families;
  Result<> absent;
  bool found = false;
  for (const SysctlChoice& choice : choices) {
    const auto text = scrape.node().files->read(choice.path);
    if (!text) {
      if (text.error().reason != Reason::vanished) return std::unexpected(text.error());
      if (absent) absent = std::unexpected(text.error());
      continue;
    }
    found = true;
    if (auto done = add_sysctl(families, choice, *text); !done) {
      return std::unexpected(std::move(done).error());
    }
  }
  if (!found && !absent) return std::unexpected(std::move(absent).error());
  return families.take();
}

Result<Collect> make_sysctl(const CollectorOptions& options) {
  const auto choices = std::make_shared<std::vector<SysctlChoice>>();
  for (const CollectorFlag& flag : kSysctlFlags) {
    for (const std::string& given : options.texts(flag.name)) {
      auto choice = sysctl_choice(flag.name, given);
      if (!choice) return std::unexpected(std::move(choice).error());
      const auto same = [&](const SysctlChoice& other) { return share_series(other, *choice); };
      if (std::ranges::none_of(*choices, same)) choices->push_back(std::move(*choice));
    }
  }
  return [choices](Scrape& scrape) { return collect_sysctl(scrape, *choices); };
}

}  // namespace

Collector sysctl_collector() {
  return {.name = "sysctl",
          .help = "selected kernel settings (sysctl)",
          .enabled_by_default = false,
          .flags = kSysctlFlags,
          .make = make_sysctl};
}

}  // namespace hostnet
