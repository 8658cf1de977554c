#include "netlink/process_sockets/iterate_process_sockets.h"

#include <bpf/bpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <utility>

#include "netlink/base/read_file.h"
#include "netlink/base/text.h"
#include "netlink/base/unique_fd.h"
#include "netlink/bpf/bpf_object.h"
#include "netlink/process_sockets/program.h"
#include "netlink/process_sockets/wire.h"

namespace hostnet {
namespace {

constexpr std::size_t kBatch = 2048;
// The kernel returns EAGAIN after a million descriptors that are not sockets.
constexpr int kMostPauses = 1000;

// "NSpid: 812": this process's ids from the procfs's PID namespace down to its own. A single id:
// the namespaces are the same.
bool shows_own_pid_namespace(const std::string& procfs) {
  const auto status = read_regular_file(procfs + "/self/status");
  if (!status) return false;
  constexpr std::string_view kName = "\nNSpid:";
  const auto at = status->find(kName);
  if (at == std::string::npos) return false;
  std::string_view line = std::string_view(*status).substr(at + kName.size());
  line = trim(line.substr(0, line.find('\n')));
  return parse_number<int>(line) == ::getpid();
}

class IteratedProcessSockets final : public ProcessSockets {
 public:
  explicit IteratedProcessSockets(UniqueFd iterator) : iterator_(std::move(iterator)) {}

  Result<> read(const std::function<void(const ProcessSocket&)>& take) override {
    UniqueFd iterator;
    {
      const std::scoped_lock lock(mutex_);
      std::swap(iterator, iterator_);
    }
    if (!iterator) return failure(Reason::unsupported, "process sockets are read once only");
    std::array<hostnet_process_socket, kBatch> batch{};
    for (int pauses = 0;;) {
      const ssize_t size = ::read(iterator.get(), batch.data(), sizeof batch);
      if (size == 0) return {};
      if (size < 0) {
        if ((errno == EAGAIN || errno == EINTR) && ++pauses < kMostPauses) continue;
        return system_failure(errno, "reading the sockets of processes");
      }
      const auto count = static_cast<std::size_t>(size) / sizeof batch[0];
      for (const auto& one : std::span(batch).first(count)) {
        take({.pid = one.process, .fd = static_cast<int>(one.fd), .inode = one.inode});
      }
    }
  }

 private:
  std::mutex mutex_;
  UniqueFd iterator_;  // it holds the program, too
};

}  // namespace

bool has_many_processes(const std::string& procfs) {
  // The root directory has a link for each process (fs/proc/root.c).
  struct stat root{};
  return ::stat(procfs.c_str(), &root) == 0 && root.st_nlink >= kManyProcesses;
}

Result<std::shared_ptr<ProcessSockets>> iterate_process_sockets(const std::string& procfs) {
  if (!shows_own_pid_namespace(procfs)) {
    return failure(Reason::unsupported, procfs + " shows another PID namespace");
  }
  auto object = open_bpf(process_sockets_program(), "hostnet_sockets");
  if (!object) return std::unexpected(std::move(object).error());
  if (auto loaded = load_bpf(**object); !loaded) return std::unexpected(std::move(loaded).error());
  const BpfLink link(
      bpf_program__attach_iter(bpf_object__next_program(object->get(), nullptr), nullptr));
  if (!link) return system_failure(errno, "attaching to the descriptors of processes");
  UniqueFd iterator(bpf_iter_create(bpf_link__fd(link.get())));
  if (!iterator) return system_failure(errno, "opening the descriptors of processes");
  return std::make_shared<IteratedProcessSockets>(std::move(iterator));
}

}  // namespace hostnet
