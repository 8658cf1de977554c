#include "agent/kube/streams/tls_stream.h"

#include <gtest/gtest.h>

#include "agent/kube/streams/kube_streams.h"
#include "tests/kube_streams/scripted_stream.h"

namespace hostnet {
namespace {

std::string refusal_of(std::deque<std::string> said) {
  const auto context = new_tls_context();
  auto stream =
      start_tls(std::make_unique<ScriptedStream>(std::move(said), std::make_shared<std::string>()),
                context->get(), "api.example", "api.example:6443");
  return stream ? "" : stream.error().message;
}

// What works is in tests/e2e/test_fleet_call.py, with a server.
TEST(TlsStream, APeerWithoutTlsIsRefusedByName) {
  EXPECT_EQ(refusal_of({"HTTP/1.1 400 Bad Request\r\n\r\n"}), "api.example:6443: TLS failed");
  EXPECT_EQ(refusal_of({}), "api.example:6443: TLS failed");
}

}  // namespace
}  // namespace hostnet
