#pragma once

// Manifests on disk: the files that a configured path means, and reading one of them.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/pods/manifest.h"
#include "netlink/base/error.h"

namespace hostnet {

enum class Subfolders : std::uint8_t { no, yes };

// The files that `path` means: the file itself, or all files of a folder (and of its subfolders
// only if requested) whose names do not begin with a dot, with any extension, by name. Like
// kubelet's staticPodPath: a backup next to a manifest counts, too. More than 10,000 entries in a
// folder are an error.
Result<std::vector<std::string>> manifest_files(const std::string& path,
                                                Subfolders subfolders = Subfolders::no);

// Whether the name has an extension of manifests: .yaml, .yml, .json.
bool has_manifest_ending(std::string_view name);

// Reads one manifest. A failure to read is an error in the result, with the file's name. Pipes are
// read to the end if `allow_pipe` (a shell's <(...)), else refused: they would block. At most
// kMaxManifestBytes are read.
ManifestResult read_manifest_file(const std::string& path, bool allow_pipe = true);

// The same for a file of a folder: without such an extension and without objects that have pods (a
// note, a key), it is no manifest, which is not an error. procfs files and the like count as empty.
ManifestResult read_file_of_folder(const std::string& path);

}  // namespace hostnet
