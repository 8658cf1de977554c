#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>

#include "agent/hardening/hardening.h"

namespace hostnet {
namespace {

constexpr std::uint64_t bit(unsigned capability) {
  return std::uint64_t{1} << capability;
}

// For socket owners; NAT rules, drivers, Wi-Fi.
constexpr std::uint64_t kNeeded =
    bit(CAP_SYS_PTRACE) | bit(CAP_DAC_READ_SEARCH) | bit(CAP_NET_ADMIN);

using CapabilityData = std::array<__user_cap_data_struct, 2>;

__user_cap_header_struct this_thread() {
  return {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
}

std::string names_of(std::uint64_t capabilities) {
  struct Name {
    unsigned capability;
    std::string_view name;
  };
  constexpr std::array kNames{
      Name{CAP_SYS_PTRACE, "SYS_PTRACE"}, Name{CAP_DAC_READ_SEARCH, "DAC_READ_SEARCH"},
      Name{CAP_NET_ADMIN, "NET_ADMIN"}, Name{CAP_NET_BIND_SERVICE, "NET_BIND_SERVICE"}};
  std::string text;
  for (const auto& [capability, name] : kNames) {
    if ((capabilities & bit(capability)) == 0) continue;
    text += text.empty() ? "" : ", ";
    text += name;
  }
  return text.empty() ? "none" : text;
}

Result<std::string> set_no_new_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return system_failure(errno, "setting no_new_privs");
  }
  return "on";
}

Result<std::string> drop_capabilities(std::uint64_t keep) {
  auto header = this_thread();
  CapabilityData data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) {
    return system_failure(errno, "reading the capabilities");
  }
  const std::uint64_t held = data[0].permitted | std::uint64_t{data[1].permitted} << 32U;
  const std::uint64_t kept = held & (kNeeded | keep);
  // The bounding set first: that needs SETPCAP. Without that, no_new_privs prevents gaining others.
  for (unsigned capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if ((kept & bit(capability)) == 0) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (unsigned half = 0; half < data.size(); ++half) {
    const auto part = static_cast<std::uint32_t>(kept >> (32U * half));
    data.at(half) = {.effective = part, .permitted = part, .inheritable = 0};
  }
  if (::syscall(SYS_capset, &header, data.data()) != 0) {
    return system_failure(errno, "dropping capabilities");
  }
  return fmt::format("{}, {} dropped", names_of(kept), std::popcount(held & ~kept));
}

Result<std::string> prevent_dumps() {
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return system_failure(errno, "setting RLIMIT_CORE");
  // /proc/self then belongs to root: a process that is neither root nor may read everything would
  // no longer see its own files.
  auto header = this_thread();
  CapabilityData data{};
  const bool reads_all = ::syscall(SYS_capget, &header, data.data()) == 0 &&
                         (data[0].effective & bit(CAP_DAC_READ_SEARCH)) != 0;
  if (::geteuid() != 0 && !reads_all) return "no core dumps";
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return system_failure(errno, "setting dumpable");
  return "no core dumps, not dumpable";
}

}  // namespace

std::vector<HardeningStep> harden_process(const HardeningOptions& options, std::uint64_t keep) {
  std::vector<HardeningStep> steps;
  if (options.no_new_privileges) steps.push_back({"no_new_privs", set_no_new_privileges()});
  if (options.drop_capabilities) steps.push_back({"capabilities kept", drop_capabilities(keep)});
  if (options.no_memory_dumps) steps.push_back({"memory dumps", prevent_dumps()});
  return steps;
}

}  // namespace hostnet
