#pragma once

#include <openssl/types.h>

#include <chrono>
#include <cstddef>
#include <string_view>

#include "netlink/base/clock.h"
#include "netlink/base/real_time.h"

namespace hostnet {

// Bytes outside the body: handshake, head, the lines between chunks.
inline constexpr std::size_t kLargestAnswerHead = std::size_t{128} << 10;
// cpp-httplib matches a status line with a regular expression that recurses for each character: 256
// bytes of stack each.
inline constexpr std::size_t kLongestHeadLine = std::size_t{4} << 10;
// A list of kMostPods pods is far smaller.
inline constexpr std::size_t kLargestBody = std::size_t{64} << 20;
// Each so many bytes extend the time limit of an answer by one second.
inline constexpr std::size_t kBytesASecond = std::size_t{32} << 10;

// Bounds the cost of one answer from a server. cpp-httplib stores a head, or the line before a
// chunk, of any length, and its only time limit is for silence: so every read of its connection is
// checked here first, and every line of a head (AnswerStream).
class AnswerLimits {
 public:
  // `time`: limits the whole answer, or only its head if the body is a stream.
  explicit AnswerLimits(std::chrono::milliseconds time, bool stream)
      : time_(time), stream_(stream), began_(steady_now()) {}
  AnswerLimits(const AnswerLimits&) = delete;
  AnswerLimits& operator=(const AnswerLimits&) = delete;
  ~AnswerLimits() = default;

  // Applies to all further reads of a connection, which keeps a pointer to this.
  void enforce(BIO* socket);
  // The same for a connection without a BIO: before and after each read.
  bool may_read();
  void count_read(std::size_t bytes) { beside_body_ += bytes; }

  // Checks what arrives, until the head has ended. False: a line of it is too long.
  bool take_head(std::string_view bytes);
  void head_ended() { in_head_ = false; }
  // Counts a piece of the body. False: the body exceeds the limit.
  bool take_body(std::size_t bytes);

  // Why reading was stopped, for people; "" while the answer is within its limits.
  std::string_view refusal() const { return refusal_; }

 private:
  static long on_read(BIO* socket, int operation, const char* data, std::size_t size, int, long,
                      int result, std::size_t* processed);

  std::chrono::milliseconds time_;
  bool stream_;
  SteadyTime began_;
  bool in_head_{true};
  std::size_t line_{};         // so far, of the head
  std::size_t beside_body_{};  // since its last piece
  std::size_t body_{};
  std::string_view refusal_;
};

}  // namespace hostnet
