// The number of processes and threads, by state, from
// /proc/<pid>/stat and /proc/<pid>/task/<tid>/stat (proc(5)).

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/text_file.h"
#include "netlink/base/ascii.h"

namespace hostnet {
namespace {

using StateCounts = std::map<char, std::uint64_t>;

struct ProcessCounts {
  std::uint64_t processes{}, threads{};
  StateCounts states, thread_states;
};

struct TaskStat {
  char state{};
  std::uint64_t threads{};
};

bool is_task_number(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, is_digit);
}

// "812 (any name, even with ") R 1 (" in it) S 1 812 ...": the last parenthesis is
// followed by the state and numbers, of which the 18th is the number of threads.
Result<TaskStat> task_stat(const std::string& path, std::string_view text) {
  constexpr std::size_t kState = 0, kThreads = 17;
  const auto name_end = text.rfind(')');
  if (name_end == std::string_view::npos) {
    return failure(Reason::malformed, path + ": no name in parentheses");
  }
  LineReader reader(path, text.substr(name_end + 1));
  reader.next();
  if (reader.fields().empty() || reader.fields()[kState].size() != 1) {
    return reader.malformed("expected a letter for the state");
  }
  const auto threads = reader.u64(kThreads);
  if (!threads) return std::unexpected(threads.error());
  return TaskStat{reader.fields()[kState][0], *threads};
}

class ProcessWalk {
 public:
  explicit ProcessWalk(Scrape& scrape) : scrape_(scrape), files_(*scrape.node().files) {}

  Result<ProcessCounts> count() {
    const auto entries = files_.list("proc");
    if (!entries) return std::unexpected(entries.error());
    for (const std::string& pid : *entries) {
      if (!is_task_number(pid)) continue;
      if (auto done = count_process(pid); !done) return std::unexpected(std::move(done).error());
    }
    return std::move(counts_);
  }

 private:
  // Unset: it is gone, as short-lived processes often are.
  Result<std::optional<TaskStat>> read_stat(const std::string& path) {
    if (scrape_.node().clock->steady() > scrape_.deadline()) {
      return failure(Reason::timeout, "counting processes: out of time at " + path);
    }
    if (auto done = files_.read(path, text_); !done) {
      if (done.error().reason == Reason::vanished) return std::nullopt;
      return std::unexpected(std::move(done).error());
    }
    return task_stat(path, text_);
  }

  Result<> count_process(const std::string& pid) {
    const auto stat = read_stat(fmt::format("proc/{}/stat", pid));
    if (!stat) return std::unexpected(stat.error());
    if (!*stat) return {};
    ++counts_.processes;
    ++counts_.states[(*stat)->state];
    counts_.threads += (*stat)->threads;
    ++counts_.thread_states[(*stat)->state];  // the thread with the process's number
    if ((*stat)->threads <= 1) return {};
    const auto tasks = files_.list(fmt::format("proc/{}/task", pid));
    if (!tasks) {
      if (tasks.error().reason == Reason::vanished) return {};
      return std::unexpected(tasks.error());
    }
    for (const std::string& task : *tasks) {
      if (task == pid || !is_task_number(task)) continue;
      const auto thread = read_stat(fmt::format("proc/{}/task/{}/stat", pid, task));
      if (!thread) return std::unexpected(thread.error());
      if (*thread) ++counts_.thread_states[(*thread)->state];
    }
    return {};
  }

  Scrape& scrape_;
  const Files& files_;
  std::string text_;  // keeps its capacity
  ProcessCounts counts_;
};

Result<std::vector<MetricSource>> collect_processes(Scrape& scrape) {
  const auto counts = ProcessWalk(scrape).count();
  if (!counts) return std::unexpected(counts.error());
  const auto max_threads = read_u64(*scrape.node().files, "proc/sys/kernel/threads-max");
  if (!max_threads) return std::unexpected(max_threads.error());
  const auto max_processes = read_u64(*scrape.node().files, "proc/sys/kernel/pid_max");
  if (!max_processes) return std::unexpected(max_processes.error());

  FamilyList families;
  const auto add = [&](std::string_view name, std::string_view help,
                       std::initializer_list<LabelView> labels, std::uint64_t value) {
    families.add(name, help, kGauge, labels, static_cast<double>(value));
  };
  add("node_processes_pids", "Processes.", {}, counts->processes);
  add("node_processes_threads", "Threads.", {}, counts->threads);
  add("node_processes_max_processes", "The highest process number.", {}, *max_processes);
  add("node_processes_max_threads", "The most threads there can be.", {}, *max_threads);
  for (const auto& [state, count] : counts->states) {
    add("node_processes_state", "Processes in each state.", {{"state", {&state, 1}}}, count);
  }
  for (const auto& [state, count] : counts->thread_states) {
    add("node_processes_threads_state", "Threads in each state.", {{"thread_state", {&state, 1}}},
        count);
  }
  return families.take();
}

}  // namespace

Collector processes_collector() {
  return {.name = "processes",
          .help = "number of processes and threads",
          .enabled_by_default = false,
          .make = [](const CollectorOptions&) -> Result<Collect> { return collect_processes; }};
}

}  // namespace hostnet
