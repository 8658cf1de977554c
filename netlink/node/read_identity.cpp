#include "netlink/node/read_identity.h"

#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdint>
#include <string>

namespace hostnet {
namespace {

// capget(2) instead of CapEff of proc/self/status: it concerns this process whatever
// --path.procfs shows.
std::uint64_t own_effective_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capget, &header, data) != 0) return 0;
  return std::uint64_t{data[0].effective} | std::uint64_t{data[1].effective} << 32U;
}

std::optional<std::uint64_t> optional_inode(const Files& files, std::string_view path) {
  const auto inode = files.inode(path);
  return inode ? std::optional(*inode) : std::nullopt;
}

// Our own /proc first; if a profile or the root hides it, the given one.
std::optional<std::uint64_t> own_namespace(const Files& files, const std::string& kind) {
  struct stat about{};
  if (::stat(("/proc/self/ns/" + kind).c_str(), &about) == 0) return about.st_ino;
  return optional_inode(files, "proc/self/ns/" + kind);
}

}  // namespace

Identity read_identity(const Files& files) {
  Identity out;
  utsname names{};
  if (::uname(&names) == 0) {
    out.sysname = names.sysname;
    out.nodename = names.nodename;
    out.release = names.release;
    out.version = names.version;
    out.machine = names.machine;
    out.domainname = names.domainname;
  }
  out.effective_capabilities = own_effective_capabilities();
  out.page_size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  out.pid = ::getpid();
  out.own_net_namespace = own_namespace(files, "net");
  out.own_pid_namespace = own_namespace(files, "pid");
  out.init_net_namespace = optional_inode(files, "proc/1/ns/net");
  out.init_pid_namespace = optional_inode(files, "proc/1/ns/pid");
  return out;
}

}  // namespace hostnet
