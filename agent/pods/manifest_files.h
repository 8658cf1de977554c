#pragma once

// Manifests on disk: which files a configured path means, and reading one.

#include <string>
#include <string_view>
#include <vector>

#include "agent/pods/manifest.h"
#include "netlink/base/error.h"

namespace hostnet {

// The files that `path` stands for: itself, or of a folder (not of folders in
// it) what ends with .yaml, .yml or .json and is not hidden, by name. As
// kubelet's staticPodPath does it.
Result<std::vector<std::string>> manifest_files(const std::string& path);

// Reads one manifest. A failure to read is an error in the result, with the
// file's name. Pipes are read to their end if `allow_pipe` (a shell's <(...)),
// refused otherwise: they would block. At most kMaxManifestBytes are read.
ManifestResult read_manifest_file(const std::string& path, bool allow_pipe = true);

}  // namespace hostnet
