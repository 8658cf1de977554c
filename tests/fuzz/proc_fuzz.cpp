// The collectors' parsers of /proc: the first byte says which file, the rest is
// what is in it.

#include <memory>
#include <optional>
#include <string>

#include "collectors/exposition/exposition.h"
#include "collectors/framework/collector.h"
#include "collectors/framework/run_scrape.h"
#include "collectors/registry.h"
#include "tests/collectors/default_options.h"
#include "tests/collectors/proc_samples.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_netlink.h"
#include "tests/support/memory_files.h"

namespace {

using namespace hostnet;

Collect made(std::string_view name) {
  for (const Collector& row : all_collectors()) {
    if (row.name == name) return *row.make(options_with_defaults(kFileOptions));
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int kRunsOfOneClosure = 1000;  // which remembers counters by CPU
  struct Kept {
    Collect collect;
    int runs = 0;
  };
  static Kept kept[std::size(kProcSamples)];
  if (size == 0) return 0;
  const std::size_t which = data[0] % std::size(kProcSamples);
  const auto& sample = kProcSamples[which];
  if (kept[which].runs++ % kRunsOfOneClosure == 0) kept[which].collect = made(sample.collector);

  const auto files = std::make_shared<MemoryFiles>();
  files->put_file("proc/sys/net/netfilter/nf_conntrack_count", "1\n");
  files->put_file("proc/sys/net/netfilter/nf_conntrack_max", "1\n");
  files->put_file(std::string(sample.path),
                  std::string(reinterpret_cast<const char*>(data + 1), size - 1));
  const auto clock = std::make_shared<FakeClock>();
  RunScrape scrape(std::make_shared<const Node>(Node{.netlink = std::make_shared<FakeNetlink>(),
                                                     .files = files,
                                                     .clock = clock,
                                                     .identity = {}}),
                   [](const Node&) -> Result<std::vector<Link>> { return std::vector<Link>{}; });
  scrape.set_deadline(clock->steady() + std::chrono::hours(1));
  if (const auto sources = kept[which].collect(scrape)) {
    write_exposition(*sources, ExpositionFormat::openmetrics,
                     [](std::string_view) { return true; });
  }
  return 0;
}
