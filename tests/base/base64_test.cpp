#include <gtest/gtest.h>

#include <utility>

#include "netlink/base/text.h"

namespace hostnet {
namespace {

// RFC 4648 section 10.
constexpr std::pair<const char*, const char*> kVectors[]{{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};

TEST(Base64, ReadsAndWritesTheVectorsOfTheRfc) {
  for (const auto& [bytes, text] : kVectors) {
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
}

TEST(Base64, KeepsEveryByte) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  EXPECT_EQ(from_base64(base64(bytes)), bytes);
}

TEST(Base64, RefusesWhatNoEncoderWrites) {
  for (const auto* const wrong : {"Zg", "Zg=", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", " Zm8=",
                                  "Zm9\n", "Zm-_", "Zm9v="}) {
    EXPECT_FALSE(from_base64(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace hostnet
