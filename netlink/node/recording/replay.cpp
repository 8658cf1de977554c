#include "netlink/node/recording/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "netlink/bind_events/past_binds.h"
#include "netlink/node/live_files.h"
#include "netlink/node/recording/recording.h"
#include "netlink/node/rooted.h"
#include "netlink/process_sockets/iterate_process_sockets.h"
#include "netlink/sock_diag.h"

namespace hostnet {
namespace {

constexpr std::size_t kLongestDump = std::size_t{1} << 30U;

std::unexpected<Error> not_recorded(std::string_view what) {
  return failure(Reason::unsupported, fmt::format("not in the recording: {}", what));
}

class StandingClock final : public Clock {
 public:
  explicit StandingClock(std::shared_ptr<const RecordingIndex> index) : index_(std::move(index)) {}
  SteadyTime steady() const override { return index_->steady; }
  WallTime wall() const override { return index_->wall; }
  Result<ClockDiscipline> discipline() const override {
    return index_->discipline ? *index_->discipline : not_recorded("how the clock was steered");
  }

 private:
  std::shared_ptr<const RecordingIndex> index_;
};

class ReplayedFiles final : public Files {
 public:
  // `contents` reads the files of the recording.
  ReplayedFiles(std::shared_ptr<const RecordingIndex> index, std::shared_ptr<Files> contents)
      : index_(std::move(index)), contents_(std::move(contents)) {}

  Result<> read(std::string_view path, std::string& out) const override {
    out.clear();
    if (auto valid = SeamPath::of(path, "reading"); !valid) return std::unexpected(valid.error());
    const auto failed = index_->failed_reads.find(path);
    if (failed != index_->failed_reads.end()) return std::unexpected(failed->second);
    auto done = contents_->read(path, out);
    // A directory: something below it was recorded, the path itself was not.
    if (!done && (done.error().system_error == ENOENT || done.error().system_error == EISDIR)) {
      return not_recorded(path);
    }
    return done;
  }
  Result<std::vector<std::string>> list(std::string_view path) const override {
    return recorded(index_->lists, path, "listing");
  }
  Result<std::string> link(std::string_view path) const override {
    return recorded(index_->links, path, "reading the link");
  }
  Result<std::uint64_t> inode(std::string_view path) const override {
    return recorded(index_->inodes, path, "inspecting");
  }
  Result<FileOwner> owner(std::string_view path) const override {
    if (index_->version < kRecordingVersionWithOwners) return not_recorded(path);
    const auto at = index_->owners.find(path);
    if (at != index_->owners.end()) return at->second;
    return failure(Reason::vanished, fmt::format("the owner of {} was not recorded", path));
  }
  bool exists(std::string_view path) const override {
    const auto known = index_->existence.find(path);
    if (known != index_->existence.end()) return known->second;
    const auto answered = [&](const auto& answers) {
      const auto at = answers.find(path);
      return at != answers.end() && at->second.has_value();
    };
    return answered(index_->lists) || answered(index_->links) || answered(index_->inodes) ||
           contents_->exists(path);
  }
  Result<std::string> cgroup_path(std::uint64_t id) const override {
    const auto at = index_->cgroups.find(id);
    return at != index_->cgroups.end() ? at->second : not_recorded(fmt::format("cgroup {}", id));
  }
  Result<> socket_descriptors(int pid, std::vector<SocketDescriptor>& out) const override {
    out.clear();
    const auto at = index_->descriptors.find(pid);
    if (at == index_->descriptors.end()) return not_recorded(fmt::format("proc/{}/fd", pid));
    if (!at->second) return std::unexpected(at->second.error());
    out = *at->second;
    return {};
  }
  Result<std::uint64_t> socket_inode(int pid, int fd) const override {
    const auto at = index_->descriptor_inodes.find(std::pair(pid, fd));
    if (at != index_->descriptor_inodes.end()) return at->second;
    const auto process = index_->descriptors.find(pid);
    if (process != index_->descriptors.end() && process->second) {
      const auto found = std::ranges::find(*process->second, fd, &SocketDescriptor::fd);
      if (found != process->second->end()) return found->inode;
    }
    return not_recorded(fmt::format("proc/{}/fd/{}", pid, fd));
  }

