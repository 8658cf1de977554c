#pragma once

#include <bpf/libbpf.h>

#include <cstddef>
#include <memory>
#include <span>

#include "netlink/base/error.h"

namespace hostnet {

// What libbpf gives, closed at the end.
struct CloseBpf {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
  void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};
using BpfObject = std::unique_ptr<bpf_object, CloseBpf>;
using BpfLink = std::unique_ptr<bpf_link, CloseBpf>;
using BpfRing = std::unique_ptr<ring_buffer, CloseBpf>;

// The programs of an embedded ELF object, `name` of at most 15 characters, not loaded yet. libbpf
// prints nothing of them.
Result<BpfObject> open_bpf(std::span<const std::byte> program, const char* name);

// Into the kernel. Reason::denied without the rights, Reason::unsupported where its verifier
// refuses them.
Result<> load_bpf(bpf_object& object);

}  // namespace hostnet
