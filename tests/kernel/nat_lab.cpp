#include "tests/kernel/nat_lab.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "tests/kernel/nat_rule_set.h"

namespace hostnet::testing {
namespace {

void require(bool succeeded, const std::string& what) {
  if (!succeeded) throw std::runtime_error(what + ": " + strerror(errno));
}

void run(const std::string& command) {
  require(std::system((command + " 2>/dev/null").c_str()) == 0, command);
}

void set(const std::string& sysctl, const char* value) {
  std::ofstream file("/proc/sys/net/" + sysctl);
  file << value << std::flush;
  require(file.good(), sysctl);
}

TestFd own_namespace() {
  return TestFd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

void switch_on(int fd, int level, int name) {
  const int on = 1;
  require(setsockopt(fd, level, name, &on, sizeof on) == 0, "setsockopt");
}

}  // namespace

std::string_view to_string(ProbeOrigin origin) {
  static constexpr std::array<std::string_view, 4> kNames{"eth0", "eth1", "pod0", "the node"};
  return kNames.at(std::to_underlying(origin));
}

std::string Probe::to_string() const {
  return fmt::format("{} from {} to {} port {}", hostnet::to_string(protocol),
                     testing::to_string(origin), address.to_string(), port);
}

std::string Server::to_string() const {
  return fmt::format("{}{}:{}", in_pod ? "the pod" : "the node", transparent ? "'s proxy" : "",
                     port);
}

void NatLab::set_up() {
  namespaces_.at(std::to_underlying(ProbeOrigin::node)) = own_namespace();
  for (const char* sysctl : {"ipv4/ip_forward", "ipv6/conf/all/forwarding"}) set(sysctl, "1");
  for (const char* sysctl :
       {"ipv4/conf/all/rp_filter", "ipv4/conf/default/rp_filter", "ipv6/conf/default/accept_dad"}) {
    set(sysctl, "0");
  }
  run("ip address add 10.7.7.7/32 dev lo");
  for (const ProbeOrigin origin : {ProbeOrigin::eth0, ProbeOrigin::eth1, ProbeOrigin::pod0}) {
    make_namespace(origin);
  }
  for (std::uint16_t port = kFirstNatPort; port < kFirstNatPort + kNatPorts; ++port) {
    for (const bool in_pod : {false, true}) listen_on({.in_pod = in_pod, .port = port});
  }
  for (const std::uint16_t port : kPodPorts) listen_on({.in_pod = true, .port = port});
  for (const std::uint16_t port : kOtherNatPorts) listen_on({.port = port});
  for (const std::uint16_t port : kProxyPorts) listen_on({.transparent = true, .port = port});
}

void NatLab::forget_connections() {
  struct {
    nlmsghdr head;
    nfgenmsg about;
  } order{.head = {.nlmsg_len = sizeof order,
                   .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
                   .nlmsg_seq = 1,
                   .nlmsg_pid = 0},
          .about = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = 0}};
  struct {
    nlmsghdr head;
    nlmsgerr result;
  } answer{};
  const TestFd kernel(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  require(::send(kernel.get(), &order, sizeof order, 0) == sizeof order, "a netlink request");
  require(recv(kernel.get(), &answer, sizeof answer, 0) >= static_cast<ssize_t>(sizeof answer),
          "a netlink answer");
  errno = -answer.result.error;
  require(answer.head.nlmsg_type == NLMSG_ERROR && errno == 0, "flushing conntrack");
}

void NatLab::make_namespace(ProbeOrigin origin) {
  const std::string device(to_string(origin));
  const std::string network = origin == ProbeOrigin::eth0   ? "9"
                              : origin == ProbeOrigin::eth1 ? "8"
                                                            : "55";
  const std::string host = origin == ProbeOrigin::pod0 ? "5" : "2";
  require(unshare(CLONE_NEWNET) == 0, "unshare");
  TestFd& there = namespaces_.at(std::to_underlying(origin)) = own_namespace();
  set("ipv6/conf/default/accept_dad", "0");
  run("ip link set lo up");
  enter(ProbeOrigin::node);
  // The other end is moved by the descriptor that the child inherits.
  const int inherited = dup(there.get());
  run(fmt::format("ip link add {} type veth peer name inside netns /proc/self/fd/{}", device,
                  inherited));
  close(inherited);
  run(fmt::format("ip address add 10.{}.0.1/24 dev {}", network, device));
  run(fmt::format("ip address add fd00:{}::1/64 dev {} nodad", network, device));
  run(fmt::format("ip link set {} up", device));
  enter(origin);
  run("ip link set inside up");
  run(fmt::format("ip address add 10.{}.0.{}/24 dev inside", network, host));
  run(fmt::format("ip address add fd00:{}::{}/64 dev inside nodad", network, host));
  run(fmt::format("ip route add default via 10.{}.0.1", network));
  run(fmt::format("ip -6 route add default via fd00:{}::1", network));
  enter(ProbeOrigin::node);
}

void NatLab::enter(ProbeOrigin origin) const {
  require(setns(namespaces_.at(std::to_underlying(origin)).get(), CLONE_NEWNET) == 0, "setns");
}

void NatLab::listen_on(const Server& server) {
  enter(server.in_pod ? ProbeOrigin::pod0 : ProbeOrigin::node);
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    for (const char* wildcard : {"0.0.0.0", "::"}) {
      const Endpoint at = endpoint(wildcard, server.port);
      const int type = protocol == Protocol::tcp ? SOCK_STREAM : SOCK_DGRAM;
      TestFd fd(socket(at.storage.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      const bool ipv6 = at.storage.ss_family == AF_INET6;
      switch_on(fd.get(), SOL_SOCKET, SO_REUSEADDR);
      const int room = 8 << 20;  // one rule may lead all datagrams of a rule set here
      require(setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) == 0, "room");
      if (ipv6) switch_on(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
      if (server.transparent && ipv6) switch_on(fd.get(), IPPROTO_IPV6, IPV6_TRANSPARENT);
      if (server.transparent && !ipv6) switch_on(fd.get(), IPPROTO_IP, IP_TRANSPARENT);
      require(bind(fd.get(), at.get(), at.length) == 0, "bind " + server.to_string());
      if (protocol == Protocol::tcp) require(listen(fd.get(), 4096) == 0, "listen");
      listening_.push_back({server, protocol, std::move(fd)});
    }
  }
  enter(ProbeOrigin::node);
}

// From a source port that no earlier connection had: the kernel remembers those.
TestFd NatLab::begin(const Probe& probe, std::uint32_t id) {
  const bool ipv6 = probe.address.family == AddressFamily::ipv6;
  const int type = probe.protocol == Protocol::tcp ? SOCK_STREAM : SOCK_DGRAM;
  TestFd fd(socket(ipv6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  require(fd.get() >= 0, "socket");
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  require(setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0, "linger");
  std::uint16_t& source = next_source_.at(std::to_underlying(probe.origin));
  bool bound = false;
  while (!bound) {
    if (++source == 9000) source = 9100;
    if (source == kFirstNatPort) source = kFirstNatPort + 1000;
    if (source == 50000) source = 51000;
    require(source < 65000, "no source port is left");
    const Endpoint from = endpoint(ipv6 ? "::" : "0.0.0.0", source);
    bound = bind(fd.get(), from.get(), from.length) == 0;
  }
  const Endpoint to = endpoint(probe.address.to_string(), probe.port);
  if (connect(fd.get(), to.get(), to.length) != 0 && errno != EINPROGRESS) return fd;
  if (probe.protocol == Protocol::udp) static_cast<void>(::send(fd.get(), &id, sizeof id, 0));
  return fd;
}

void NatLab::receive(std::vector<std::optional<Server>>& answers, std::uint32_t first) {
  const auto take = [&](int fd, const Server& server) {
    std::uint32_t id = 0;
    if (recv(fd, &id, sizeof id, MSG_DONTWAIT) != sizeof id) return false;
    if (id >= first && id - first < answers.size()) answers[id - first] = server;
    return true;
  };
  for (const Listening& one : listening_) {
    if (one.protocol == Protocol::udp) {
      while (take(one.fd.get(), one.server)) {
      }
      continue;
    }
    for (;;) {
      TestFd fd(accept4(one.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (fd.get() < 0) break;
      accepted_.push_back({one.server, std::move(fd)});
    }
  }
  std::erase_if(accepted_, [&](const Accepted& one) { return take(one.fd.get(), one.server); });
}

std::vector<std::optional<Server>> NatLab::send(
    std::span<const Probe> probes, const std::function<bool(std::size_t)>& expects_answer,
    std::chrono::milliseconds longest_wait) {
  const std::uint32_t first = next_id_;
  next_id_ += static_cast<std::uint32_t>(probes.size());
  std::vector<TestFd> clients(probes.size());
  for (const ProbeOrigin origin :
       {ProbeOrigin::eth0, ProbeOrigin::eth1, ProbeOrigin::pod0, ProbeOrigin::node}) {
    enter(origin);
    for (std::size_t at = 0; at < probes.size(); ++at) {
      if (probes[at].origin != origin) continue;
      clients[at] = begin(probes[at], first + static_cast<std::uint32_t>(at));
    }
  }
  enter(ProbeOrigin::node);
  std::vector<std::optional<Server>> answers(probes.size());
  std::vector<bool> told(probes.size());
  const auto deadline = std::chrono::steady_clock::now() + longest_wait;
  for (bool waits = true; waits && std::chrono::steady_clock::now() < deadline;) {
    waits = false;
    for (std::size_t at = 0; at < probes.size(); ++at) {
      if (probes[at].protocol == Protocol::tcp && !told[at]) {
        const auto id = first + static_cast<std::uint32_t>(at);
        told[at] =
            ::send(clients[at].get(), &id, sizeof id, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof id;
      }
      waits = waits || (!answers[at] && expects_answer(at));
    }
    receive(answers, first);
    if (waits) poll(nullptr, 0, 1);
  }
  receive(answers, first);
  accepted_.clear();
  return answers;
}

}  // namespace hostnet::testing
