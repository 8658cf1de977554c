#pragma once

// Sockets that hold a port in every way there is, a newcomer who wants it, and
// two answers to whether it can: the agent's and the kernel's.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/ports/scan/port_scanner.h"
#include "tests/kernel/network_namespace.h"

namespace hostnet::testing {

enum class Holding {
  listens,
  binds,  // and is silent; UDP: waits for datagrams
  binds_and_connects,
  connects,          // the kernel gave the port: an outgoing connection
  accepted,          // by a listener that is gone
  time_wait_client,  // connects, and closed first
  time_wait_server,  // accepted, and closed first
};

struct HolderSpec {
  Holding holding{};
  std::string ip;
  bool reuse_address{}, reuse_port{};
  std::optional<bool> v6only;
  std::string device;
  unsigned uid{};
  bool ipv4_peer{};  // of an IPv6 wildcard socket that connects
};

struct BindCase {
  Protocol protocol{};
  std::vector<HolderSpec> holders;
  std::string newcomer;  // its address; a TCP one listens with SO_REUSEADDR
  bool v6only{};
  bool watched{true};  // the agent looked at the holders before they closed
};
std::string describe(const BindCase& bind_case);

struct BindAnswers {
  std::optional<bool> agents;
  bool kernels{};
  bool everybody_has_a_descriptor{};  // of the holders
  std::size_t holders{};              // those that the kernel let be
  std::string explanation;            // the agent's
};

// In a network namespace with 127.0.0.0/8, ::1, 10.9.8.7 and fd00::7 on lo and a
// veth pair v0, v1.
class BindsInOwnNamespace : public InOwnNamespace {
 protected:
  void SetUp() override;
  // Each case on a port of its own, all of them at once.
  std::vector<BindAnswers> answer(std::span<const BindCase> cases);

 private:
  struct Held;
  bool hold(const HolderSpec& spec, Protocol protocol, std::uint16_t port, Held& held);
  bool connect_to_peer(const TestFd& fd, const HolderSpec& spec);
  bool accept_one(const HolderSpec& spec, std::uint16_t port, Held& held);
  PortSnapshot scan(std::vector<std::uint16_t> ports);

  TestFd peer_ipv4_, peer_ipv6_, udp_peer_ipv4_, udp_peer_ipv6_;
  std::optional<Node> node_;
  std::unique_ptr<PortScanner> builder_;
  std::uint16_t next_port_{2000};
};

}  // namespace hostnet::testing
