#include "netlink/node/recording/recording_netlink.h"

#include <linux/genetlink.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "netlink/attributes.h"
#include "netlink/base/ranges.h"
#include "netlink/sock_diag.h"

namespace hostnet {
namespace {

// The part of an answer that may be kept if the request is for secrets. A message
// that does not parse is kept without attributes.
std::vector<std::byte> without_secrets(const NetlinkRequest& request,
                                       std::span<const std::byte> payload) {
  const auto header = payload.first(std::min(payload.size(), sizeof(genlmsghdr)));
  std::vector<std::byte> kept(header.begin(), header.end());
  const auto walked = walk_attributes(
      after(payload, sizeof(genlmsghdr)), [&](const NetlinkAttribute& attribute) -> Result<> {
        const auto& wanted = request.recorded_attributes;
        if (!contains(wanted, attribute.type)) return {};
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

// Appends the message unchanged, except that sequence and port id are 0.
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
  RecordingNetlink(std::shared_ptr<Netlink> inner, std::shared_ptr<RecordingNotes> notes)
      : inner_(std::move(inner)), notes_(std::move(notes)) {}

  Result<> dump(const NetlinkRequest& request, const DumpSink& sink) override {
    if (request.family == NETLINK_SOCK_DIAG && request.type == TCPDIAG_GETSOCK) {
      return failure(Reason::unsupported,
                     request.doing + ": a recording has the sockets of each family");
    }
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
    // If the caller ended it, the same messages will end it again in a replay.
    note(request, std::move(messages), done || caller_failed ? nullptr : &done.error());
    return done;
  }

  Result<> sockets(const SocketQuery& query, const SocketSink& sink) override {
    const Result<> all = every_socket_once(query.protocol, query.family);
    if (all) return answer(socket_request(every_socket(query.protocol, query.family)), query, sink);
    // Too much for this kernel or this moment: record at least the requested sockets.
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
    // sock_diag's error for a protocol that the kernel does not have.
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

  // Answers from the notes, as a replay will.
  Result<> answer(const NetlinkRequest& asked, const SocketQuery& query, const SocketSink& sink) {
    std::string messages;
    {
      const std::lock_guard lock(notes_->mutex);
      messages = notes_->dumps[dump_file_name(asked)];
    }
    return sockets_in(messages, query, sink);
  }

  std::shared_ptr<Netlink> inner_;
  std::shared_ptr<RecordingNotes> notes_;
  std::mutex asking_;
  std::map<std::pair<Protocol, AddressFamily>, Result<>> asked_;  // guarded by asking_
};

}  // namespace

std::shared_ptr<Netlink> recording_netlink(std::shared_ptr<Netlink> inner,
                                           std::shared_ptr<RecordingNotes> notes) {
  return std::make_shared<RecordingNetlink>(std::move(inner), std::move(notes));
}

}  // namespace hostnet
