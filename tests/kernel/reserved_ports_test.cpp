#include <gtest/gtest.h>

#include "agent/ports/port_ranges.h"
#include "netlink/node/live_files.h"
#include "netlink/node/reserved_ports_file.h"
#include "tests/kernel/network_namespace.h"

namespace hostnet {
namespace {

using namespace testing;

class ReservedPorts : public InOwnNamespace {
 protected:
  const std::unique_ptr<ReservedPortsFile> file_ = live_reserved_ports_file("/proc");
};

TEST_F(ReservedPorts, AreThoseOfTheNamespaceAndReadBackAsWritten) {
  ASSERT_TRUE(file_->try_open());
  EXPECT_EQ(file_->read().value(), "\n");
  ASSERT_TRUE(file_->write("8080,9148-9150"));
  EXPECT_EQ(file_->read().value(), "8080,9148-9150\n");
  ASSERT_TRUE(file_->write(""));
  EXPECT_EQ(file_->read().value(), "\n");
}

TEST_F(ReservedPorts, TheLongestListIsWrittenAndReadWhole) {
  std::vector<PortRange> odd;
  for (unsigned port = 1; port <= 65535; port += 2) {
    odd.push_back({static_cast<std::uint16_t>(port), static_cast<std::uint16_t>(port)});
  }
  const std::string list = port_list(odd);
  const auto written = file_->write(list);
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(file_->read().value(), list + "\n");
  // Who only looks has it whole, too.
  const auto files = live_files("/proc", "/sys", live_clock()).value();
  EXPECT_EQ(files->read("proc/sys/net/ipv4/ip_local_reserved_ports").value(), list + "\n");
}

TEST_F(ReservedPorts, AnOutgoingConnectionGetsNoneOfThem) {
  ASSERT_EQ(std::system("echo 40000 40003 > /proc/sys/net/ipv4/ip_local_port_range"), 0);
  ASSERT_TRUE(file_->write("40000,40002-40003"));
  const TestFd server = listening("127.0.0.1", 80);
  const Endpoint to = endpoint("127.0.0.1", 80);
  const TestFd only(socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(connect(only.get(), to.get(), to.length), 0) << strerror(errno);
  EXPECT_EQ(local_port(only), 40001);
  const TestFd none(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_EQ(connect(none.get(), to.get(), to.length), -1);
  EXPECT_EQ(errno, EADDRNOTAVAIL);
}

TEST_F(ReservedPorts, AFileThatIsNotThereIsNamed) {
  const auto refused = live_reserved_ports_file("/nonexistent")->try_open();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("/nonexistent/sys/net/ipv4"), std::string::npos);
}

}  // namespace
}  // namespace hostnet
