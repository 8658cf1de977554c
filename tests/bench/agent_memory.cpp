#include "agent_memory.h"

#include <httplib.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace hostnet {
namespace {

constexpr int kPort = 29100;  // of a namespace of our own

double status_mebibytes(pid_t pid, const std::string& field) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field + ":")) return std::stod(line.substr(field.size() + 1)) / 1024;
  }
  return 0;
}

// Of all its threads.
double cpu_seconds(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

bool answers(const char* path) {
  httplib::Client client("127.0.0.1", kPort);
  client.set_read_timeout(std::chrono::seconds{10});
  const auto answer = client.Get(path);
  return answer && answer->status == 200;
}

}  // namespace

std::optional<AgentMemory> memory_of_running_agent(const std::vector<std::string>& flags,
                                                   int quiet_seconds) {
  std::vector<std::string> words{HOSTNET_AGENT_PROGRAM,
                                 "--web.listen-address=127.0.0.1:" + std::to_string(kPort),
                                 "--log.level=error"};
  words.insert(words.end(), flags.begin(), flags.end());
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t pid = 0;
  if (::posix_spawn(&pid, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0) {
    std::perror("running the agent");
    return std::nullopt;
  }
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!answers("/readyz") && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  std::optional<AgentMemory> memory;
  bool good = true;
  for (int i = 0; i < 5 && good; ++i) {
    good = answers("/metrics") && answers("/conflicts") && answers("/ports?format=json");
    std::this_thread::sleep_for(std::chrono::seconds{1});
  }
  const double before = cpu_seconds(pid);
  std::this_thread::sleep_for(std::chrono::seconds{quiet_seconds});
  const double used = cpu_seconds(pid) - before;
  if (good) {
    memory = AgentMemory{.resident = status_mebibytes(pid, "VmRSS"),
                         .anonymous = status_mebibytes(pid, "RssAnon"),
                         .cpu = quiet_seconds > 0 ? used / quiet_seconds : 0};
  } else {
    std::fprintf(stderr, "the agent did not answer\n");
  }
  ::kill(pid, SIGTERM);
  ::waitpid(pid, nullptr, 0);
  return memory;
}

}  // namespace hostnet
