#include "netlink/node/recording/recorder.h"

#include <fmt/format.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "netlink/attributes.h"
#include "netlink/node/recording/recording.h"
#include "netlink/node/recording/recording_writer.h"
#include "netlink/node/rooted.h"
#include "netlink/sock_diag.h"

namespace hostnet {
namespace {

// What was answered so far.
struct Notes {
  std::mutex mutex;
  RecordingIndex index;
  std::map<std::string, std::string> contents;     // of files, by path
  std::map<std::string, std::string> dumps;        // messages, by file name
  std::map<std::string, std::string> attachments;  // by name
};

class RecordingFiles final : public Files {
 public:
  RecordingFiles(std::shared_ptr<Files> inner, std::shared_ptr<Notes> notes)
      : inner_(std::move(inner)), notes_(std::move(notes)) {}

  Result<> read(std::string_view path, std::string& out) const override {
    auto done = inner_->read(path, out);
    if (!is_recordable(path)) return done;
    const std::lock_guard lock(notes_->mutex);
    const std::string key(path);
    if (done) {
      notes_->index.failed_reads.erase(key);
      notes_->contents.insert_or_assign(key, out);
    } else {
      notes_->contents.erase(key);
      notes_->index.failed_reads.insert_or_assign(key, done.error());
    }
    return done;
  }
  Result<std::vector<std::string>> list(std::string_view path) const override {
    return noted(path, notes_->index.lists, inner_->list(path));
  }
  Result<std::string> link(std::string_view path) const override {
    return noted(path, notes_->index.links, inner_->link(path));
  }
  Result<std::uint64_t> inode(std::string_view path) const override {
    return noted(path, notes_->index.inodes, inner_->inode(path));
  }
  Result<FileOwner> owner(std::string_view path) const override {
    return noted(path, notes_->index.owners, inner_->owner(path));
  }
  bool exists(std::string_view path) const override {
    const bool there = inner_->exists(path);
    if (!is_recordable(path)) return there;
    const std::lock_guard lock(notes_->mutex);
    notes_->index.existence.insert_or_assign(std::string(path), there);
    return there;
  }
  Result<std::string> cgroup_path(std::uint64_t id) const override {
    auto answer = inner_->cgroup_path(id);
    const std::lock_guard lock(notes_->mutex);
    notes_->index.cgroups.insert_or_assign(id, answer);
    return answer;
  }
  Result<> socket_descriptors(int pid, std::vector<SocketDescriptor>& out) const override {
    auto done = inner_->socket_descriptors(pid, out);
    const std::lock_guard lock(notes_->mutex);
    if (done) {
      notes_->index.descriptors.insert_or_assign(pid, out);
    } else {
      notes_->index.descriptors.insert_or_assign(pid, std::unexpected(done.error()));
    }
    return done;
  }
  Result<std::uint64_t> socket_inode(int pid, int fd) const override {
    auto answer = inner_->socket_inode(pid, fd);
    const std::lock_guard lock(notes_->mutex);
    notes_->index.descriptor_inodes.insert_or_assign(std::pair(pid, fd), answer);
    return answer;
  }

 private:
  // A path that is none is refused by a replay without a note.
  static bool is_recordable(std::string_view path) {
    return SeamPath::of(path, "recording").has_value();
  }
  template <class T>
  Result<T> noted(std::string_view path, RecordingIndex::Answers<std::string, T>& answers,
                  Result<T> answer) const {
    if (!is_recordable(path)) return answer;
    const std::lock_guard lock(notes_->mutex);
    answers.insert_or_assign(std::string(path), answer);
    return answer;
  }

  std::shared_ptr<Files> inner_;
  std::shared_ptr<Notes> notes_;
};

// By the socket's inode: who has it open then is another question.
class RecordingSocketOptions final : public SocketOptions {
 public:
  RecordingSocketOptions(std::shared_ptr<SocketOptions> inner, std::shared_ptr<Notes> notes)
      : inner_(std::move(inner)), notes_(std::move(notes)) {}

  Result<BindOptions> read(int pid, int fd, std::uint64_t inode) const override {
    auto answer = inner_->read(pid, fd, inode);
    const std::lock_guard lock(notes_->mutex);
    notes_->index.socket_options.insert_or_assign(inode, answer);
    return answer;
  }