 private:
  template <class T>
  static Result<T> recorded(const RecordingIndex::Answers<std::string, T>& answers,
                            std::string_view path, std::string_view doing) {
    if (auto valid = SeamPath::of(path, doing); !valid) return std::unexpected(valid.error());
    const auto at = answers.find(path);
    return at != answers.end() ? at->second : not_recorded(path);
  }

  std::shared_ptr<const RecordingIndex> index_;
  std::shared_ptr<Files> contents_;
};

class ReplayedSocketOptions final : public SocketOptions {
 public:
  explicit ReplayedSocketOptions(std::shared_ptr<const RecordingIndex> index)
      : index_(std::move(index)) {}

  Result<BindOptions> read(int, int, std::uint64_t inode) const override {
    const auto at = index_->socket_options.find(inode);
    if (at != index_->socket_options.end()) return at->second;
    return not_recorded(fmt::format("the options of socket {}", inode));
  }

 private:
  std::shared_ptr<const RecordingIndex> index_;
};

class InertSubscription final : public Subscription {
 public:
  int descriptor() const override { return -1; }
  Result<Batch> drain(const std::function<void(const NetlinkMessage&)>&) override {
    return Batch{};
  }
};

class ReplayedNetlink final : public Netlink {
 public:
  ReplayedNetlink(std::shared_ptr<const RecordingIndex> index, const std::string& directory)
      : index_(std::move(index)), name_(directory + "/netlink"), files_(name_) {}

  Result<> dump(const NetlinkRequest& request, const DumpSink& sink) override {
    std::string messages;
    if (auto done = messages_of(request, messages); !done) return done;
    bool taken = true;
    auto done = for_each_message(std::as_bytes(std::span(messages)),
                                 [&](const NetlinkMessage& message) -> Result<> {
                                   auto result = sink.on_message(message);
                                   taken = taken && result;
                                   return result;
                                 });
    if (done || !taken) return done;
    return std::unexpected(in_file(request, std::move(done).error()));
  }

  Result<> sockets(const SocketQuery& query, const SocketSink& sink) override {
    auto request = socket_request(every_socket(query.protocol, query.family));
    std::string messages;
    auto done = messages_of(request, messages);
    if (!done && find(socket_request(query)) != nullptr) {
      request = socket_request(query);
      done = messages_of(request, messages);
    }
    if (!done) {
      Error error = std::move(done).error();
      if (error.system_error == ENOENT) error.reason = Reason::unsupported;
      return std::unexpected(std::move(error));
    }
    done = sockets_in(messages, query, sink);
    if (!done) return std::unexpected(in_file(request, std::move(done).error()));
    return done;
  }

  Result<std::unique_ptr<Subscription>> subscribe(int, std::span<const unsigned>) override {
    return std::make_unique<InertSubscription>();
  }

 private:
  const RecordedDump* find(const NetlinkRequest& request) const {
    const auto same = [&](const RecordedDump& dump) { return same_request(dump.request, request); };
    const auto at = std::ranges::find_if(index_->dumps, same);
    return at == index_->dumps.end() ? nullptr : &*at;
  }
  Result<> messages_of(const NetlinkRequest& request, std::string& out) const {
    const auto* known = find(request);
    if (known == nullptr) return not_recorded(request.doing);
    if (known->error) return std::unexpected(*known->error);
    return files_.read(known->file.c_str(), name_ + "/" + known->file, kLongestDump, out);
  }
  Error in_file(const NetlinkRequest& request, Error error) const {
    const auto* known = find(request);
    error.message =
        fmt::format("reading {}/{}: {}", name_, known != nullptr ? known->file : "", error.message);
    return error;
  }

