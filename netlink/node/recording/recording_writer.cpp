#include "netlink/node/recording/recording_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>

#include "netlink/base/wake_up.h"
#include "netlink/node/recording/recording.h"

namespace hostnet {

Result<> RecordingWriter::check(const std::string& directory) {
  std::error_code error;
  const auto status = std::filesystem::status(directory, error);
  if (status.type() == std::filesystem::file_type::not_found) return {};
  const bool empty = !error && std::filesystem::is_empty(directory, error);
  if (error) return system_failure(error.value(), "recording to " + directory);
  if (status.type() != std::filesystem::file_type::directory) {
    return system_failure(ENOTDIR, "recording to " + directory);
  }
  if (!empty) return system_failure(ENOTEMPTY, "recording to " + directory);
  return {};
}

std::unexpected<Error> RecordingWriter::fail(int system_error, std::string_view path) const {
  return system_failure(system_error, fmt::format("writing {}/{}", directory_, path));
}

Result<> RecordingWriter::write(const std::string& directory,
                                const std::function<Result<>(const RecordingWriter&)>& fill) {
  if (auto usable = check(directory); !usable) return usable;
  const bool made = ::mkdir(directory.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) return system_failure(errno, "making " + directory);
  const RecordingWriter writer(
      directory, UniqueFd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  if (!writer.fd_) return system_failure(errno, "opening " + directory);
  Result<> done;
  for (const char* name : {"proc", "sys", "netlink"}) {
    if (done && ::mkdirat(writer.fd_.get(), name, 0700) != 0) done = writer.fail(errno, name);
  }
  if (done) done = fill(writer);
  if (!done) {
    // The directory was empty, so everything in it is ours.
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
      std::filesystem::remove_all(entry.path(), ignored);
    }
    if (made) std::filesystem::remove(directory, ignored);
  }
  return done;
}

Result<> RecordingWriter::file(const std::string& path, std::string_view contents) const {
  for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    if (::mkdirat(fd_.get(), path.substr(0, slash).c_str(), 0700) != 0 && errno != EEXIST) {
      return fail(errno, path);
    }
  }
  const UniqueFd out(::openat(fd_.get(), path.c_str(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!out) return fail(errno, path);
  Interrupted interrupted;
  while (!contents.empty()) {
    const auto count = ::write(out.get(), contents.data(), contents.size());
    if (count < 0) {
      if (interrupted.again()) continue;
      return fail(errno, path);
    }
    contents.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<> RecordingWriter::index(std::string_view contents) const {
  const std::string name(kIndexName);
  const auto partial = name + ".partial";
  if (auto done = file(partial, contents); !done) return done;
  if (::renameat(fd_.get(), partial.c_str(), fd_.get(), name.c_str()) != 0) {
    return fail(errno, name);
  }
  return {};
}

}  // namespace hostnet
