#include "agent/ports/denial.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

#include "netlink/base/text.h"

namespace hostnet {
namespace {

struct Confinement {
  std::string what, remedy;
};

// "docker-default (enforce)" for AppArmor, "system_u:system_r:container_t:s0:c1" for SELinux.
std::optional<Confinement> confinement_by_module(const Files& files) {
  const auto label = files.read("proc/self/attr/current");
  if (!label) return std::nullopt;
  const std::string_view name = trim(std::string_view(*label).substr(0, label->find('\0')));
  if (name.ends_with(" (enforce)")) {
    return Confinement{fmt::format("AppArmor's profile {} forbids it", name),
                       "run the agent with appArmorProfile Unconfined"};
  }
  std::string_view rest = name;
  take_until(rest, ':');
  take_until(rest, ':');
  const std::string_view type = take_until(rest, ':');
  const bool free = type == "spc_t" || type == "unconfined_t" || type == "unconfined_service_t";
  if (type.ends_with("_t") && !free) {
    return Confinement{fmt::format("SELinux's type {} forbids it", type),
                       "run the agent with seLinuxOptions type spc_t"};
  }
  return std::nullopt;
}

std::optional<Confinement> confinement_by_yama(const Files& files) {
  const auto scope = files.read("proc/sys/kernel/yama/ptrace_scope");
  if (!scope || trim(*scope) != "3") return std::nullopt;
  return Confinement{"kernel.yama.ptrace_scope is 3", "set kernel.yama.ptrace_scope below 3"};
}

// In a user namespace other than the initial one, which maps every user to itself.
std::optional<Confinement> confinement_by_users(const Files& files) {
  const auto map = files.read("proc/self/uid_map");
  if (!map) return std::nullopt;
  std::string_view rest = *map;
  const std::string_view inside = take_word(rest);
  const std::string_view outside = take_word(rest);
  if (inside == "0" && outside == "0" && take_word(rest) == "4294967295") return std::nullopt;
  return Confinement{"the agent's capabilities hold in its own user namespace only",
                     "run the agent in the host's user namespace"};
}

Confinement confinement_of(const Files& files) {
  for (const auto find : {confinement_by_users, confinement_by_module, confinement_by_yama}) {
    if (auto found = find(files)) return *std::move(found);
  }
  return {"the capabilities are present, the cause is unknown",
          "read the kernel's audit log for what refused it"};
}

}  // namespace

Denial explain_denial(const Node& node, const std::string& refused) {
  const bool ptrace = node.identity.has_capability(Identity::kSysPtrace);
  const bool search = node.identity.has_capability(Identity::kDacReadSearch);
  const std::string said = refused.empty() ? "" : fmt::format(" ({})", refused);
  if (!ptrace) {
    return {.code = "no_cap_sys_ptrace",
            .cause = "the capability SYS_PTRACE is missing" + said,
            .remedy = search ? "add the capability SYS_PTRACE"
                             : "add the capabilities SYS_PTRACE and DAC_READ_SEARCH"};
  }
  if (!search) {
    return {.code = "no_cap_dac_read_search",
            .cause = "the capability DAC_READ_SEARCH is missing" + said,
            .remedy = "add the capability DAC_READ_SEARCH"};
  }
  Confinement confinement = confinement_of(*node.files);
  return {.code = "process_denied",
          .cause = std::move(confinement.what) + said,
          .remedy = std::move(confinement.remedy)};
}

}  // namespace hostnet
