#pragma once

#include <utility>
#include <vector>

#include "netlink/process_sockets/process_sockets.h"

namespace hostnet {

// Those of a test, or none to be had.
class FakeProcessSockets final : public ProcessSockets {
 public:
  explicit FakeProcessSockets(Result<std::vector<ProcessSocket>> sockets)
      : sockets_(std::move(sockets)) {}

  Result<> read(const std::function<void(const ProcessSocket&)>& take) override {
    ++reads;
    if (!sockets_) return std::unexpected(sockets_.error());
    for (const ProcessSocket& socket : *sockets_) take(socket);
    return {};
  }

  int reads{};

 private:
  Result<std::vector<ProcessSocket>> sockets_;
};

}  // namespace hostnet
