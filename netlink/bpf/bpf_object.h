#pragma once

#include <bpf/libbpf.h>

#include <cstddef>
#include <memory>
#include <span>

#include "netlink/base/error.h"

namespace hostnet {

// Closes libbpf's objects.
struct CloseBpf {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
  void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};
using BpfObject = std::unique_ptr<bpf_object, CloseBpf>;
using BpfLink = std::unique_ptr<bpf_link, CloseBpf>;
using BpfRing = std::unique_ptr<ring_buffer, CloseBpf>;

// The programs of an embedded ELF object, not loaded yet; `name` has at most 15 characters.
// libbpf prints nothing about them.
Result<BpfObject> open_bpf(std::span<const std::byte> program, const char* name);

// Loads into the kernel. Reason::denied without the rights, Reason::unsupported where its verifier
// rejects the programs.
Result<> load_bpf(bpf_object& object);

}  // namespace hostnet
