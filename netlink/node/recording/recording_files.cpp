#include "netlink/node/recording/recording_files.h"

#include <utility>

#include "netlink/node/rooted.h"

namespace hostnet {
namespace {

class RecordingFiles final : public Files {
 public:
  RecordingFiles(std::shared_ptr<Files> inner, std::shared_ptr<RecordingNotes> notes)
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
  // An invalid path needs no note: a replay refuses it anyway.
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
  std::shared_ptr<RecordingNotes> notes_;
};

// By the socket's inode: which process has it open is recorded separately.
class RecordingSocketOptions final : public SocketOptions {
 public:
  RecordingSocketOptions(std::shared_ptr<SocketOptions> inner,
                         std::shared_ptr<RecordingNotes> notes)
      : inner_(std::move(inner)), notes_(std::move(notes)) {}

  Result<BindOptions> read(int pid, int fd, std::uint64_t inode) const override {
    auto answer = inner_->read(pid, fd, inode);
    const std::lock_guard lock(notes_->mutex);
    notes_->index.socket_options.insert_or_assign(inode, answer);
    return answer;
  }

 private:
  std::shared_ptr<SocketOptions> inner_;
  std::shared_ptr<RecordingNotes> notes_;
};

}  // namespace

std::shared_ptr<Files> recording_files(std::shared_ptr<Files> inner,
                                       std::shared_ptr<RecordingNotes> notes) {
  return std::make_shared<RecordingFiles>(std::move(inner), std::move(notes));
}

std::shared_ptr<SocketOptions> recording_socket_options(std::shared_ptr<SocketOptions> inner,
                                                        std::shared_ptr<RecordingNotes> notes) {
  return std::make_shared<RecordingSocketOptions>(std::move(inner), std::move(notes));
}

}  // namespace hostnet
