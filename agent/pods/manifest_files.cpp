#include "agent/pods/manifest_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <utility>

#include "netlink/base/unique_fd.h"
#include "netlink/base/wake_up.h"

namespace hostnet {
namespace {

constexpr std::size_t kMostEntries = 10'000;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

Result<std::string> read_bytes(int fd, const std::string& path, std::size_t most) {
  std::string bytes;
  std::array<char, 65536> buffer{};
  Interrupted interrupted;
  while (bytes.size() < most) {
    const std::size_t room = std::min(buffer.size(), most - bytes.size());
    const ssize_t got = ::read(fd, buffer.data(), room);
    if (got < 0 && interrupted.again()) continue;
    if (got < 0) return system_failure(errno, "reading " + path);
    if (got == 0) break;
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return bytes;
}

ManifestResult unreadable(const std::string& path, std::string message) {
  ManifestResult result;
  result.errors.push_back({.file = path, .message = std::move(message)});
  return result;
}

ManifestResult open_failed(const std::string& path, int error) {
  if (error == ENOENT) {
    return unreadable(path, "not there: vanished while it was read, or never was");
  }
  ManifestResult result =
      unreadable(path, "cannot be read: " + system_failure(error, "open").error().message);
  result.failed = true;
  return result;
}

// Opening a device may have side effects: a watchdog's starts it.
bool is_device(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

enum class Origin : std::uint8_t { named, folder };

// One byte over the limit, so that the reader refuses longer files. For a file found in a folder,
// its stated size: procfs files state 0 but have a lot of content that is slow to read.
std::size_t most_bytes(const struct stat& status, Origin origin) {
  if (origin == Origin::named) return kMaxManifestBytes + 1;
  return static_cast<std::size_t>(status.st_size);
}

ManifestResult read_opened(const UniqueFd& fd, const std::string& path, bool allow_pipe,
                           Origin origin) {
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return open_failed(path, errno);
  if (S_ISDIR(status.st_mode)) return unreadable(path, "a folder, not a file");
  const bool stream = S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode);
  if (!S_ISREG(status.st_mode) && (!allow_pipe || !stream)) {
    return unreadable(path, "neither a file nor a folder");
  }
  if (S_ISREG(status.st_mode) && static_cast<std::size_t>(status.st_size) > kMaxManifestBytes) {
    return unreadable(path, manifest_too_long(static_cast<std::size_t>(status.st_size)));
  }
  const auto bytes = read_bytes(fd.get(), path, most_bytes(status, origin));
  if (!bytes) {
    ManifestResult result = unreadable(path, bytes.error().message);
    result.failed = true;
    return result;
  }
  return read_manifests(*bytes, path);
}

// Without O_NONBLOCK, opening a pipe without a writer blocks forever.
ManifestResult open_and_read(const std::string& path, bool allow_pipe, Origin origin) {
  if (!allow_pipe && is_device(path)) return unreadable(path, "neither a file nor a folder");
  const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | (allow_pipe ? 0 : O_NONBLOCK);
  const UniqueFd fd(::open(path.c_str(), flags));  // NOLINT(cppcoreguidelines-pro-type-vararg)
  if (fd.get() < 0) return open_failed(path, errno);
  return read_opened(fd, path, allow_pipe, origin);
}

// Adds the entries to `files` and `folders`; skips links to folders, which may form a cycle.
Result<> list_folder(const std::string& path, std::size_t& entries, std::vector<std::string>& files,
                     std::vector<std::string>& folders) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
  if (!directory) return system_failure(errno, "listing " + path);
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) {
      if (errno != 0) return system_failure(errno, "listing " + path);
      return {};
    }
    if (entry->d_name[0] == '.') continue;
    if (++entries > kMostEntries) {
      return failure(Reason::exhausted,
                     fmt::format("listing {}: more than {} entries, no folder of manifests", path,
                                 kMostEntries));
    }
    std::string file = path + (path.ends_with('/') ? "" : "/") + entry->d_name;
    struct stat status{};
    // A folder is a folder, even if it is named like a manifest.
    if (::stat(file.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
      files.push_back(std::move(file));
    } else if (::lstat(file.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
      folders.push_back(std::move(file));
    }
  }
}

}  // namespace

bool has_manifest_ending(std::string_view name) {
  return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

Result<std::vector<std::string>> manifest_files(const std::string& path, Subfolders subfolders) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return system_failure(errno, "reading " + path);
  if (!S_ISDIR(status.st_mode)) return std::vector<std::string>{path};
  std::vector<std::string> folders{path};
  std::vector<std::string> files;
  std::size_t entries = 0;
  while (!folders.empty()) {
    const std::string folder = std::exchange(folders.back(), {});
    folders.pop_back();
    if (auto listed = list_folder(folder, entries, files, folders); !listed) {
      return std::unexpected(std::move(listed).error());
    }
    if (subfolders == Subfolders::no) break;
  }
  std::ranges::sort(files);
  return files;
}

ManifestResult read_manifest_file(const std::string& path, bool allow_pipe) {
  return open_and_read(path, allow_pipe, Origin::named);
}

ManifestResult read_file_of_folder(const std::string& path) {
  ManifestResult read = open_and_read(path, false, Origin::folder);
  if (read.objects.empty() && !has_manifest_ending(path)) return {};
  return read;
}

}  // namespace hostnet
