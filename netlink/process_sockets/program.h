#pragma once

#include <cstddef>
#include <span>

namespace hostnet {

// process_sockets.bpf.c, compiled: an ELF object for libbpf.
std::span<const std::byte> process_sockets_program();

}  // namespace hostnet
