#include "agent/ports/nat/pod_containers.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cstddef>

#include "agent/ports/owners/cgroup.h"

namespace hostnet {
namespace {

// The mount points of the hierarchies: version 2, hybrid, and two of version 1.
constexpr std::array<std::string_view, 4> kCgroupMounts{
    "sys/fs/cgroup", "sys/fs/cgroup/unified", "sys/fs/cgroup/systemd", "sys/fs/cgroup/memory"};
// kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/…-pod….slice
constexpr std::size_t kDeepestPod = 5;

bool leads_to_pods(std::string_view name) {
  return name.find("kubepods") != std::string_view::npos || name.starts_with("kubelet") ||
         name == "burstable" || name == "besteffort" || name.starts_with("pod");
}

class ContainerSearch {
 public:
  ContainerSearch(const Files& files, bool hashed) : files_(files), hashed_(hashed) {}

  bool search(std::string_view mount) {
    const auto names = files_.list(mount);
    if (!names) return false;
    mount_ = mount;
    enter(*names, "", 0);
    return true;
  }
  PodsByContainer found;

 private:
  void enter(const std::vector<std::string>& names, const std::string& path, std::size_t depth) {
    for (const std::string& name : names) {
      if (!leads_to_pods(name)) continue;
      const std::string below = fmt::format("{}/{}", path, name);
      const auto inside = files_.list(std::string(mount_) + below);
      if (!inside) continue;  // not a directory, or gone
      const CgroupFacts pod = parse_cgroup(below);
      if (!pod.pod_uid.empty()) {
        note(below, *inside);
      } else if (depth < kDeepestPod) {
        enter(*inside, below, depth + 1);
      }
    }
  }
  void note(const std::string& pod, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      const CgroupFacts facts = parse_cgroup(fmt::format("{}/{}", pod, name));
      if (facts.container_id.empty()) continue;
      if (hashed_) found.emplace(crio_hash(facts.container_id), facts.pod_uid);
      found.emplace(facts.container_id, facts.pod_uid);
    }
  }

  const Files& files_;
  bool hashed_;
  std::string_view mount_;
};

// Searches the root, its folders, slices (podman's pods) and services (quadlets).
class OtherContainerSearch {
 public:
  OtherContainerSearch(const Files& files, std::string_view mount) : files_(files), mount_(mount) {}

  void enter(const std::string& path, std::size_t depth) {
    const auto names = files_.list(std::string(mount_) + path);
    if (!names) return;  // a file, or gone
    for (const std::string& name : *names) {
      if (leads_to_pods(name) || note(fmt::format("{}/{}", path, name))) continue;
      const bool may_have = depth == 0 || name.ends_with(".slice") || name.ends_with(".service");
      const bool ends = path.ends_with(".service") || depth == kDeepest;
      if (may_have && !ends) enter(fmt::format("{}/{}", path, name), depth + 1);
    }
  }
  RuntimesByContainer found;

 private:
  static constexpr std::size_t kDeepest = 3;

  // The CRI's containers whose pod is not in the path count as others here.
  bool note(const std::string& path) {
    const CgroupFacts facts = parse_cgroup(path);
    if (facts.container_id.empty() || !facts.pod_uid.empty()) return false;
    found.emplace(facts.container_id, facts.container_runtime);
    return true;
  }

  const Files& files_;
  std::string_view mount_;
};

}  // namespace

std::optional<PodsByContainer> read_pod_containers(const Files& files, bool hashed) {
  ContainerSearch search(files, hashed);
  bool readable = false;
  for (const std::string_view mount : kCgroupMounts) {
    readable = search.search(mount) || readable;
    if (!search.found.empty()) break;
  }
  if (!readable) return std::nullopt;
  return std::move(search.found);
}

RuntimesByContainer read_other_containers(const Files& files) {
  for (const std::string_view mount : kCgroupMounts) {
    OtherContainerSearch search(files, mount);
    search.enter("", 0);
    if (!search.found.empty()) return std::move(search.found);
  }
  return {};
}

std::string crio_hash(std::string_view sandbox_id) {
  constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  constexpr std::size_t kLength = 16;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(sandbox_id.data(), sandbox_id.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string text;
  for (std::size_t bit = 0; text.size() < kLength; bit += 5) {
    const unsigned two_bytes = digest.at(bit / 8) * 256U + digest.at(bit / 8 + 1);
    text += kBase32[two_bytes >> (11 - bit % 8) & 31U];
  }
  return text;
}

}  // namespace hostnet
