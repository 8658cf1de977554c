#include "agent/pods/sources/manifest_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/pods/pod_limits.h"

namespace hostnet {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{32} << 20U;

}  // namespace

ManifestSource::ManifestSource(ManifestSourceOptions options)
    : options_(std::move(options)), watch_(options_.paths, options_.pace) {
  snapshot_.source = "manifests";
}

bool ManifestSource::refresh(SteadyTime now, WallTime wall) {
  if (!watch_.due(now)) return false;
  scan();
  const PodSnapshot before = std::exchange(snapshot_, PodSnapshot{.source = "manifests"});
  publish();
  const bool changed = !scanned_ || snapshot_.pods != before.pods ||
                       snapshot_.errors != before.errors || snapshot_.stale != before.stale;
  snapshot_.last_success = kept_ ? before.last_success : wall;
  scanned_ = true;
  return changed;
}

void ManifestSource::scan() {
  errors_.clear();
  bytes_ = 0;
  not_read_ = 0;
  kept_ = false;
  if (!watch_.problem().empty()) {
    errors_.push_back("watching manifests: " + watch_.problem() + "; they are read every " +
                      std::to_string(options_.pace.poll.count()) + " ms instead");
  }
  std::map<std::string, KnownFile> files;
  for (const std::string& path : options_.paths) {
    const auto names = manifest_files(path);
    if (!names) {
      errors_.push_back(names.error().message);
      if (names.error().reason != Reason::vanished) keep_known(path, files);
      continue;
    }
    const bool folder = names->size() != 1 || names->front() != path;
    for (const std::string& name : *names) read_file_again(name, folder, files);
  }
  files_ = std::move(files);
  if (not_read_ > 0) {
    errors_.push_back(fmt::format("{} manifests are not read: there are more than {} MiB",
                                  not_read_, kMostBytes >> 20U));
  }
}

void ManifestSource::read_file_again(const std::string& file, bool of_folder,
                                     std::map<std::string, KnownFile>& files) {
  if (files.contains(file)) return;  // listed twice: as a file and in its folder
  const auto stamp = stamp_of(file);
  if (!stamp) {
    errors_.push_back(stamp.error().message);
    if (stamp.error().reason != Reason::vanished) keep_known(file, files);
    return;
  }
  if (bytes_ + stamp->size > kMostBytes) {
    ++not_read_;
    return;
  }
  bytes_ += stamp->size;
  const auto known = files_.find(file);
  if (known != files_.end() && known->second.stamp == *stamp) {
    files.emplace(file, std::move(known->second));
    return;
  }
  ManifestResult read = of_folder ? read_file_of_folder(file) : read_manifest_file(file, false);
  if (read.failed) {
    std::ranges::transform(read.errors, std::back_inserter(errors_),
                           [](const ManifestError& error) { return to_string(error); });
    return keep_known(file, files);
  }
  // The stamp from before reading: a change in the meantime has another stamp and is read at the
  // next scan.
  files.emplace(file, KnownFile{.stamp = *stamp, .result = std::move(read)});
}

// Keeps the last content of a file, or of a folder's files, with the old stamps: they are read
// again once that is possible.
void ManifestSource::keep_known(const std::string& file, std::map<std::string, KnownFile>& files) {
  for (auto& [name, known] : files_) {
    if (name != file && !name.starts_with(file + (file.ends_with('/') ? "" : "/"))) continue;
    kept_ = files.emplace(name, std::move(known)).second || kept_;
  }
}

void ManifestSource::publish() {
  snapshot_.errors = errors_;
  PortBudget ports;
  for (const auto& [name, file] : files_) {
    for (const ManifestError& error : file.result.errors) {
      snapshot_.errors.push_back(to_string(error));
    }
    for (const UnreadHostAccess& unread : file.result.unread) {
      snapshot_.errors.push_back(to_string(unread));
    }
    for (Pod& pod : file.result.pods()) {
      const bool elsewhere = !options_.node_name.empty() && !pod.node_name.empty() &&
                             pod.node_name != options_.node_name;
      if (elsewhere) continue;
      if (snapshot_.pods.size() >= kMostPods) {
        ++snapshot_.pods_cut;
        continue;
      }
      ports.take(pod);
      snapshot_.pods.push_back(std::move(pod));
    }
  }
  snapshot_.synced = true;
  snapshot_.stale = kept_;
}

}  // namespace hostnet
