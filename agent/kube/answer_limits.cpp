#include "agent/kube/answer_limits.h"

#include <openssl/bio.h>

#include "netlink/base/real_time.h"

namespace hostnet {

void AnswerLimits::enforce(BIO* socket) {
  BIO_set_callback_arg(socket, reinterpret_cast<char*>(this));
  BIO_set_callback_ex(socket, on_read);
}

// BIO callback, called before and after each read. A value <= 0 returned before a read prevents it
// and becomes its result.
long AnswerLimits::on_read(BIO* socket, int operation, const char* /*data*/, std::size_t /*size*/,
                           int /*number*/, long /*large*/, int result, std::size_t* processed) {
  auto* const self = reinterpret_cast<AnswerLimits*>(BIO_get_callback_arg(socket));
  if (operation == BIO_CB_READ && !self->may_read()) {
    BIO_clear_retry_flags(socket);  // not "no data yet", which would be retried
    return -1;
  }
  if (operation == (BIO_CB_READ | BIO_CB_RETURN) && result > 0) self->count_read(*processed);
  return result;
}

bool AnswerLimits::may_read() {
  const auto more = std::chrono::seconds(body_ / kBytesASecond);
  const bool timed = in_head_ || !stream_;
  if (!refusal_.empty()) return false;
  if (beside_body_ > kLargestAnswerHead) {
    refusal_ = "its head, or a line between two chunks, is too long";
  } else if (timed && steady_now() - began_ > time_ + more) {
    refusal_ = "it did not end in time";
  }
  return refusal_.empty();
}

bool AnswerLimits::take_head(std::string_view bytes) {
  for (std::size_t at = 0; in_head_ && at < bytes.size() && refusal_.empty(); ++at) {
    line_ = bytes[at] == '\n' ? 0 : line_ + 1;
    if (line_ > kLongestHeadLine) refusal_ = "a line of its head is too long";
  }
  return refusal_.empty();
}

bool AnswerLimits::take_body(std::size_t bytes) {
  beside_body_ = 0;
  if (!stream_) body_ += bytes;
  if (body_ > kLargestBody && refusal_.empty()) refusal_ = "it is too large";
  return refusal_.empty();
}

}  // namespace hostnet
