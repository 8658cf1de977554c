#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/base/wake_up.h"

namespace hostnet {

// Unary gRPC calls over a unix socket, each on its own connection, without compression.
class GrpcClient {
 public:
  static Result<std::unique_ptr<GrpcClient>> create(std::string socket,
                                                    std::chrono::milliseconds within);

  struct Call {
    std::string method;  // "/v1alpha1.Pods/ListPods"
    std::vector<std::pair<std::string, std::string>> metadata;
    // The message as it arrives, with its prefix of 5 bytes; false: no more is wanted.
    std::function<bool(std::string_view)> on_body;
  };
  // Sends an empty message and blocks until the answer ends. An error is one line: the system
  // error, or "FAILED_PRECONDITION: the server's message".
  Result<> make(const Call& call);

  // From any thread: the call in progress ends soon, later ones at once.
  void stop() { wake_.wake(); }

 private:
  GrpcClient(std::string socket, std::chrono::milliseconds within, WakeUp wake)
      : socket_(std::move(socket)), within_(within), wake_(std::move(wake)) {}

  std::string socket_;
  std::chrono::milliseconds within_;
  WakeUp wake_;
};

}  // namespace hostnet
