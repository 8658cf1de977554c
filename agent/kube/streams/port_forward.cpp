#include "agent/kube/streams/port_forward.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/kube/kube_request.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

constexpr std::size_t kPortBytes = 2;
constexpr std::size_t kLongestForwardError = 300;

// "error forwarding port 20000 to pod 3f…, uid : failed to … : dial tcp4 127.0.0.1:20000: connect:
// connection refused": the end is what matters.
std::string words_of(std::string text) {
  if (const auto dial = text.rfind("dial "); dial != std::string::npos) text.erase(0, dial);
  return std::string(shortened(text, kLongestForwardError));
}

}  // namespace

std::string port_forward_path(const std::string& space, const std::string& pod, int port) {
  return fmt::format("/api/v1/namespaces/{}/pods/{}/portforward?ports={}", percent_encoded(space),
                     percent_encoded(pod), port);
}

Result<> PortForward::write(std::string_view bytes) {
  std::string message(1, '\0');
  message += bytes;
  return socket_->send(message);
}

Result<std::string> PortForward::read() {
  while (true) {
    auto message = socket_->receive();
    if (!message) return std::unexpected(message.error());
    if (!*message) return "";
    std::string text = **std::move(message);
    if (text.empty()) continue;
    const auto channel = static_cast<unsigned char>(text.front());
    if (channel > 1) continue;
    text.erase(0, 1);
    std::string& head = heads_[channel];
    const std::size_t missing = std::min(kPortBytes - head.size(), text.size());
    head += text.substr(0, missing);
    text.erase(0, missing);
    if (text.empty()) continue;
    if (channel == 1) return failure(Reason::unreachable, words_of(std::move(text)));
    return text;
  }
}

}  // namespace hostnet
