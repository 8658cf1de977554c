#include "netlink/bind_events/attach_bind_events.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "netlink/base/read_file.h"
#include "netlink/base/unique_fd.h"
#include "netlink/bind_events/decode_bind_event.h"
#include "netlink/bind_events/node_cgroup.h"
#include "netlink/bind_events/program.h"
#include "netlink/bind_events/wire.h"
#include "netlink/bpf/bpf_object.h"

namespace hostnet {
namespace {

#ifndef SO_NETNS_COOKIE
constexpr int SO_NETNS_COOKIE = 71;
#endif
constexpr int kBatch = 256;
constexpr unsigned kWordBits = 64;

// A cgroup v2 link that someone detached has no cgroup any more; read from fdinfo, because bpf(2)
// may not be allowed here.
bool is_detached(const bpf_link& link) {
  const auto about = read_regular_file(fmt::format("/proc/self/fdinfo/{}", bpf_link__fd(&link)));
  return about && about->find("\ncgroup_id:\t0\n") != std::string::npos;
}

bpf_map* data_map(bpf_object& object, std::string_view suffix);

// The memory shared with the programs, mapped.
class SharedData {
 public:
  static Result<SharedData> map(bpf_object& object) {
    const bpf_map* map = data_map(object, ".bss");
    if (map == nullptr || bpf_map__value_size(map) < sizeof(hostnet_bind_shared)) {
      return failure(Reason::internal, "the BPF programs have no data");
    }
    void* data = ::mmap(nullptr, sizeof(hostnet_bind_shared), PROT_READ | PROT_WRITE, MAP_SHARED,
                        bpf_map__fd(map), 0);
    if (data == MAP_FAILED) return system_failure(errno, "mapping the data of the BPF programs");
    return SharedData(static_cast<hostnet_bind_shared*>(data));
  }

  std::uint64_t dropped() const {
    return std::atomic_ref(data_->dropped).load(std::memory_order_relaxed);
  }
  void watch(unsigned bit, bool on) {
    set_bit(std::span(data_->watched)[bit / kWordBits], bit, on);
  }
  void forget(unsigned bit) {
    if (set_bit(std::span(data_->refused)[bit / kWordBits], bit, false)) {
      std::atomic_ref(data_->refused_processes).fetch_sub(1, std::memory_order_relaxed);
    }
  }

 private:
  struct Unmap {
    void operator()(hostnet_bind_shared* data) const { ::munmap(data, sizeof *data); }
  };
  explicit SharedData(hostnet_bind_shared* data) : data_(data) {}

  // Returns whether it was set before.
  static bool set_bit(__u64& word, unsigned bit, bool on) {
    const std::atomic_ref shared(word);
    const __u64 mask = 1ULL << bit % kWordBits;
    const __u64 before = on ? shared.fetch_or(mask, std::memory_order_relaxed)
                            : shared.fetch_and(~mask, std::memory_order_relaxed);
    return (before & mask) != 0;
  }

  std::unique_ptr<hostnet_bind_shared, Unmap> data_;
};

class AttachedBindEvents final : public BindEvents {
 public:
  AttachedBindEvents(BpfObject object, std::vector<BpfLink> links, SharedData shared)
      : object_(std::move(object)), links_(std::move(links)), shared_(std::move(shared)) {}

  Result<> open_ring() {
    const int map = bpf_object__find_map_fd_by_name(object_.get(), "events");
    ring_.reset(ring_buffer__new(map, &AttachedBindEvents::on_record, this, nullptr));
    if (!ring_) return system_failure(errno, "mapping the ring buffer of bind events");
    return {};
  }

  int descriptor() const override { return ring_buffer__epoll_fd(ring_.get()); }
  void drain(const std::function<void(BindEvent)>& take) override {
    take_ = &take;
    left_ = kBatch;
    ring_buffer__consume(ring_.get());
    take_ = nullptr;
  }
  std::uint64_t dropped() const override { return malformed_ + shared_.dropped(); }
  bool attached() const override {
    for (const BpfLink& link : links_) {
      if (is_detached(*link)) return false;
    }
    return true;
  }
  void watch(Protocol protocol, std::uint16_t port, bool on) override {
    if (protocol == Protocol::sctp) return;
    const unsigned bit = (protocol == Protocol::tcp ? 0U : HOSTNET_PORTS) + port;
    shared_.watch(bit, on);
  }
  void forget(int process) override {
    shared_.forget(static_cast<unsigned>(process) % HOSTNET_PROCESS_BITS);
  }

