#include "agent/ports/owners/process.h"

#include <fmt/format.h>

#include <algorithm>

#include "netlink/base/text.h"

namespace hostnet {
namespace {

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto parsed = parse_number<Number>(text);
  if (parsed) number = *parsed;
  return parsed.has_value();
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
  constexpr int kStartTime = 22;
  bool good = true;
  int field = 2;
  while (field < kStartTime) {
    const std::size_t begin = std::min(rest.find_first_not_of(" \n"), rest.size());
    rest.remove_prefix(begin);
    if (rest.empty()) break;
    const std::size_t end = std::min(rest.find_first_of(" \n"), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(end);
    ++field;
    if (field == kParent) good = good && read_number(word, stat.parent);
    if (field == kSession) good = good && read_number(word, stat.session);
    if (field == kStartTime) good = good && read_number(word, stat.start_time);
  }
  if (!good || field < kStartTime) {
    return failure(Reason::malformed, "reading a process's stat: too few fields");
  }
  return stat;
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
