#include "netlink/bpf/bpf_object.h"

#include <cerrno>
#include <cstdarg>

namespace hostnet {
namespace {

int print_nothing(libbpf_print_level /*level*/, const char* /*format*/, va_list /*arguments*/) {
  return 0;
}

}  // namespace

Result<BpfObject> open_bpf(std::span<const std::byte> program, const char* name) {
  libbpf_set_print(&print_nothing);
  bpf_object_open_opts options{};
  options.sz = sizeof options;
  options.object_name = name;
  BpfObject object(bpf_object__open_mem(program.data(), program.size(), &options));
  if (!object) return system_failure(errno, "reading the BPF programs");
  return object;
}

Result<> load_bpf(bpf_object& object) {
  const int error = bpf_object__load(&object);
  // Without the rights the error is EPERM.
  if (error == -EACCES) {
    return failure(Reason::unsupported, "this kernel's verifier refuses the BPF programs");
  }
  if (error != 0) return system_failure(-error, "loading the BPF programs");
  return {};
}

}  // namespace hostnet
