#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace hostnet {

// Bytes of answers waiting for slow readers, and of request heads, over all connections.
struct BufferMeter {
  std::atomic<std::size_t> bytes;
  std::atomic<std::size_t> heads;
  std::size_t limit{};
  std::chrono::milliseconds patience{};  // how long a writer waits past the limit
  std::function<void()> over_limit;      // asks the loop to cut old answers
};

// A piece of an answer, stored once however many connections wait to send it.
class AnswerBlock {
 public:
  AnswerBlock(std::string bytes, BufferMeter& meter) : bytes_(std::move(bytes)), meter_(meter) {
    meter_.bytes += bytes_.size();
  }
  AnswerBlock(const AnswerBlock&) = delete;
  AnswerBlock& operator=(const AnswerBlock&) = delete;
  ~AnswerBlock() { meter_.bytes -= bytes_.size(); }

  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
  BufferMeter& meter_;
};
using AnswerBlockPtr = std::shared_ptr<const AnswerBlock>;

}  // namespace hostnet