 private:
  std::shared_ptr<SocketOptions> inner_;
  std::shared_ptr<Notes> notes_;
};

// What may be kept of the answer to a request that asks for secrets. A message
// that does not parse is kept without attributes.
std::vector<std::byte> without_secrets(const NetlinkRequest& request,
                                       std::span<const std::byte> payload) {
  const auto header = payload.first(std::min(payload.size(), sizeof(genlmsghdr)));
  std::vector<std::byte> kept(header.begin(), header.end());
  const auto walked = walk_attributes(
      after(payload, sizeof(genlmsghdr)), [&](const NetlinkAttribute& attribute) -> Result<> {
        const auto& wanted = request.recorded_attributes;
        if (std::ranges::find(wanted, attribute.type) == wanted.end()) return {};
        kept.resize(netlink_aligned(kept.size()));
        const nlattr head{
            .nla_len = static_cast<std::uint16_t>(sizeof(nlattr) + attribute.value.size()),
            .nla_type = attribute.type};
        for (const auto part : {std::as_bytes(std::span(&head, 1)), attribute.value}) {
          kept.insert(kept.end(), part.begin(), part.end());
        }
        return {};
      });
  if (!walked) kept.resize(header.size());
  return kept;
}

// The message as it came, except that sequence and port id are 0.
void append_message(std::string& out, const NetlinkMessage& message) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + message.payload.size());
  header.nlmsg_type = message.type;
  header.nlmsg_flags = message.flags;
  out.append(reinterpret_cast<const char*>(&header), sizeof header);
  if (!message.payload.empty()) {
    out.append(reinterpret_cast<const char*>(message.payload.data()), message.payload.size());
  }
  out.resize((out.size() + 3) / 4 * 4);
}

void append_recordable(std::string& out, const NetlinkRequest& request,
                       const NetlinkMessage& message) {
  if (request.recorded_attributes.empty()) return append_message(out, message);
  NetlinkMessage kept = message;
  const auto bytes = without_secrets(request, message.payload);
  kept.payload = bytes;
  append_message(out, kept);
}

class RecordingNetlink final : public Netlink {
 public:
  RecordingNetlink(std::shared_ptr<Netlink> inner, std::shared_ptr<Notes> notes)
      : inner_(std::move(inner)), notes_(std::move(notes)) {}

  Result<> dump(const NetlinkRequest& request, const DumpSink& sink) override {
    std::string messages;
    bool caller_failed = false;
    const DumpSink keep{[&] {
                          messages.clear();
                          if (sink.on_restart) sink.on_restart();
                        },
                        [&](const NetlinkMessage& message) {
                          append_recordable(messages, request, message);
                          auto taken = sink.on_message(message);
                          caller_failed = caller_failed || !taken;
                          return taken;
                        }};
    auto done = inner_->dump(request, keep);
    // Where it was the caller who ended it, the same messages end it again.
    note(request, std::move(messages), done || caller_failed ? nullptr : &done.error());
    return done;
  }

  Result<> sockets(const SocketQuery& query, const SocketSink& sink) override {
    const Result<> all = every_socket_once(query.protocol, query.family);
    if (all) return answer(socket_request(every_socket(query.protocol, query.family)), query, sink);
    // Too much for this kernel or this moment: at least what is asked for.
    const auto narrow = socket_request(query);
    auto done = dump(narrow, {[] {}, [](const NetlinkMessage&) -> Result<> { return {}; }});
    if (!done) return as_socket_failure(std::move(done).error());
    return answer(narrow, query, sink);
  }

  Result<std::unique_ptr<Subscription>> subscribe(int family,
                                                  std::span<const unsigned> groups) override {
    return inner_->subscribe(family, groups);
  }

 private:
  static std::unexpected<Error> as_socket_failure(Error error) {
    // What sock_diag says of a protocol that the kernel does not have.
    if (error.system_error == ENOENT) error.reason = Reason::unsupported;
    return std::unexpected(std::move(error));
  }

  void note(const NetlinkRequest& request, std::string messages, const Error* error) {
    const std::lock_guard lock(notes_->mutex);
    RecordedDump entry{.request = request, .file = dump_file_name(request)};
    if (error != nullptr) {
      entry.error = *error;
      notes_->dumps.erase(entry.file);
    } else {
      notes_->dumps.insert_or_assign(entry.file, std::move(messages));
    }
    for (auto& known : notes_->index.dumps) {
      if (!same_request(known.request, request)) continue;
      known = std::move(entry);
      return;
    }
    notes_->index.dumps.push_back(std::move(entry));
  }

  // One at a time: a second thread waits for the first one's answer.
  Result<> every_socket_once(Protocol protocol, AddressFamily family) {
    const std::lock_guard lock(asking_);
    const auto key = std::pair(protocol, family);
    if (const auto at = asked_.find(key); at != asked_.end()) return at->second;
    auto done = dump(socket_request(every_socket(protocol, family)),
                     {[] {}, [](const NetlinkMessage&) -> Result<> { return {}; }});
    asked_.insert_or_assign(key, done);
    return done;
  }

  // From the notes, as a replay will.
  Result<> answer(const NetlinkRequest& asked, const SocketQuery& query, const SocketSink& sink) {
    std::string messages;
    {
      const std::lock_guard lock(notes_->mutex);
      messages = notes_->dumps[dump_file_name(asked)];
    }
    return sockets_in(messages, query, sink);
  }

  std::shared_ptr<Netlink> inner_;
  std::shared_ptr<Notes> notes_;
  std::mutex asking_;
  std::map<std::pair<Protocol, AddressFamily>, Result<>> asked_;  // guarded by asking_
};

class RecordingEthtool final : public Ethtool {
 public:
  RecordingEthtool(std::shared_ptr<const Ethtool> inner, std::shared_ptr<Notes> notes)
      : inner_(std::move(inner)), notes_(std::move(notes)) {}

