#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/kube/cluster_access.h"
#include "agent/kube/server_version.h"

// A kubeconfig, and what a server says of its version.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto access = hostnet::parse_kubeconfig(text, "/etc");
  if (access) {
    if (access->host.empty() || access->port < 1 || access->port > 65535) std::abort();
    if (access->host.find_first_of("\r\n /") != access->host.npos) std::abort();
    if (access->certificate.empty() != access->key.empty()) std::abort();
  } else if (access.error().message.find('\n') != access.error().message.npos) {
    std::abort();
  }
  if (const auto version = hostnet::parse_server_version(text)) {
    if (hostnet::parse_server_version(hostnet::server_version_json(*version)) != version) {
      std::abort();
    }
  }
  return 0;
}
