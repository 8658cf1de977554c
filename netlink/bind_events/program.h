#pragma once

#include <cstddef>
#include <span>

namespace hostnet {

// bind_events.bpf.c, compiled: an ELF object for libbpf.
std::span<const std::byte> bind_events_program();

}  // namespace hostnet
