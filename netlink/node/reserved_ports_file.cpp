#include "netlink/node/reserved_ports_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "netlink/base/unique_fd.h"
#include "netlink/base/wake_up.h"

namespace hostnet {
namespace {

// Every second port, "1,3,…,65535", is 191,053 bytes: the longest possible list.
constexpr std::size_t kLongestList = std::size_t{256} * 1024;

class LiveReservedPortsFile final : public ReservedPortsFile {
 public:
  explicit LiveReservedPortsFile(const std::string& procfs)
      : path_(procfs + "/sys/net/ipv4/ip_local_reserved_ports") {}

  Result<std::string> read() const override {
    const UniqueFd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return system_failure(errno, "reading " + path_);
    std::string text(kLongestList, '\0');
    const auto count = ::read(file.get(), text.data(), text.size());
    if (count < 0) return system_failure(errno, "reading " + path_);
    text.resize(static_cast<std::size_t>(count));
    // A truncated list would be written back without the rest.
    if (text.size() == kLongestList) {
      return failure(Reason::malformed,
                     "reading " + path_ + ": it is too long for a list of ports");
    }
    return text;
  }

  Result<> try_open() const override {
    const UniqueFd file(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file) return system_failure(errno, "writing " + path_);
    return {};
  }

  Result<> write(std::string_view list) const override {
    const UniqueFd file(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file) return system_failure(errno, "writing " + path_);
    std::string rest(list);
    rest += '\n';  // alone, it empties the list
    // The kernel takes whole numbers of the first page and returns the number of bytes
    // taken; text written at a later offset is added to the list.
    Interrupted interrupted;
    while (!rest.empty()) {
      const auto count = ::write(file.get(), rest.data(), rest.size());
      if (count < 0 && interrupted.again()) continue;
      if (count <= 0) return system_failure(count < 0 ? errno : EIO, "writing " + path_);
      rest.erase(0, static_cast<std::size_t>(count));
    }
    return {};
  }

 private:
  const std::string path_;
};

}  // namespace

std::unique_ptr<ReservedPortsFile> live_reserved_ports_file(const std::string& procfs) {
  return std::make_unique<LiveReservedPortsFile>(procfs);
}

}  // namespace hostnet