 private:
  static int on_record(void* self, void* data, std::size_t size) {
    auto& events = *static_cast<AttachedBindEvents*>(self);
    auto event = decode_bind_event({static_cast<const std::byte*>(data), size});
    if (event) {
      (*events.take_)(*std::move(event));
    } else {
      ++events.malformed_;
    }
    return --events.left_ > 0 ? 0 : -1;  // the rest waits for the next call
  }

  BpfObject object_;
  std::vector<BpfLink> links_;
  SharedData shared_;
  BpfRing ring_;
  const std::function<void(BindEvent)>* take_{};
  int left_{};
  std::atomic<std::uint64_t> malformed_;
};

Result<std::uint64_t> own_network_cookie() {
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (!socket || ::getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) != 0) {
    return system_failure(errno, "asking for the cookie of the network namespace (Linux 5.14)");
  }
  return cookie;
}

// Global data of the programs: the map whose name ends in `suffix`.
bpf_map* data_map(bpf_object& object, std::string_view suffix) {
  bpf_map* map = nullptr;
  while ((map = bpf_object__next_map(&object, map)) != nullptr) {
    if (std::string_view(bpf_map__name(map)).ends_with(suffix)) return map;
  }
  return nullptr;
}

Result<BpfObject> load_programs(const hostnet_bind_settings& settings) {
  auto object = open_bpf(bind_events_program(), "hostnet_bind");
  if (!object) return object;
  auto* map = data_map(**object, ".rodata");
  if (map == nullptr || bpf_map__set_initial_value(map, &settings, sizeof settings) != 0) {
    return failure(Reason::internal, "the BPF programs have no settings");
  }
  if (auto loaded = load_bpf(**object); !loaded) return std::unexpected(loaded.error());
  return object;
}

// Loads with as many helpers as this kernel and these rights allow: bpf_get_retval() is newer than
// the other requirements, and newer kernels require CAP_PERFMON for bpf_get_current_comm().
Result<BpfObject> load_programs(std::uint64_t network) {
  Result<BpfObject> object;
  for (const auto& [has_retval, has_comm] : {std::pair{1U, 1U}, {1U, 0U}, {0U, 1U}, {0U, 0U}}) {
    object = load_programs(hostnet_bind_settings{
        .own_network = network, .has_retval = has_retval, .has_comm = has_comm});
    if (object || object.error().reason == Reason::denied) break;
  }
  return object;
}

Result<std::vector<BpfLink>> attach_programs(bpf_object& object, int cgroup) {
  std::vector<BpfLink> links;
  bpf_program* program = nullptr;
  while ((program = bpf_object__next_program(&object, program)) != nullptr) {
    links.emplace_back(bpf_program__attach_cgroup(program, cgroup));
    if (!links.back()) return system_failure(errno, "attaching to the node's cgroup");
  }
  return links;
}

}  // namespace

Result<std::shared_ptr<BindEvents>> attach_bind_events(const std::string& procfs,
                                                       const std::string& sysfs) {
  const auto cgroup = open_node_cgroup(procfs, sysfs);
  if (!cgroup) return std::unexpected(cgroup.error());
  const auto network = own_network_cookie();
  if (!network) return std::unexpected(network.error());
  auto object = load_programs(*network);
  if (!object) return std::unexpected(std::move(object).error());
  auto shared = SharedData::map(**object);
  if (!shared) return std::unexpected(std::move(shared).error());
  auto links = attach_programs(**object, cgroup->get());
  if (!links) return std::unexpected(std::move(links).error());
  auto events = std::make_shared<AttachedBindEvents>(*std::move(object), *std::move(links),
                                                     *std::move(shared));
  if (auto opened = events->open_ring(); !opened) {
    return std::unexpected(std::move(opened).error());
  }
  return events;
}

}  // namespace hostnet
