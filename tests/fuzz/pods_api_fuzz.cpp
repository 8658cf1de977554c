// Any bytes as the kubelet's ListPodsResponse and as a pod of it: no crash, the same pods however
// it arrives, and JSON that is read.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "agent/pods/read_pod.h"
#include "agent/pods/sources/list_pods_reader.h"
#include "agent/pods/sources/pod_protobuf.h"

namespace {

std::vector<std::string> pods_of(std::string_view text, std::size_t step) {
  std::vector<std::string> pods;
  hostnet::ListPodsReader reader(
      {.on_pod = [&](std::string_view pod) { pods.emplace_back(pod); }, .on_too_long = [] {}});
  for (std::size_t at = 0; at < text.size(); at += step) {
    if (!reader.take(text.substr(at, step))) break;
  }
  return pods;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto pods = pods_of(text, size + 1);
  if (pods != pods_of(text, 1)) std::abort();
  for (const std::string& pod : pods) {
    const auto json = hostnet::pod_json_from_protobuf(pod);
    if (json && !hostnet::read_pod_json(*json)) std::abort();
  }
  return 0;
}
