#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/ports/owners/cgroup.h"
#include "agent/ports/owners/proc_cgroup.h"

// Any bytes: no crash, ids of the promised form, and views that stay inside.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const hostnet::CgroupFacts facts = hostnet::parse_cgroup(text);
  if (!facts.pod_uid.empty() && !facts.in_kubepods) std::abort();
  if (facts.in_kubepods && !(facts.unit.empty() && facts.container_runtime.empty())) std::abort();
  const std::string_view path = hostnet::telling_cgroup(text);
  if (!path.empty() && (path.data() < text.data() || path.front() != '/')) std::abort();
  (void)hostnet::parse_cgroup(path);
  (void)hostnet::absolute_cgroup(path, text);
  const std::string_view node = hostnet::container_of_node(text);
  if (node.size() > text.size()) std::abort();
  return 0;
}
