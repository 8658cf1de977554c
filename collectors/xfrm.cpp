// Packets dropped by IPsec, by reason, from /proc/net/xfrm_stat
// (net/xfrm/xfrm_proc.c): "XfrmInNoStates 4".

#include <fmt/format.h>

#include <optional>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/metric_name.h"
#include "collectors/framework/text_file.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

// "XfrmInNoStates" becomes in_no_states; unset for any other form. By rule, so that
// counters of newer kernels are included.
std::optional<std::string> xfrm_counter_name(std::string_view field) {
  constexpr std::string_view kXfrm = "Xfrm";
  if (!field.starts_with(kXfrm) || field.size() == kXfrm.size()) return std::nullopt;
  std::string name;
  for (const char letter : field.substr(kXfrm.size())) {
    const bool upper = letter >= 'A' && letter <= 'Z';
    if (!is_name_character(letter) || letter == '_') return std::nullopt;
    if (upper && !name.empty()) name += '_';
    name += ascii_lower(letter);
  }
  return name;
}

Result<std::vector<MetricSource>> collect_xfrm(Scrape& scrape) {
  const Files& files = *scrape.node().files;
  const std::string path = net_path(files, "xfrm_stat");
  const auto text = or_unsupported(files.read(path));
  if (!text) return std::unexpected(text.error());
  FamilyList families;
  LineReader reader(path, *text);
  while (reader.next()) {
    const auto fields = reader.fields();
    if (fields.empty()) continue;
    const auto name = xfrm_counter_name(fields[0]);
    if (!name || fields.size() != 2) return reader.malformed("expected \"Xfrm<Name> <number>\"");
    const auto value = reader.u64(1);
    if (!value) return std::unexpected(value.error());
    families.add(fmt::format("node_xfrm_{}_packets_total", *name),
                 fmt::format("{} in /proc/net/xfrm_stat.", fields[0]), kCounter, {},
                 static_cast<double>(*value));
  }
  return families.take();
}

}  // namespace

Collector xfrm_collector() {
  return {.name = "xfrm",
          .help = "IPsec (XFRM) packet errors",
          .enabled_by_default = false,
          .make = [](const CollectorOptions&) -> Result<Collect> { return collect_xfrm; }};
}

}  // namespace hostnet
