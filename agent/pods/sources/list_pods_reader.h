#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hostnet {

// Reads kubelet's ListPodsResponse as it arrives, in one gRPC message: a flag, four bytes of
// length, `repeated bytes pods = 1` (k8s.io/kubelet/pkg/apis/pods/v1alpha1/api.proto). Keeps only
// one pod at a time.
class ListPodsReader {
 public:
  struct Parts {
    std::function<void(std::string_view pod)> on_pod;
    std::function<void()> on_too_long;  // longer than kLongestPod: skipped
  };
  explicit ListPodsReader(Parts parts) : parts_(std::move(parts)) {}

  // False if it is no such message: then no more parts are needed.
  bool take(std::string_view part);
  // The whole message has arrived, and nothing after it.
  bool is_whole() const {
    return in_message_ && left_ == 0 && !pod_size_ && skipped_ == 0 && buffer_.empty() && !broken_;
  }

 private:
  bool take_prefix();
  bool take_field();
  bool take_pod();

  Parts parts_;
  std::string buffer_;                   // not read yet
  bool in_message_{};                    // its prefix is read
  std::size_t left_{};                   // of the message, after the pod that is arriving
  std::optional<std::size_t> pod_size_;  // of the pod that is arriving
  std::size_t skipped_{};                // of a skipped pod, still to come
  bool broken_{};
};

}  // namespace hostnet