  Result<std::vector<std::byte>> ask(std::string_view device, std::span<const std::byte> request,
                                     std::size_t room) const override {
    auto answer = inner_->ask(device, request, room);
    Result<std::string> kept;
    if (answer) {
      kept->assign(reinterpret_cast<const char*>(answer->data()), answer->size());
    } else {
      kept = std::unexpected(answer.error());
    }
    const std::lock_guard lock(notes_->mutex);
    notes_->index.ethtool.insert_or_assign(ethtool_key(device, request), std::move(kept));
    return answer;
  }

 private:
  std::shared_ptr<const Ethtool> inner_;
  std::shared_ptr<Notes> notes_;
};

class RecordingIpTables final : public IpTables {
 public:
  RecordingIpTables(std::shared_ptr<const IpTables> inner, std::shared_ptr<Notes> notes)
      : inner_(std::move(inner)), notes_(std::move(notes)) {}

  Result<IpTableBytes> table(AddressFamily family, const std::string& name) const override {
    auto answer = inner_->table(family, name);
    const std::lock_guard lock(notes_->mutex);
    notes_->index.ip_tables.insert_or_assign({family, name}, answer);
    return answer;
  }

 private:
  std::shared_ptr<const IpTables> inner_;
  std::shared_ptr<Notes> notes_;
};

// Each event once, by whichever way it came.
class RecordingBindEvents final : public BindEvents {
 public:
  RecordingBindEvents(std::shared_ptr<BindEvents> inner, std::shared_ptr<Notes> notes)
      : inner_(std::move(inner)), notes_(std::move(notes)) {
    notes_->index.bind_events = inner_->past();
  }

  int descriptor() const override { return inner_->descriptor(); }
  void drain(const std::function<void(BindEvent)>& take) override {
    inner_->drain([&](BindEvent event) {
      note(event);
      take(std::move(event));
    });
  }
  std::vector<BindEvent> past() const override { return inner_->past(); }
  std::uint64_t dropped() const override { return inner_->dropped(); }
  bool attached() const override { return inner_->attached(); }
  void watch(Protocol protocol, std::uint16_t port, bool on) override {
    inner_->watch(protocol, port, on);
  }
  void forget(int process) override { inner_->forget(process); }

 private:
  void note(const BindEvent& event) {
    const std::lock_guard lock(notes_->mutex);
    auto& events = *notes_->index.bind_events;
    if (std::ranges::find(events, event) == events.end()) events.push_back(event);
  }

  std::shared_ptr<BindEvents> inner_;
  std::shared_ptr<Notes> notes_;
};

class DirectoryRecorder final : public Recorder {
 public:
  DirectoryRecorder(Node node, std::string directory)
      : directory_(std::move(directory)), node_(std::move(node)) {
    notes_->index.identity = node_.identity;
    node_.files = std::make_shared<RecordingFiles>(std::move(node_.files), notes_);
    node_.socket_options =
        std::make_shared<RecordingSocketOptions>(std::move(node_.socket_options), notes_);
    node_.netlink = std::make_shared<RecordingNetlink>(std::move(node_.netlink), notes_);
    node_.ethtool = std::make_shared<RecordingEthtool>(std::move(node_.ethtool), notes_);
    node_.ip_tables = std::make_shared<RecordingIpTables>(std::move(node_.ip_tables), notes_);
    if (node_.bind_events) {
      node_.bind_events =
          std::make_shared<RecordingBindEvents>(std::move(node_.bind_events), notes_);
    }
  }

  Node& node() override { return node_; }

  Result<> attach(std::string_view name, std::string contents) override {
    if (!is_attachment_name(name)) {
      return failure(Reason::malformed,
                     fmt::format("attaching \"{}\" to a recording: not a name for it", name));
    }
    const std::lock_guard lock(notes_->mutex);
    notes_->attachments.insert_or_assign(std::string(name), std::move(contents));
    return {};
  }

  Result<> finish() override {
    const std::lock_guard lock(notes_->mutex);
    // The end of the recording: nothing that was read is younger than it.
    notes_->index.steady = node_.clock->steady();
    notes_->index.wall = node_.clock->wall();
    notes_->index.discipline = node_.clock->discipline();
    return RecordingWriter::write(directory_, [&](const RecordingWriter& writer) -> Result<> {
      const auto write_all = [&](const std::string& prefix, const auto& files) -> Result<> {
        for (const auto& [name, contents] : files) {
          if (auto done = writer.file(prefix + name, contents); !done) return done;
        }
        return {};
      };
      auto done = write_all("", notes_->contents);
      if (done) done = write_all("netlink/", notes_->dumps);
      if (done) done = write_all("", notes_->attachments);
      if (done) done = writer.index(to_json(notes_->index));
      return done;
    });
  }

 private:
  std::string directory_;
  std::shared_ptr<Notes> notes_ = std::make_shared<Notes>();
  Node node_;
};

}  // namespace

Result<std::unique_ptr<Recorder>> record_node(Node node, const std::string& directory) {
  if (auto usable = RecordingWriter::check(directory); !usable) {
    return std::unexpected(std::move(usable).error());
  }
  return std::make_unique<DirectoryRecorder>(std::move(node), directory);
}

}  // namespace hostnet
