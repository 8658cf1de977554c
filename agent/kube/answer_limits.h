#pragma once

#include <openssl/types.h>

#include <chrono>
#include <cstddef>
#include <string_view>

#include "netlink/base/clock.h"
#include "netlink/base/real_time.h"

namespace hostnet {

// What comes beside a body: handshake, head, the lines between chunks.
inline constexpr std::size_t kLargestAnswerHead = std::size_t{128} << 10;
// A list of kMostPods pods is far smaller.
inline constexpr std::size_t kLargestBody = std::size_t{64} << 20;
// Each so many bytes are worth one second more than the time for an answer.
inline constexpr std::size_t kBytesASecond = std::size_t{32} << 10;

// Bounds what one answer of a server may cost. cpp-httplib keeps a head, or the line
// before a chunk, however long it is, and has no time limit but for silence: so each
// read of its connection asks here first.
class AnswerLimits {
 public:
  // `time`: for the answer, and for its head alone where the body is a stream.
  explicit AnswerLimits(std::chrono::milliseconds time, bool stream)
      : time_(time), stream_(stream), began_(steady_now()) {}
  AnswerLimits(const AnswerLimits&) = delete;
  AnswerLimits& operator=(const AnswerLimits&) = delete;
  ~AnswerLimits() = default;

  // From now on for what is read of a connection; it keeps a pointer to this.
  void enforce(BIO* socket);

  void head_ended() { in_head_ = false; }
  // A piece of the body arrived. False: it is more than anybody may send.
  bool take_body(std::size_t bytes);

  // Why no more is read, for people; "" while the answer is within its limits.
  std::string_view refusal() const { return refusal_; }

 private:
  bool may_read();
  void read(std::size_t bytes) { beside_body_ += bytes; }
  static long on_read(BIO* socket, int operation, const char* data, std::size_t size, int, long,
                      int result, std::size_t* processed);

  std::chrono::milliseconds time_;
  bool stream_;
  SteadyTime began_;
  bool in_head_{true};
  std::size_t beside_body_{};  // since the last piece of it
  std::size_t body_{};
  std::string_view refusal_;
};

}  // namespace hostnet
