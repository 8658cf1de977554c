#include "netlink/port_filter.h"

#include <gtest/gtest.h>
#include <linux/inet_diag.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <set>

namespace hostnet {
namespace {

using Program = std::vector<std::byte>;

inet_diag_bc_op op_at(const Program& program, std::size_t at) {
  inet_diag_bc_op op{};
  std::memcpy(&op, program.data() + at, sizeof op);
  return op;
}

// What the kernel does with a program, for one port; `steps` counts.
bool accepts(const Program& program, std::uint16_t port, int* steps = nullptr) {
  std::size_t at = 0;
  while (at < program.size()) {
    if (steps != nullptr) ++*steps;
    const auto op = op_at(program, at);
    bool yes = false;
    if (op.code == INET_DIAG_BC_S_GE) yes = port >= op_at(program, at + 4).no;
    if (op.code == INET_DIAG_BC_S_LE) yes = port <= op_at(program, at + 4).no;
    at += yes ? op.yes : op.no;
  }
  return at == program.size();
}

// The rules of the kernel's audit: `yes` walks the whole program, every `no`
// lands on that walk, at the end, or four bytes beyond it.
bool passes_audit(const Program& program) {
  std::set<std::size_t> path;
  for (std::size_t at = 0; at < program.size(); at += op_at(program, at).yes) {
    if (op_at(program, at).yes == 0 || op_at(program, at).yes % 4 != 0) return false;
    path.insert(at);
  }
  if (path.empty()) return false;
  for (const std::size_t at : path) {
    const auto op = op_at(program, at);
    const std::size_t target = at + op.no;
    const std::size_t smallest = op.code == INET_DIAG_BC_JMP ? 4 : 8;
    if (op.no < smallest || op.no % 4 != 0 || target > program.size() + 4) return false;
    if (target < program.size() && !path.contains(target)) return false;
  }
  return *path.rbegin() + op_at(program, *path.rbegin()).yes == program.size();
}

std::vector<std::uint16_t> random_ports(std::mt19937& random, std::size_t count) {
  std::set<std::uint16_t> ports;
  while (ports.size() < count) ports.insert(static_cast<std::uint16_t>(random()));
  return {ports.begin(), ports.end()};
}

TEST(PortFilter, AcceptsExactlyItsPorts) {
  std::mt19937 random(1);
  for (std::size_t count = 1; count <= 200; count = count * 3 / 2 + 1) {
    const auto ports = random_ports(random, count);
    const Program program = port_filter(ports);
    ASSERT_TRUE(passes_audit(program)) << count;
    for (unsigned port = 0; port <= 65535; ++port) {
      const auto candidate = static_cast<std::uint16_t>(port);
      ASSERT_EQ(accepts(program, candidate), std::ranges::binary_search(ports, candidate))
          << count << " ports, port " << port;
    }
  }
}

TEST(PortFilter, AcceptsTheEdgesOfThePortSpace) {
  const std::vector<std::uint16_t> ports = {0, 1, 2, 9, 65535};
  const Program program = port_filter(ports);
  EXPECT_TRUE(passes_audit(program));
  for (const std::uint16_t port : ports) EXPECT_TRUE(accepts(program, port)) << port;
  for (const int port : {3, 8, 10, 65534}) {
    EXPECT_FALSE(accepts(program, static_cast<std::uint16_t>(port))) << port;
  }
}

TEST(PortFilter, ComparesLogarithmicallyOften) {
  std::mt19937 random(2);
  const Program program = port_filter(random_ports(random, 256));
  for (unsigned port = 0; port <= 65535; port += 7) {
    int steps = 0;
    accepts(program, static_cast<std::uint16_t>(port), &steps);
    ASSERT_LE(steps, 11);
  }
}

TEST(PortFilter, NeighbouringPortsAreOneRange) {
  std::vector<std::uint16_t> ports;
  for (std::uint16_t port = 30000; port <= 32767; ++port) ports.push_back(port);
  const Program program = port_filter(ports);
  EXPECT_EQ(program.size(), 16U);
  EXPECT_TRUE(accepts(program, 30000));
  EXPECT_TRUE(accepts(program, 32767));
  EXPECT_FALSE(accepts(program, 29999));
  EXPECT_FALSE(accepts(program, 32768));
}

TEST(PortFilter, VeryManyPortsAreCoveredByFewerRangesAndNoneIsLost) {
  std::vector<std::uint16_t> ports;
  for (unsigned port = 1; port < 65536; port += 2)
    ports.push_back(static_cast<std::uint16_t>(port));
  std::mt19937 random(3);
  for (const auto& many : {ports, random_ports(random, 5000), random_ports(random, 513)}) {
    const Program program = port_filter(many);
    EXPECT_TRUE(passes_audit(program));
    EXPECT_LE(program.size(), kMaximumPortRanges * 20);
    for (const std::uint16_t port : many) ASSERT_TRUE(accepts(program, port)) << port;
  }
}

TEST(PortFilter, NoPortsAreNoProgram) {
  EXPECT_TRUE(port_filter({}).empty());
}

}  // namespace
}  // namespace hostnet
