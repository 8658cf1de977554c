#include "tests/kernel/bind_case.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/fsuid.h>

#include <array>
#include <fstream>
#include <stdexcept>

#include "agent/config/policy.h"
#include "agent/findings/check.h"

namespace hostnet::testing {
namespace {

constexpr std::uint16_t kPeerPort = 1000;

bool set_switch(const TestFd& fd, int level, int name, bool on) {
  const int value = on ? 1 : 0;
  return setsockopt(fd.get(), level, name, &value, sizeof value) == 0;
}

// The kernel may choose this port only (Linux 6.3).
bool allow_only(const TestFd& fd, std::uint16_t port) {
  constexpr int kIpLocalPortRange = 51;
  const std::uint32_t range = std::uint32_t{port} << 16U | port;
  return setsockopt(fd.get(), IPPROTO_IP, kIpLocalPortRange, &range, sizeof range) == 0;
}

bool bind_to(const TestFd& fd, const std::string& ip, std::uint16_t port) {
  const Endpoint at = endpoint(ip, port);
  return bind(fd.get(), at.get(), at.length) == 0;
}

bool is_ipv4(const HolderSpec& spec) {
  const IpAddress address = parse_ip(spec.ip).value();
  return address.unmapped().family == AddressFamily::ipv4 ||
         (address.is_wildcard() && spec.ipv4_peer && spec.v6only != true);
}

TestFd open_socket(const HolderSpec& spec, Protocol protocol) {
  const int family = spec.ip.find(':') == std::string::npos ? AF_INET : AF_INET6;
  const int type = protocol == Protocol::udp ? SOCK_DGRAM : SOCK_STREAM;
  // A socket is the user's who made it; of this thread only.
  const int before = setfsuid(spec.uid);
  TestFd fd(socket(family, type | SOCK_CLOEXEC, 0));
  setfsuid(static_cast<uid_t>(before));
  bool good = fd.get() >= 0;
  if (spec.reuse_address) good = good && set_switch(fd, SOL_SOCKET, SO_REUSEADDR, true);
  if (spec.reuse_port) good = good && set_switch(fd, SOL_SOCKET, SO_REUSEPORT, true);
  if (spec.v6only) good = good && set_switch(fd, IPPROTO_IPV6, IPV6_V6ONLY, *spec.v6only);
  if (!spec.device.empty()) {
    good = good && setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, spec.device.c_str(),
                              static_cast<socklen_t>(spec.device.size())) == 0;
  }
  if (!good) throw std::runtime_error(std::string("a holder's socket: ") + strerror(errno));
  return fd;
}

bool is_gone_later(Holding holding) {
  return holding == Holding::time_wait_client || holding == Holding::time_wait_server;
}

// What bind() and listen() say to the newcomer.
bool kernel_lets_bind(const BindCase& bind_case, std::uint16_t port) {
  const bool tcp = bind_case.protocol == Protocol::tcp;
  const Endpoint at = endpoint(bind_case.newcomer, port);
  const TestFd fd(socket(at.storage.ss_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
  if (tcp) set_switch(fd, SOL_SOCKET, SO_REUSEADDR, true);
  if (at.storage.ss_family == AF_INET6) {
    set_switch(fd, IPPROTO_IPV6, IPV6_V6ONLY, bind_case.v6only);
  }
  const bool bound = bind(fd.get(), at.get(), at.length) == 0 && (!tcp || listen(fd.get(), 1) == 0);
  if (!bound && errno != EADDRINUSE && errno != EADDRNOTAVAIL) {
    throw std::runtime_error(std::string("the newcomer's bind: ") + strerror(errno));
  }
  return bound;
}

}  // namespace

std::string describe(const BindCase& bind_case) {
  static constexpr std::array<std::string_view, 7> kHoldings{"listens",
                                                             "binds",
                                                             "binds and connects",
                                                             "connects",
                                                             "accepted",
                                                             "TIME_WAIT of a client",
                                                             "TIME_WAIT of a server"};
  std::string text =
      fmt::format("{} newcomer {}{}; {}", to_string(bind_case.protocol), bind_case.newcomer,
                  bind_case.v6only ? " v6only" : "", bind_case.watched ? "watched" : "not watched");
  for (const HolderSpec& spec : bind_case.holders) {
    text += fmt::format("; {} {}", kHoldings[static_cast<std::size_t>(spec.holding)], spec.ip);
    if (spec.v6only) text += *spec.v6only ? " v6only" : " dual";
    if (spec.reuse_address) text += " REUSEADDR";
    if (spec.reuse_port) text += " REUSEPORT";
    if (!spec.device.empty()) text += " dev " + spec.device;
    if (spec.uid != 0) text += fmt::format(" uid {}", spec.uid);
    if (spec.ipv4_peer) text += " IPv4 peer";
  }
  return text;
}

// The sockets of one case.
struct BindsInOwnNamespace::Held {
  std::vector<TestFd> open;
  // Closed in this order, the first begins TIME_WAIT.
  std::vector<std::pair<TestFd, TestFd>> closing;
  std::size_t holders{};
  bool has_descriptors{true};
};

void BindsInOwnNamespace::SetUp() {
  InOwnNamespace::SetUp();
  if (IsSkipped() || HasFatalFailure()) return;
  ASSERT_TRUE(ip("address add 10.9.8.7/32 dev lo"));
  ASSERT_TRUE(ip("address add fd00::7/128 dev lo"));
  ASSERT_TRUE(ip("link add v0 type veth peer name v1"));
  // Of this thread's namespace.
  std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << "1024 65535";
  peer_ipv4_ = listening("127.0.0.1", kPeerPort);
  peer_ipv6_ = listening("::1", kPeerPort);
  for (const TestFd* peer : {&peer_ipv4_, &peer_ipv6_}) {
    ASSERT_EQ(fcntl(peer->get(), F_SETFL, O_NONBLOCK), 0);
  }
  udp_peer_ipv4_ = bound("127.0.0.1", kPeerPort, {.type = SOCK_DGRAM});
  udp_peer_ipv6_ = bound("::1", kPeerPort, {.type = SOCK_DGRAM});
  node_ = live_node({}).value();
  builder_ = std::make_unique<PortScanner>(*node_);
}

bool BindsInOwnNamespace::connect_to_peer(const TestFd& fd, const HolderSpec& spec) {
  const bool ipv6_socket = spec.ip.find(':') != std::string::npos;
  const std::string peer = !is_ipv4(spec) ? "::1" : ipv6_socket ? "::ffff:127.0.0.1" : "127.0.0.1";
  const Endpoint to = endpoint(peer, kPeerPort);
  return connect(fd.get(), to.get(), to.length) == 0;
}

bool BindsInOwnNamespace::accept_one(const HolderSpec& spec, std::uint16_t port, Held& held) {
  TestFd listener = open_socket(spec, Protocol::tcp);
  if (!bind_to(listener, spec.ip, port) || listen(listener.get(), 4) != 0) return false;
  const IpAddress address = parse_ip(spec.ip).value();
  const std::string target = !address.is_wildcard() ? spec.ip : is_ipv4(spec) ? "127.0.0.1" : "::1";
  const Endpoint to = endpoint(target, port);
  TestFd client(socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(client.get(), to.get(), to.length) != 0) return false;
  if (fcntl(listener.get(), F_SETFL, O_NONBLOCK) != 0) return false;
  TestFd child(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (child.get() < 0) return false;
  if (spec.holding == Holding::time_wait_server) {
    held.closing.emplace_back(std::move(child), std::move(client));
  } else {
    held.open.push_back(std::move(child));
    held.open.push_back(std::move(client));
  }
  return true;
}

bool BindsInOwnNamespace::hold(const HolderSpec& spec, Protocol protocol, std::uint16_t port,
                               Held& held) {
  if (spec.holding == Holding::accepted || spec.holding == Holding::time_wait_server) {
    return accept_one(spec, port, held);
  }
  TestFd fd = open_socket(spec, protocol);
  const bool chosen_by_kernel =
      spec.holding == Holding::connects || spec.holding == Holding::time_wait_client;
  if (chosen_by_kernel) {
    if (!allow_only(fd, port)) return false;
  } else if (!bind_to(fd, spec.ip, port)) {
    return false;
  }
  if (spec.holding == Holding::binds ||
      (spec.holding == Holding::listens && listen(fd.get(), 4) == 0)) {
    held.open.push_back(std::move(fd));
    return true;
  }
  if (spec.holding == Holding::listens || !connect_to_peer(fd, spec)) return false;
  TestFd accepted;
  if (protocol == Protocol::tcp) {
    const TestFd& peer = is_ipv4(spec) ? peer_ipv4_ : peer_ipv6_;
    accepted = TestFd(accept4(peer.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  if (spec.holding == Holding::time_wait_client) {
    held.closing.emplace_back(std::move(fd), std::move(accepted));
  } else {
    held.open.push_back(std::move(fd));
    held.open.push_back(std::move(accepted));
  }
  return true;
}

PortSnapshot BindsInOwnNamespace::scan(std::vector<std::uint16_t> ports) {
  ScanOptions options;
  options.network_changed = false;
  options.deep_ports = ports;
  options.urgent_ports = std::move(ports);
  return *builder_->scan(options, node_->clock->steady());
}

std::vector<BindAnswers> BindsInOwnNamespace::answer(std::span<const BindCase> cases) {
  const std::uint16_t first = next_port_;
  next_port_ = static_cast<std::uint16_t>(next_port_ + cases.size());
  std::vector<Held> held(cases.size());
  std::vector<std::uint16_t> ports, watched;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto port = static_cast<std::uint16_t>(first + i);
    ports.push_back(port);
    if (cases[i].watched) watched.push_back(port);
    for (const HolderSpec& spec : cases[i].holders) {
      if (!hold(spec, cases[i].protocol, port, held[i])) continue;
      ++held[i].holders;
      if (is_gone_later(spec.holding)) held[i].has_descriptors = false;
    }
  }
  if (!watched.empty()) scan(std::move(watched));
  for (Held& one : held) {
    for (auto& [closes_first, peer] : one.closing) {
      closes_first = TestFd();
      peer = TestFd();
    }
  }
  const PortSnapshot table = scan(ports);
  std::vector<BindAnswers> answers;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const CheckAnswer agents = check_port({.protocol = cases[i].protocol,
                                           .port = ports[i],
                                           .address = parse_ip(cases[i].newcomer).value(),
                                           .v6only = cases[i].v6only},
                                          table, {}, default_policy(), WallTime{});
    answers.push_back({.agents = agents.bindable,
                       .kernels = kernel_lets_bind(cases[i], ports[i]),
                       .everybody_has_a_descriptor = held[i].has_descriptors,
                       .holders = held[i].holders,
                       .explanation = agents.explanation});
  }
  return answers;
}

}  // namespace hostnet::testing
