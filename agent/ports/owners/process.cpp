#include "agent/ports/owners/process.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "netlink/base/text.h"

namespace hostnet {
namespace {

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto read = parse_number<Number>(text);
  number = read.value_or(number);
  return read.has_value();
}

}  // namespace

Result<ProcessStat> parse_process_stat(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return failure(Reason::malformed, "reading a process's stat: no name in parentheses");
  }
  ProcessStat stat;
  stat.comm = text.substr(open + 1, close - open - 1);
  std::string_view rest = text.substr(close + 1);
  // Field 3 (state) follows the name.
  constexpr int kParent = 4;
  constexpr int kSession = 6;
  constexpr int kFlags = 9;
  constexpr int kStartTime = 22;
  bool good = true;
  int field = 2;
  std::uint64_t flags = 0;
  while (field < kStartTime) {
    const std::string_view word = take_word(rest);
    if (word.empty()) break;
    ++field;
    if (field == kParent) good = good && read_number(word, stat.parent);
    if (field == kSession) good = good && read_number(word, stat.session);
    if (field == kFlags) good = good && read_number(word, flags);
    if (field == kStartTime) good = good && read_number(word, stat.start_time);
  }
  if (!good || field < kStartTime) {
    return failure(Reason::malformed, "reading a process's stat: too few fields");
  }
  constexpr std::uint64_t kKernelThread = 0x00200000;  // PF_KTHREAD
  stat.is_kernel_thread = (flags & kKernelThread) != 0;
  return stat;
}

std::size_t stat_fingerprint(const ProcessStat& stat) {
  return std::hash<std::string>{}(stat.comm) ^ std::hash<std::uint64_t>{}(stat.start_time * 31);
}

Result<ProcessStat> read_process_stat(const Files& files, int pid, std::string& scratch) {
  if (auto done = files.read(fmt::format("proc/{}/stat", pid), scratch); !done) {
    return std::unexpected(std::move(done).error());
  }
  return parse_process_stat(scratch);
}

std::string read_executable(const Files& files, int pid) {
  constexpr std::string_view kDeleted = " (deleted)";
  auto exe = files.link(fmt::format("proc/{}/exe", pid));
  if (!exe) return {};
  if (exe->ends_with(kDeleted)) exe->resize(exe->size() - kDeleted.size());
  return *std::move(exe);
}

std::optional<std::uint32_t> read_effective_uid(const Files& files, int pid, std::string& scratch) {
  constexpr std::string_view kField = "\nUid:\t";
  if (!files.read(fmt::format("proc/{}/status", pid), scratch)) return std::nullopt;
  const std::size_t at = scratch.find(kField);
  if (at == std::string::npos) return std::nullopt;
  // Real, effective, saved and file system UID.
  std::string_view uids = std::string_view(scratch).substr(at + kField.size());
  take_word(uids);
  return parse_number<std::uint32_t>(take_word(uids));
}

bool runs_roots_own_program(const Files& files, int pid, std::string_view exe,
                            std::string& scratch) {
  // Read first: another user's file system could block the following queries.
  const auto uid = read_effective_uid(files, pid, scratch);
  if (uid && *uid != 0) return false;
  const auto program = files.owner(fmt::format("proc/{}/exe", pid));
  if (!program) return program.error().reason == Reason::unsupported;
  if (!uid || !program->is_only_roots()) return false;
  const auto folder =
      files.owner(fmt::format("proc/{}/root{}", pid, exe.substr(0, exe.rfind('/'))));
  return folder && folder->is_only_roots();
}

Result<std::vector<int>> list_processes(const Files& files) {
  const auto names = files.list("proc");
  if (!names) return std::unexpected(names.error());
  std::vector<int> pids;
  pids.reserve(names->size());
  for (const std::string& name : *names) {
    int pid = 0;
    if (read_number(std::string_view(name), pid) && pid > 0) pids.push_back(pid);
  }
  std::ranges::sort(pids);
  return pids;
}

}  // namespace hostnet
