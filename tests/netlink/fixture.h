#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "tests/netlink/message_builder.h"
#include "tests/support/fixtures.h"

namespace hostnet::testing {

// Messages that a kernel once sent: tests/fixtures/netlink/NAME.nl.
inline Bytes fixture(const std::string& name) {
  std::ifstream file(fixtures() + "/netlink/" + name + ".nl", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_FALSE(text.empty()) << name;
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

}  // namespace hostnet::testing
