#include "netlink/base/loopback.h"

#include <gtest/gtest.h>

#include <array>

namespace hostnet {
namespace {

TEST(Loopback, AnyAddressOf127SlashEightAndOneOfIpv6AreLoopbackAlsoMapped) {
  for (const auto* address : {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.2"}) {
    EXPECT_TRUE(is_loopback(address)) << address;
  }
}

TEST(Loopback, OtherAddressesAndNamesAreNot) {
  for (const auto* address : {"128.0.0.1", "::2", "::", "::ffff:10.0.0.1", "localhost", "[::1]",
                              "127.0.0.1:80", "127.1", ""}) {
    EXPECT_FALSE(is_loopback(address)) << address;
  }
}

TEST(Loopback, BytesOfAnotherLengthAreNoAddress) {
  constexpr std::array<std::uint8_t, 6> kBytes{127, 0, 0, 1, 0, 0};
  EXPECT_TRUE(is_loopback(std::span(kBytes).first<4>()));
  EXPECT_FALSE(is_loopback(std::span(kBytes)));
  EXPECT_FALSE(is_loopback(std::span<const std::uint8_t>{}));
}

}  // namespace
}  // namespace hostnet
