// Any bytes as a manifest: no crash, no exception, and what was read can be
// written and read again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/lint/lint.h"
#include "agent/pods/manifest.h"
#include "agent/pods/pods_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<hostnet::ManifestResult> input{hostnet::read_manifests(text, "fuzz.yaml")};
  hostnet::lint_manifests(input, hostnet::default_policy(), hostnet::PortRanges{});
  const auto pods = hostnet::merge_pods(input[0].pods(), "n1");
  for (const auto& pod : pods) hostnet::declared_ports(pod);
  const auto again = hostnet::read_manifests(hostnet::redacted_pods_json(pods), "again.json");
  const auto pods_again = again.pods();
  if (pods_again.size() != pods.size()) std::abort();
  for (std::size_t i = 0; i < pods.size(); ++i) {
    if (hostnet::declared_ports(pods[i]).size() != hostnet::declared_ports(pods_again[i]).size()) {
      std::abort();
    }
  }
  return 0;
}
