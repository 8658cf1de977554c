#pragma once

#include <memory>
#include <string>
#include <utility>

#include "agent/kube/streams/websocket.h"

namespace hostnet {

// Kubernetes' name for it. Each message begins with its channel number; for one port 0 is data and
// 1 is errors, and the first two bytes of each from the server are the port.
// k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go
inline constexpr const char* kPortForwardProtocol = "v4.channel.k8s.io";

// "/api/v1/namespaces/NS/pods/POD/portforward?ports=20000"
std::string port_forward_path(const std::string& space, const std::string& pod, int port);

// A connection to a port of a pod, over a WebSocket of that protocol.
class PortForward final : public ByteStream {
 public:
  explicit PortForward(std::unique_ptr<WebSocket> socket) : socket_(std::move(socket)) {}

  Result<> write(std::string_view bytes) override;
  // Reason::unreachable, with the kubelet's message, if the port cannot be connected to.
  Result<std::string> read() override;

 private:
  std::unique_ptr<WebSocket> socket_;
  std::string heads_[2];  // the first bytes of each channel
};

}  // namespace hostnet
