#include "netlink/node/rooted.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#include <algorithm>

#include "netlink/base/wake_up.h"

namespace hostnet {
namespace {

// openat2 fails with EAGAIN when anything on the machine is renamed while it resolves
// a "..", which links in /sys contain.
constexpr int kBeneathAttempts = 64;

int open_beneath(int directory, const char* relative, int flags) {
  open_how how{};
  how.flags = static_cast<__u64>(static_cast<unsigned>(flags));
  how.resolve = RESOLVE_BENEATH;
  long fd = -1;
  for (int attempt = 0; attempt < kBeneathAttempts; ++attempt) {
    fd = ::syscall(SYS_openat2, directory, relative, &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN) break;
  }
  return static_cast<int>(fd);
}

std::unexpected<Error> not_a_file(int system_error, std::string_view path) {
  return std::unexpected(Error{.reason = Reason::unsupported,
                               .system_error = system_error,
                               .message = fmt::format("reading {}: not a regular file", path)});
}

// A list of ports in a sysctl is returned in one read or not at all: text that does not fit is
// lost (proc_do_large_bitmap() in kernel/sysctl.c). The longest has 191,053 bytes.
Result<> read_in_one(int file, std::string_view name, std::string& out) {
  out.resize(std::size_t{256} * 1024);
  const auto count = ::pread(file, out.data(), out.size(), 0);
  const int error = errno;
  out.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  if (count < 0) return path_failure(error, "reading", name);
  return {};
}

}  // namespace

std::unexpected<Error> path_failure(int system_error, std::string_view doing,
                                    std::string_view path) {
  if (system_error == EXDEV) {
    return std::unexpected(
        Error{.reason = Reason::denied,
              .system_error = system_error,
              .message = fmt::format("{} {}: a link leads out of its root", doing, path)});
  }
  return system_failure(system_error, fmt::format("{} {}", doing, path));
}

Result<SeamPath> SeamPath::of(std::string_view path, std::string_view doing) {
  const auto bad = [&](std::string_view why) {
    return failure(Reason::malformed, fmt::format("{} \"{}\": {}", doing, path, why));
  };
  SeamPath out;
  std::string_view rest = path;
  if (path == "proc" || path.starts_with("proc/")) {
    out.root_ = Root::proc;
    rest.remove_prefix(4);
  } else if (path == "sys" || path.starts_with("sys/")) {
    out.root_ = Root::sys;
    rest.remove_prefix(3);
  } else {
    return bad("it does not begin with proc/ or sys/");
  }
  if (rest.empty()) {
    out.text_[0] = '.';
    return out;
  }
  rest.remove_prefix(1);
  if (rest.size() >= out.text_.size()) return bad("it is too long");
  if (rest.find('\0') != std::string_view::npos) return bad("it has a NUL byte");
  for (std::string_view left = rest;;) {
    const auto slash = left.find('/');
    const auto part = left.substr(0, slash);
    if (part.empty() || part == "." || part == "..") {
      return bad("it has an empty, \".\" or \"..\" part");
    }
    if (slash == std::string_view::npos) break;
    left.remove_prefix(slash + 1);
  }
  std::ranges::copy(rest, out.text_.begin());
  return out;
}

Rooted::Rooted(const std::string& directory)
    : directory_(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
  if (!directory_) {
    opened_ = system_failure(errno, "opening " + directory);
    return;
  }
  const UniqueFd itself(open_beneath(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  beneath_ = static_cast<bool>(itself);
  if (beneath_) return;
  const UniqueFd plain(::openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!plain) opened_ = system_failure(errno, "opening " + directory);
}

UniqueFd Rooted::open(const char* relative, int flags) const {
  flags |= O_CLOEXEC;
  return UniqueFd(beneath_ ? open_beneath(directory_.get(), relative, flags)
                           : ::openat(directory_.get(), relative, flags));
}

bool Rooted::is_procfs() const {
  struct statfs about{};
  return ::fstatfs(directory_.get(), &about) == 0 && about.f_type == PROC_SUPER_MAGIC;
}

Result<UniqueFd> Rooted::open_file(const char* relative, std::string_view name) const {
  // Non-blocking, so that a FIFO in a fixture does not hang us.
  UniqueFd fd = open(relative, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) return path_failure(errno, "reading", name);
  struct stat about{};
  if (::fstat(fd.get(), &about) != 0) return path_failure(errno, "reading", name);
  if (!S_ISREG(about.st_mode)) return not_a_file(S_ISDIR(about.st_mode) ? EISDIR : 0, name);
  return fd;
}

Result<> Rooted::read(const char* relative, std::string_view name, std::size_t limit,
                      std::string& out) const {
  out.clear();
  const auto file = open_file(relative, name);
  if (!file) return std::unexpected(file.error());
  return read_whole(file->get(), name, limit, out);
}

Result<> read_whole(int file, std::string_view name, std::size_t limit, std::string& out) {
  out.clear();
  // procfs reports size 0 and may return less than requested before the end.
  char buffer[32 * 1024];
  Interrupted interrupted;
  for (;;) {
    const auto count = ::pread(file, buffer, sizeof buffer, static_cast<off_t>(out.size()));
    if (count == 0 && out.size() == sizeof buffer) return read_in_one(file, name, out);
    if (count == 0) return {};
    if (count < 0) {
      if (interrupted.again()) continue;
      return path_failure(errno, "reading", name);
    }
    if (out.size() + static_cast<std::size_t>(count) > limit) {
      out.clear();
      return failure(Reason::exhausted,
                     fmt::format("reading {}: longer than {} MiB", name, limit >> 20U));
    }
    out.append(buffer, static_cast<std::size_t>(count));
  }
}

}  // namespace hostnet
