#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "netlink/facts.h"
#include "tests/kernel/network_namespace.h"

namespace hostnet::testing {

// Where a connection begins: at a machine on eth0 or eth1, in a pod, on the node itself.
enum class ProbeOrigin : std::uint8_t { eth0, eth1, pod0, node };
std::string_view to_string(ProbeOrigin origin);

struct Probe {
  ProbeOrigin origin{};
  Protocol protocol{};
  IpAddress address;
  std::uint16_t port{};
  std::string to_string() const;
};

// Who answers: a server on the node or in the pod, with IP_TRANSPARENT or without.
struct Server {
  bool in_pod{}, transparent{};
  std::uint16_t port{};
  std::string to_string() const;
  auto operator<=>(const Server&) const = default;
};

// A node (this thread's namespace) with two machines outside and a pod, each in a network
// namespace of its own, and servers on every port that rules may lead to.
class NatLab {
 public:
  void set_up();
  // The node's conntrack has no entry left: what an earlier set of rules translated must not
  // decide what comes under the next one.
  static void forget_connections();

  // Who got what each probe sent. Those of `expects_answer` are waited for; what did
  // not come by then never will, because the kernel delivers within these namespaces
  // before connect() and send() return.
  std::vector<std::optional<Server>> send(
      std::span<const Probe> probes, const std::function<bool(std::size_t)>& expects_answer,
      std::chrono::milliseconds longest_wait = std::chrono::seconds{120});

 private:
  struct Listening {
    Server server;
    Protocol protocol{};
    TestFd fd;
  };
  struct Accepted {
    Server server;
    TestFd fd;
  };

  void make_namespace(ProbeOrigin origin);
  void enter(ProbeOrigin origin) const;
  void listen_on(const Server& server);
  TestFd begin(const Probe& probe, std::uint32_t id);
  void receive(std::vector<std::optional<Server>>& answers, std::uint32_t first);

  std::array<TestFd, 4> namespaces_;
  std::array<std::uint16_t, 4> next_source_{1100, 1100, 1100, 1100};
  std::vector<Listening> listening_;
  std::vector<Accepted> accepted_;
  std::uint32_t next_id_{1};
};

}  // namespace hostnet::testing
