#include "netlink/node/reserved_ports_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;

Result<std::string> read_list(const std::string& contents) {
  const TemporaryDirectory procfs;
  procfs.write("sys/net/ipv4/ip_local_reserved_ports", contents);
  return live_reserved_ports_file(procfs.path())->read();
}

TEST(ReservedPortsFile, NeedsNoNewlineAtTheEnd) {
  EXPECT_EQ(read_list("8080,9148-9150\n"), "8080,9148-9150\n");
  EXPECT_EQ(read_list("8080,9148-9150"), "8080,9148-9150");
  EXPECT_EQ(read_list(""), "");
}

TEST(ReservedPortsFile, OneThatMayGoOnIsNoList) {
  const auto read = read_list(std::string(std::size_t{300} * 1024, '1'));
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("too long"));
}

}  // namespace
}  // namespace hostnet
