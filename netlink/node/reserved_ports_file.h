#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "netlink/base/error.h"

namespace hostnet {

// net.ipv4.ip_local_reserved_ports, the only setting of the machine that the agent ever
// writes, and only with --fix.reserve-ports. Separate from Files, which only reads.
// The text is in the kernel's format: "8080,9148-9150\n".
class ReservedPortsFile {
 public:
  virtual ~ReservedPortsFile() = default;
  // The whole list, in one read(2): the kernel returns no second part
  // (proc_do_large_bitmap in kernel/sysctl.c).
  virtual Result<std::string> read() const = 0;
  // Whether it may be written; writes nothing.
  virtual Result<> try_open() const = 0;
  // Replaces the list. `list` contains no blanks. Not atomic beyond 4 KiB: the kernel
  // takes a page at a time, and for microseconds the rest is missing.
  virtual Result<> write(std::string_view list) const = 0;
};

// The file of the calling thread's network namespace, below `procfs`. Needs uid 0 or
// NET_ADMIN there, and a mount that is not read-only.
std::unique_ptr<ReservedPortsFile> live_reserved_ports_file(const std::string& procfs);

}  // namespace hostnet
