#include "netlink/node/recording/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "netlink/base/ranges.h"
#include "netlink/bind_events/seen_binds.h"
#include "netlink/node/recording/recording_files.h"
#include "netlink/node/recording/recording_netlink.h"
#include "netlink/node/recording/recording_notes.h"
#include "netlink/node/recording/recording_writer.h"

namespace hostnet {
namespace {

class RecordingEthtool final : public Ethtool {
 public:
  RecordingEthtool(std::shared_ptr<const Ethtool> inner, std::shared_ptr<RecordingNotes> notes)
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
  std::shared_ptr<RecordingNotes> notes_;
};

class RecordingIpTables final : public IpTables {
 public:
  RecordingIpTables(std::shared_ptr<const IpTables> inner, std::shared_ptr<RecordingNotes> notes)
      : inner_(std::move(inner)), notes_(std::move(notes)) {}

  Result<IpTableBytes> table(AddressFamily family, const std::string& name) const override {
    auto answer = inner_->table(family, name);
    const std::lock_guard lock(notes_->mutex);
    notes_->index.ip_tables.insert_or_assign({family, name}, answer);
    return answer;
  }

 private:
  std::shared_ptr<const IpTables> inner_;
  std::shared_ptr<RecordingNotes> notes_;
};

// Records each event once, whether from past() or drain().
class RecordingBindEvents final : public SeenBinds {
 public:
  RecordingBindEvents(std::shared_ptr<BindEvents> inner, std::shared_ptr<RecordingNotes> notes)
      : SeenBinds(std::move(inner)), notes_(std::move(notes)) {
    notes_->index.bind_events = past();
  }

 private:
  void see(const BindEvent& event) override {
    const std::lock_guard lock(notes_->mutex);
    auto& events = *notes_->index.bind_events;
    add_once(events, event);
  }

  std::shared_ptr<RecordingNotes> notes_;
};

class DirectoryRecorder final : public Recorder {
 public:
  DirectoryRecorder(Node node, std::string directory)
      : directory_(std::move(directory)), node_(std::move(node)) {
    notes_->index.identity = node_.identity;
    node_.files = recording_files(std::move(node_.files), notes_);
    node_.socket_options = recording_socket_options(std::move(node_.socket_options), notes_);
    node_.netlink = recording_netlink(std::move(node_.netlink), notes_);
    node_.ethtool = std::make_shared<RecordingEthtool>(std::move(node_.ethtool), notes_);
    node_.ip_tables = std::make_shared<RecordingIpTables>(std::move(node_.ip_tables), notes_);
    node_.process_sockets.reset();  // a replay reads proc/<pid>/fd
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
    // The end of the recording: nothing that was read is newer.
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
  std::shared_ptr<RecordingNotes> notes_ = std::make_shared<RecordingNotes>();
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
