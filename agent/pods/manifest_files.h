#pragma once

// Manifests on disk: which files a configured path means, and reading one.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/pods/manifest.h"
#include "netlink/base/error.h"

namespace hostnet {

enum class Subfolders : std::uint8_t { no, yes };

// The files that `path` stands for: itself, or of a folder (of folders in it only if asked to)
// every file whose name does not begin with a dot, whatever its ending, by name. As
// kubelet reads its staticPodPath: a backup beside a manifest counts, too. A folder with more than
// 10,000 entries is an error.
Result<std::vector<std::string>> manifest_files(const std::string& path,
                                                Subfolders subfolders = Subfolders::no);

// Whether the name ends as those of manifests do: .yaml, .yml, .json.
bool has_manifest_ending(std::string_view name);

// Reads one manifest. A failure to read is an error in the result, with the
// file's name. Pipes are read to their end if `allow_pipe` (a shell's <(...)),
// refused otherwise: they would block. At most kMaxManifestBytes are read.
ManifestResult read_manifest_file(const std::string& path, bool allow_pipe = true);

// The same for a file of a folder: one without an object that has pods and without
// such an ending (a note, a key) is no manifest, and nothing is wrong with it. Files of
// procfs and the like are empty.
ManifestResult read_file_of_folder(const std::string& path);

}  // namespace hostnet
