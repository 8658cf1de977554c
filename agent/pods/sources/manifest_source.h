#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/pods/manifest_files.h"
#include "agent/pods/pod.h"
#include "netlink/base/clock.h"
#include "netlink/base/file_watch.h"

namespace hostnet {

struct ManifestSourceOptions {
  // --pods.manifests: files and folders, which need not exist yet.
  std::vector<std::string> paths;
  // Pods with another spec.nodeName are dropped; "" keeps all.
  std::string node_name;
  FileWatchPace pace;
};

// The pods of manifest files, which are re-read when they change. Owned by one thread, which sleeps
// in poll(2) on descriptor() until next_scan() and then calls refresh(); nothing in here sleeps.
// Unchanged files are not read again.
//
// A file that cannot be parsed results in errors and the pods that could be read; other files are
// not affected. While a file or folder that was read before is unreadable, its last content stays
// and the snapshot is stale; a deleted one counts as empty.
class ManifestSource {
 public:
  explicit ManifestSource(ManifestSourceOptions options);

  // For poll(2), POLLIN; -1 if inotify is not available: then only next_scan() counts.
  int descriptor() const { return watch_.descriptor(); }
  // When refresh() has work at the latest.
  SteadyTime next_scan() const { return watch_.next_check(); }
  // Reads what changed if an event arrived and has settled, or next_scan() has passed. True if
  // snapshot() differs from before. The first call always reads.
  bool refresh(SteadyTime now, WallTime wall);

  // Source "manifests"; one line per error. The caller has to call merge_pods().
  const PodSnapshot& snapshot() const { return snapshot_; }

 private:
  struct KnownFile {
    FileStamp stamp;
    ManifestResult result;
  };

  void scan();
  void read_file_again(const std::string& file, bool of_folder,
                       std::map<std::string, KnownFile>& files);
  void keep_known(const std::string& file, std::map<std::string, KnownFile>& files);
  void publish();

  ManifestSourceOptions options_;
  FileWatch watch_;
  std::map<std::string, KnownFile> files_;  // by path
  std::vector<std::string> errors_;         // of the last scan; parse errors are in files_
  std::uint64_t bytes_{};                   // of all files, in that scan
  std::size_t not_read_{};                  // files over the total size limit
  bool kept_{};                             // some content could not be read again
  PodSnapshot snapshot_;
  bool scanned_{};
};

}  // namespace hostnet
