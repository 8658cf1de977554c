#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {

// Tells (inotify(7)) that something happened around some paths, so that they
// need not be looked at otherwise. It watches every folder in which a path, or
// a link on the way to it, has its name: replacing by rename, a ConfigMap's
// ..data swap, creation and deletion are all events there. What it does not
// see (a renamed ancestor, writes of a file kept open) the owner's slow
// rescan finds. Owned by one thread.
class PathWatch {
 public:
  PathWatch();

  // For poll(2), readable when something happened; -1 where there is no inotify.
  int descriptor() const { return fd_.get(); }
  // Why the watch is missing or incomplete; "" when it is whole.
  const std::string& problem() const { return problem_; }

  // Watches around `paths` and no longer around others; called again whenever
  // something happened, as links and folders may have changed.
  void watch(const std::vector<std::string>& paths);
  // Empties the descriptor; whether there was anything.
  bool drain();

 private:
  UniqueFd fd_;
  std::map<std::string, int> watched_;  // folder -> watch descriptor
  std::string problem_;
};

// The folders whose entries decide what `path` is: those of each link on the
// way, of the target, and the path itself if it is a folder. Where something
// is missing, the deepest folder that exists.
std::set<std::string> deciding_folders(const std::string& path);

}  // namespace hostnet
