#include "agent/http/connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace hostnet {
namespace {

// This much is sent while the answer is still being written. A smaller answer is
// sent in one go: each send may wake the client, just to read a little.
constexpr std::size_t kWorthSending = std::size_t{64} * 1024;
constexpr std::size_t kBlocksAtOnce = 4;
constexpr int kRoomPollMs = 20;
// A worker waits for a reader that is further behind than this, and no longer
// than this in one answer.
constexpr std::size_t kFarBehind = std::size_t{128} * 1024;
constexpr std::chrono::milliseconds kReaderPatience{25};

}  // namespace

AnswerBlockPtr Connection::block(std::string bytes) const {
  return std::make_shared<const AnswerBlock>(std::move(bytes), meter_);
}

void Connection::count_heads(std::size_t bytes) {
  meter_.heads += bytes - head_bytes_;
  head_bytes_ = bytes;
}

void Connection::lose() {
  lost_ = true;
  kept_.clear();
  pending_ = 0;
}

bool Connection::write(AnswerBlockPtr block) {
  if (lost_) return false;
  // Sends earlier bytes, never these: the last bytes of an answer leave with the
  // flush() after it, when the request no longer counts as in flight. So a client
  // that sends the next request at once does not exceed the limit.
  if (pending_ >= kWorthSending) {
    if (wait_for_reader(flush()) == Io::closed) return false;
    if (meter_.bytes > meter_.limit && !wait_for_room()) return false;
  }
  if (pending_ == 0) waited_ = {};
  pending_ += block->bytes().size();
  kept_.push_back(std::move(block));
  return true;
}

Io Connection::flush() {
  Io status = lost_ ? Io::closed : Io::done;
  while (status == Io::done && !kept_.empty()) {
    std::array<std::string_view, kBlocksAtOnce> blocks;
    const std::size_t count = std::min(kept_.size(), blocks.size());
    std::ranges::transform(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(count),
                           blocks.begin(), [](const auto& block) { return block->bytes(); });
    blocks[0].remove_prefix(sent_of_first_);
    const IoResult sent = transport.write(std::span(blocks).first(count));
    status = sent.status;
    if (status != Io::done) break;
    pending_ -= sent.bytes;
    sent_of_first_ += sent.bytes;
    while (!kept_.empty() && sent_of_first_ >= kept_.front()->bytes().size()) {
      sent_of_first_ -= kept_.front()->bytes().size();
      kept_.pop_front();
    }
  }
  if (status == Io::closed) lose();
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
      lose();
      return false;
    }
  }
  return true;
}

}  // namespace hostnet
