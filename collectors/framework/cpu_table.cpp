#include "collectors/framework/cpu_table.h"

#include <fmt/format.h>

#include <limits>

#include "collectors/framework/text_file.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::string_view kCpu = "CPU";
constexpr std::uint64_t kMost32 = std::numeric_limits<std::uint32_t>::max();

Result<std::vector<unsigned>> cpus_of_heading(const LineReader& reader) {
  std::vector<unsigned> cpus;
  for (const std::string_view field : reader.fields()) {
    const auto number =
        field.starts_with(kCpu) ? parse_number<unsigned>(field.substr(kCpu.size())) : std::nullopt;
    if (!number) return reader.malformed("expected \"CPU0 CPU1 ...\"");
    cpus.push_back(*number);
  }
  if (cpus.empty()) return reader.malformed("expected \"CPU0 CPU1 ...\"");
  return cpus;
}

std::uint64_t widened_count(std::map<unsigned, WidenedCounter>& counters, unsigned cpu,
                            std::uint64_t value) {
  return value > kMost32 ? value : counters[cpu].update(static_cast<std::uint32_t>(value));
}

}  // namespace

Result<CpuTable> read_cpu_table(const Files& files, std::string_view path, std::string& text,
                                CpuCounters& counters) {
  if (auto read = files.read(path, text); !read) return std::unexpected(std::move(read).error());
  LineReader reader(path, text);
  reader.next();
  const auto cpus = cpus_of_heading(reader);
  if (!cpus) return std::unexpected(cpus.error());
  CpuTable table;
  for (const unsigned cpu : *cpus) table.cpus.push_back(std::to_string(cpu));

  while (reader.next()) {
    const auto words = reader.fields();
    if (words.empty()) continue;
    const auto colon = words[0].find(':');
    if (colon == std::string_view::npos) return reader.malformed("expected \"<name>: ...\"");
    // A long name may touch its first number: "IPI0:12".
    std::vector<std::string_view> fields;
    if (colon + 1 < words[0].size()) fields.push_back(words[0].substr(colon + 1));
    fields.insert(fields.end(), words.begin() + 1, words.end());
    if (fields.size() == 1 && cpus->size() > 1) continue;
    if (fields.size() < cpus->size()) {
      return reader.malformed(
          fmt::format("has {} numbers, expected {}", fields.size(), cpus->size()));
    }

    CpuTable::Row row{.name = std::string(words[0].substr(0, colon))};
    auto& row_counters = counters[row.name];
    for (std::size_t i = 0; i < cpus->size(); ++i) {
      const auto value = reader.number_in(fields[i]);
      if (!value) return std::unexpected(value.error());
      row.values.push_back(widened_count(row_counters, (*cpus)[i], *value));
    }
    row.rest.assign(fields.begin() + static_cast<std::ptrdiff_t>(cpus->size()), fields.end());
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace hostnet
