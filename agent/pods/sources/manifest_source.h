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
  // --pods.manifests: files and folders; they may not exist yet.
  std::vector<std::string> paths;
  // Pods with another spec.nodeName are left out; "" keeps all.
  std::string node_name;
  FileWatchPace pace;
};

// The pods of manifest files, read again when the files change. Owned by one
// thread, which sleeps in poll(2) on descriptor() until next_scan() and then
// calls refresh(); nothing here sleeps. An unchanged file is not read again.
//
// A file that cannot be parsed gives errors and, as far as it can be, pods; what another
// file says does not depend on it. While a file or folder that was read before cannot be
// read, what it said holds and the snapshot is stale; one that is gone says nothing.
class ManifestSource {
 public:
  explicit ManifestSource(ManifestSourceOptions options);

  // For poll(2), POLLIN; -1 where inotify cannot be had: then only time counts.
  int descriptor() const { return watch_.descriptor(); }
  // When refresh() has work at the latest.
  SteadyTime next_scan() const { return watch_.next_check(); }
  // Reads what changed if something was heard and has settled, or next_scan() is
  // over. True when snapshot() differs from before. The first call always reads.
  bool refresh(SteadyTime now, WallTime wall);

  // source "manifests"; errors one line each. merge_pods() is the caller's work.
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
  std::vector<std::string> errors_;         // of the last scan, not of a file's text
  std::uint64_t bytes_{};                   // of all files, in that scan
  std::size_t not_read_{};                  // files beyond what they may have together
  bool kept_{};                             // something that could not be read again
  PodSnapshot snapshot_;
  bool scanned_{};
};

}  // namespace hostnet
