#include "agent/metrics/process_metrics.h"

#include <optional>

#include "collectors/framework/families.h"
#include "collectors/framework/text_file.h"

namespace hostnet {
namespace {

// USER_HZ: what /proc counts in, 100 on every architecture Linux runs on but
// for Alpha (include/asm-generic/param.h).
constexpr double kTicksPerSecond = 100;

// What limits(5) calls "unlimited", RLIM_INFINITY, in Prometheus' spelling.
constexpr double kUnlimited = 18446744073709551615.0;

std::optional<double> soft_limit(const std::string& limits, std::string_view name) {
  const auto at = limits.find(name);
  if (at == std::string::npos) return std::nullopt;
  LineReader reader("proc/self/limits", std::string_view(limits).substr(at + name.size()));
  if (!reader.next() || reader.fields().empty()) return std::nullopt;
  if (reader.fields()[0] == "unlimited") return kUnlimited;
  const auto value = reader.u64(0);
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

std::optional<double> boot_time(const Files& files) {
  const auto text = files.read("proc/stat");
  if (!text) return std::nullopt;
  LineReader reader("proc/stat", *text);
  while (reader.next()) {
    if (reader.fields().empty() || reader.fields()[0] != "btime") continue;
    const auto seconds = reader.u64(1);
    return seconds ? std::optional(static_cast<double>(*seconds)) : std::nullopt;
  }
  return std::nullopt;
}

// The fields after the command's name, which may contain anything and ends at the
// last parenthesis: [0] is field 3, the state.
void add_from_stat(std::vector<MetricSource>& families, const Files& files, std::uint64_t page_size,
                   std::atomic<double>& boot) {
  const auto text = files.read("proc/self/stat");
  const auto end_of_name = text ? text->rfind(')') : std::string::npos;
  if (end_of_name == std::string::npos) return;
  LineReader stat("proc/self/stat", std::string_view(*text).substr(end_of_name + 1));
  if (!stat.next()) return;
  const auto user = stat.u64(11);
  const auto system = stat.u64(12);
  const auto start = stat.u64(19);
  const auto virtual_bytes = stat.u64(20);
  const auto resident_pages = stat.u64(21);
  if (!user || !system || !start || !virtual_bytes || !resident_pages) return;
  families.push_back(single("process_cpu_seconds_total",
                            "Total user and system CPU time spent in seconds.", kCounter,
                            static_cast<double>(*user + *system) / kTicksPerSecond));
  families.push_back(single("process_virtual_memory_bytes", "Virtual memory size in bytes.", kGauge,
                            static_cast<double>(*virtual_bytes)));
  families.push_back(single("process_resident_memory_bytes", "Resident memory size in bytes.",
                            kGauge, static_cast<double>(*resident_pages * page_size)));
  if (boot == 0) boot = boot_time(files).value_or(0);
  if (boot != 0) {
    families.push_back(single("process_start_time_seconds",
                              "Start time of the process since unix epoch in seconds.", kGauge,
                              boot + static_cast<double>(*start) / kTicksPerSecond));
  }
}

}  // namespace

std::vector<MetricSource> process_metrics(const Files& files, std::uint64_t page_size,
                                          std::atomic<double>& boot) {
  std::vector<MetricSource> families;
  add_from_stat(families, files, page_size, boot);
  if (const auto open = files.list("proc/self/fd")) {
    families.push_back(single("process_open_fds", "Number of open file descriptors.", kGauge,
                              static_cast<double>(open->size())));
  }
  if (const auto limits = files.read("proc/self/limits")) {
    if (const auto value = soft_limit(*limits, "Max open files")) {
      families.push_back(
          single("process_max_fds", "Maximum number of open file descriptors.", kGauge, *value));
    }
    if (const auto value = soft_limit(*limits, "Max address space")) {
      families.push_back(single("process_virtual_memory_max_bytes",
                                "Maximum amount of virtual memory available in bytes.", kGauge,
                                *value));
    }
  }
  return families;
}

}  // namespace hostnet
