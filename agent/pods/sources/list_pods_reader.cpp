#include "agent/pods/sources/list_pods_reader.h"

#include <algorithm>
#include <cstdint>

#include "agent/document/protobuf.h"
#include "agent/pods/pod_limits.h"

namespace hostnet {
namespace {

constexpr std::size_t kPrefix = 5;
constexpr std::uint64_t kPods = 1U << 3U | 2U;  // field 1, length-delimited
constexpr std::size_t kLongestHead = 20;        // two varints

}  // namespace

bool ListPodsReader::take(std::string_view part) {
  buffer_ += part;
  while (!broken_ && !buffer_.empty()) {
    if (!in_message_) {
      if (!take_prefix()) break;
    } else if (skipped_ > 0) {
      const std::size_t gone = std::min(skipped_, buffer_.size());
      buffer_.erase(0, gone);
      skipped_ -= gone;
    } else if (pod_size_) {
      if (!take_pod()) break;
    } else if (!take_field()) {
      break;
    }
  }
  return !broken_;
}

// False: more bytes are needed first; the same for the other functions.
bool ListPodsReader::take_prefix() {
  broken_ = buffer_.front() != '\0';  // compressed, which was not requested
  if (broken_ || buffer_.size() < kPrefix) return false;
  for (std::size_t i = 1; i < kPrefix; ++i) {
    left_ = left_ << 8U | static_cast<unsigned char>(buffer_[i]);
  }
  buffer_.erase(0, kPrefix);
  in_message_ = true;
  return true;
}

bool ListPodsReader::take_field() {
  std::string_view rest = buffer_;
  const auto tag = take_varint(rest);
  const auto size = tag ? take_varint(rest) : std::nullopt;
  if (!size) {
    broken_ = buffer_.size() >= std::min(kLongestHead, left_);
    return false;
  }
  const std::size_t head = buffer_.size() - rest.size();
  broken_ = *tag != kPods || head > left_ || *size > left_ - head;
  if (broken_) return false;
  left_ -= head + *size;
  buffer_.erase(0, head);
  if (*size > kLongestPod) {
    parts_.on_too_long();
    skipped_ = *size;
  } else {
    pod_size_ = size;
  }
  return true;
}

bool ListPodsReader::take_pod() {
  if (buffer_.size() < *pod_size_) return false;
  parts_.on_pod(std::string_view(buffer_).substr(0, *pod_size_));
  buffer_.erase(0, *pod_size_);
  pod_size_.reset();
  return true;
}

}  // namespace hostnet