  std::shared_ptr<const RecordingIndex> index_;
  std::string name_;
  Rooted files_;
};

class ReplayedEthtool final : public Ethtool {
 public:
  explicit ReplayedEthtool(std::shared_ptr<const RecordingIndex> index)
      : index_(std::move(index)) {}

  Result<std::vector<std::byte>> ask(std::string_view device, std::span<const std::byte> request,
                                     std::size_t) const override {
    const auto at = index_->ethtool.find(ethtool_key(device, request));
    if (at == index_->ethtool.end()) return not_recorded(fmt::format("the driver of {}", device));
    if (!at->second) return std::unexpected(at->second.error());
    const auto bytes = std::as_bytes(std::span(*at->second));
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  }

 private:
  std::shared_ptr<const RecordingIndex> index_;
};

class ReplayedIpTables final : public IpTables {
 public:
  explicit ReplayedIpTables(std::shared_ptr<const RecordingIndex> index)
      : index_(std::move(index)) {}

  Result<IpTableBytes> table(AddressFamily family, const std::string& name) const override {
    const auto at = index_->ip_tables.find(IpTableKey{family, name});
    if (at != index_->ip_tables.end()) return at->second;
    return not_recorded(fmt::format("the {} table of {}", name, to_string(family)));
  }

 private:
  std::shared_ptr<const RecordingIndex> index_;
};

}  // namespace

Result<Node> replayed_node(const std::string& directory) {
  const Rooted root(directory);
  if (!root.opened()) return std::unexpected(root.opened().error());
  const auto name = fmt::format("{}/{}", directory, kIndexName);
  std::string json;
  if (auto done = root.read(std::string(kIndexName).c_str(), name, kLongestDump, json); !done) {
    Error error = std::move(done).error();
    if (error.system_error == ENOENT) error.message += " (so this is not a recording)";
    return std::unexpected(std::move(error));
  }
  auto parsed = parse_recording_index(json);
  if (!parsed) {
    Error error = std::move(parsed).error();
    error.message = fmt::format("reading {}: {}", name, error.message);
    return std::unexpected(std::move(error));
  }
  const auto index = std::make_shared<const RecordingIndex>(*std::move(parsed));
  auto clock = std::make_shared<StandingClock>(index);
  auto contents = live_files(directory + "/proc", directory + "/sys", clock);
  if (!contents) return std::unexpected(std::move(contents).error());
  std::shared_ptr<BindEvents> binds;
  if (index->bind_events) {
    auto past = past_binds(*index->bind_events);
    if (!past) return std::unexpected(std::move(past).error());
    binds = *std::move(past);
  }
  return Node{.netlink = std::make_shared<ReplayedNetlink>(index, directory),
              .files = std::make_shared<ReplayedFiles>(index, std::move(*contents)),
              .socket_options = std::make_shared<ReplayedSocketOptions>(index),
              .clock = std::move(clock),
              .identity = index->identity,
              .ethtool = std::make_shared<const ReplayedEthtool>(index),
              .ip_tables = std::make_shared<const ReplayedIpTables>(index),
              .bind_events = std::move(binds)};
}

Result<std::string> recorded_attachment(const std::string& directory, std::string_view name) {
  if (!is_attachment_name(name)) {
    return failure(Reason::malformed,
                   fmt::format("reading \"{}\" of a recording: not a name for it", name));
  }
  const Rooted root(directory);
  if (!root.opened()) return std::unexpected(root.opened().error());
  std::string out;
  const std::string file(name);
  if (auto done = root.read(file.c_str(), directory + "/" + file, kLongestFile, out); !done) {
    return std::unexpected(std::move(done).error());
  }
  return out;
}

Result<Node> open_node(const NodeOptions& options) {
  if (!options.replay.empty()) return replayed_node(options.replay);
  auto node = live_node(options.paths);
  const std::string& procfs = options.paths.procfs;
  if (node && options.bpf && has_many_processes(procfs)) {
    node->process_sockets = iterate_process_sockets(procfs).value_or(nullptr);
  }
  return node;
}

}  // namespace hostnet
