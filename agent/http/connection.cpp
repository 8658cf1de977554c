#include "agent/http/connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <span>

namespace hostnet {
namespace {

constexpr std::size_t kBlock = std::size_t{32} * 1024;
// Sent while the answer is still written. Below it a whole answer leaves at
// once: each send may wake the client, which then finds little.
constexpr std::size_t kWorthSending = std::size_t{64} * 1024;
constexpr std::size_t kBlocksAtOnce = 4;
constexpr int kRoomPollMs = 20;
// A reader may be this far behind before its worker waits for it, and the worker
// waits this long in one answer.
constexpr std::size_t kFarBehind = std::size_t{128} * 1024;
constexpr std::chrono::milliseconds kReaderPatience{25};

}  // namespace

Connection::~Connection() {
  account(0);
}

void Connection::account(std::size_t pending) {
  if (pending > metered_) meter_.bytes += pending - metered_;
  if (pending < metered_) meter_.bytes -= metered_ - pending;
  metered_ = pending;
}

bool Connection::write(std::string_view bytes) {
  if (lost_) return false;
  // Earlier bytes, never these: the last of an answer leave by the flush() after
  // it, when the request no longer counts as one in flight. Its client may ask
  // again at once and is not one too many then.
  if (pending_ >= kWorthSending) {
    if (wait_for_reader(flush()) == Io::closed) return false;
    if (meter_.bytes > meter_.limit && !wait_for_room()) return false;
  }
  if (pending_ == 0) waited_ = {};
  pending_ += bytes.size();
  while (!bytes.empty()) {
    if (kept_.empty() || kept_.back().size() >= kBlock) kept_.emplace_back().reserve(kBlock);
    const std::string_view part = bytes.substr(0, kBlock - kept_.back().size());
    kept_.back() += part;
    bytes.remove_prefix(part.size());
  }
  return true;
}

Io Connection::flush() {
  Io status = lost_ ? Io::closed : Io::done;
  while (status == Io::done && !kept_.empty()) {
    std::array<std::string_view, kBlocksAtOnce> blocks;
    const std::size_t count = std::min(kept_.size(), blocks.size());
    std::copy_n(kept_.begin(), count, blocks.begin());
    blocks[0].remove_prefix(sent_of_first_);
    const IoResult sent = transport.write(std::span(blocks).first(count));
    status = sent.status;
    if (status != Io::done) break;
    pending_ -= sent.bytes;
    sent_of_first_ += sent.bytes;
    while (!kept_.empty() && sent_of_first_ >= kept_.front().size()) {
      sent_of_first_ -= kept_.front().size();
      kept_.pop_front();
    }
  }
  if (status == Io::closed) {
    lost_ = true;
    kept_.clear();
    pending_ = 0;
  }
  account(pending_);
  return status;
}

Io Connection::wait_for_reader(Io status) {
  while (patient && status == Io::want_write && pending_ > kFarBehind &&
         waited_ < kReaderPatience) {
    const WebTime start = std::chrono::steady_clock::now();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(kReaderPatience - waited_);
    pollfd ready{.fd = transport.fd(), .events = POLLOUT};
    poll(&ready, 1, static_cast<int>(left.count()));
    waited_ += std::chrono::steady_clock::now() - start;
    status = flush();
  }
  return status;
}

bool Connection::wait_for_room() {
  const auto patience = patient ? meter_.patience : std::chrono::milliseconds(0);
  const WebTime end = std::chrono::steady_clock::now() + patience;
  while (meter_.bytes > meter_.limit && pending_ > 0) {
    meter_.over_limit();
    pollfd ready{.fd = transport.fd(), .events = POLLOUT};
    poll(&ready, 1, patient ? kRoomPollMs : 0);
    if (flush() == Io::closed) return false;
    if (std::chrono::steady_clock::now() >= end) {
      lost_ = true;
      return false;
    }
  }
  return true;
}

}  // namespace hostnet
