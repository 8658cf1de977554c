#include "floor_works.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <vector>

#include "raw_netlink.h"

namespace hostnet {
namespace {

constexpr std::uint32_t kConnections = 0x1FFE;  // every state but "bound and nothing else"
constexpr std::uint32_t kEveryState = 0x3FFE;
constexpr std::size_t kAnswerOfASmallHost = 34'000;  // bytes; as much as the agent sends

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

template <class T>
const T& payload_of(const nlmsghdr& message) {
  return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(&message) + NLMSG_HDRLEN);
}

void nothing(const nlmsghdr&) {}

RawNetlink& route() {
  static RawNetlink socket(NETLINK_ROUTE);
  return socket;
}
RawNetlink& sock_diag() {
  static RawNetlink socket(NETLINK_SOCK_DIAG);
  return socket;
}

// IFLA_STATS64 and what else is a number, as far as it goes: 36 of them.
constexpr std::size_t kSeries = 36;
struct LinkFacts {
  char name[16]{};
  std::array<std::uint64_t, kSeries> values{};
};

void read_attribute(const rtattr& attribute, LinkFacts& link, std::size_t& next) {
  const auto* data = reinterpret_cast<const char*>(&attribute) + RTA_LENGTH(0);
  const std::size_t size = RTA_PAYLOAD(&attribute);
  if (attribute.rta_type == IFLA_IFNAME) {
    std::memcpy(link.name, data, std::min(size, sizeof link.name));
  } else if (attribute.rta_type == IFLA_STATS64) {
    std::memcpy(link.values.data(), data, std::min<std::size_t>(size, 24 * sizeof(std::uint64_t)));
  } else if (size == sizeof(std::uint32_t) && next < kSeries) {
    std::uint32_t value{};
    std::memcpy(&value, data, sizeof value);
    link.values.at(next++) = value;
  }
}

LinkFacts read_link(const nlmsghdr& message) {
  LinkFacts link;
  std::size_t next = 24;
  const auto* attribute = reinterpret_cast<const rtattr*>(reinterpret_cast<const char*>(&message) +
                                                          NLMSG_SPACE(sizeof(ifinfomsg)));
  auto left = static_cast<unsigned>(message.nlmsg_len - NLMSG_SPACE(sizeof(ifinfomsg)));
  while (left >= sizeof(rtattr) && attribute->rta_len >= sizeof(rtattr) &&
         attribute->rta_len <= left) {
    read_attribute(*attribute, link, next);
    const unsigned step = RTA_ALIGN(attribute->rta_len);
    if (step >= left) break;
    left -= step;
    attribute = reinterpret_cast<const rtattr*>(reinterpret_cast<const char*>(attribute) + step);
  }
  return link;
}

void print_links(const std::vector<LinkFacts>& links, std::string& out) {
  for (std::size_t series = 0; series < kSeries; ++series) {
    const std::string name =
        "node_network_receive_" + std::to_string(10'000 + series) + "_total{device=\"";
    out += "# HELP node_network_receive_total Network device statistic.\n";
    for (const LinkFacts& link : links) {
      char number[24];
      const char* end = std::to_chars(number, number + sizeof number, link.values[series]).ptr;
      out.append(name)
          .append(link.name)
          .append("\"} ")
          .append(std::string_view(number, end))
          .push_back('\n');
    }
  }
}

void dump_links(const std::function<void(const nlmsghdr&)>& on_message) {
  ifinfomsg body{};
  route().dump(RTM_GETLINK, bytes_of(body), on_message);
}

void links(std::string& out) {
  static std::vector<LinkFacts> kept;
  kept.clear();
  dump_links([](const nlmsghdr& message) { kept.push_back(read_link(message)); });
  print_links(kept, out);
}

void dump_sockets(int family, int protocol, std::uint32_t states) {
  inet_diag_req_v2 request{};
  request.sdiag_family = static_cast<std::uint8_t>(family);
  request.sdiag_protocol = static_cast<std::uint8_t>(protocol);
  request.idiag_states = states;
  sock_diag().dump(SOCK_DIAG_BY_FAMILY, bytes_of(request), nothing);
}

// Of both families at once, as only the oldest form of the request allows.
inet_diag_req tcp_sockets(std::uint32_t states) {
  inet_diag_req request{};
  request.idiag_states = states;
  return request;
}

void states(std::string& out) {
  std::array<std::uint64_t, 16> counts{};
  sock_diag().dump(TCPDIAG_GETSOCK, bytes_of(tcp_sockets(kConnections)),
                   [&](const nlmsghdr& message) {
                     ++counts.at(payload_of<inet_diag_msg>(message).idiag_state & 15U);
                   });
  for (const std::uint64_t count : counts) out += std::to_string(count) + "\n";
}

void listeners(std::string& out) {
  sock_diag().dump(TCPDIAG_GETSOCK, bytes_of(tcp_sockets(1U << TCP_LISTEN)), nothing);
  for (const int family : {AF_INET, AF_INET6}) dump_sockets(family, IPPROTO_UDP, 1U << TCP_CLOSE);
  out += "ok\n";
}

// The kernel walks its whole table, whichever port is asked for.
void one_port(std::string& out) {
  struct Program {
    inet_diag_req request;
    rtattr head;
    inet_diag_bc_op at_least, low, at_most, high;
  } program{};
  constexpr std::uint16_t kPort = 9;
  constexpr std::uint8_t kStep = 2 * sizeof(inet_diag_bc_op);
  program.request = tcp_sockets(kEveryState);
  program.head = {.rta_len = RTA_LENGTH(2 * kStep), .rta_type = INET_DIAG_REQ_BYTECODE};
  program.at_least = {.code = INET_DIAG_BC_S_GE, .yes = kStep, .no = 2 * kStep + 4};
  program.low.no = kPort;
  program.at_most = {.code = INET_DIAG_BC_S_LE, .yes = kStep, .no = kStep + 4};
  program.high.no = kPort;
  sock_diag().dump(TCPDIAG_GETSOCK, bytes_of(program), nothing);
  out += "ok\n";
}

void small(std::string& out) {
  static const std::vector<int> kFiles = [] {
    std::vector<int> files;
    for (const char* path :
         {"self/stat", "self/limits", "self/status", "sys/net/netfilter/nf_conntrack_count",
          "sys/net/netfilter/nf_conntrack_max", "1/net/stat/nf_conntrack", "1/net/netstat",
          "1/net/snmp", "1/net/snmp6", "1/net/sockstat", "1/net/sockstat6", "1/net/softnet_stat"}) {
      files.push_back(::open((std::string("/proc/") + path).c_str(), O_RDONLY | O_CLOEXEC));
    }
    return files;
  }();
  std::array<char, 32 * 1024> buffer{};
  for (const int file : kFiles) {
    const auto got = ::pread(file, buffer.data(), buffer.size(), 0);
    if (got > 0) out.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ndmsg neighbours{};
  neighbours.ndm_family = AF_INET;
  route().dump(RTM_GETNEIGH, bytes_of(neighbours), nothing);
  dump_links(nothing);
  for (const int family : {AF_INET, AF_INET6}) dump_sockets(family, IPPROTO_UDP, 1U << TCP_CLOSE);
  out.resize(kAnswerOfASmallHost, ' ');
}

void nf_tables(std::string& out) {
  static RawNetlink netfilter(NETLINK_NETFILTER);
  nfgenmsg body{};
  netfilter.dump((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETRULE, bytes_of(body), nothing);
  out += "ok\n";
}

void ip_tables(std::string& out) {
  constexpr int kGetInfo = 64;
  constexpr int kGetEntries = 65;
  struct Info {  // struct ipt_getinfo
    char name[32];
    std::uint32_t valid_hooks, hook_entry[5], underflow[5], count, size;
  } info{};
  struct Head {  // struct ipt_get_entries
    char name[32];
    std::uint32_t size, padding;
  } head{};
  std::strcpy(info.name, "nat");
  std::strcpy(head.name, "nat");
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  socklen_t length = sizeof info;
  if (::getsockopt(fd, IPPROTO_IP, kGetInfo, &info, &length) == 0) {
    head.size = info.size;
    std::vector<char> entries(sizeof head + info.size);
    std::memcpy(entries.data(), &head, sizeof head);
    length = static_cast<socklen_t>(entries.size());
    if (::getsockopt(fd, IPPROTO_IP, kGetEntries, entries.data(), &length) == 0) out += "ok\n";
  }
  ::close(fd);
}

void descriptors(std::string& out) {
  std::size_t sockets = 0;
  DIR* processes = ::opendir("/proc");
  while (const dirent* process = ::readdir(processes)) {
    if (process->d_name[0] < '1' || process->d_name[0] > '9') continue;
    const std::string path = std::string("/proc/") + process->d_name + "/fd";
    DIR* open = ::opendir(path.c_str());
    if (open == nullptr) continue;
    while (const dirent* entry = ::readdir(open)) {
      char link[64];
      const auto length = ::readlinkat(::dirfd(open), entry->d_name, link, sizeof link);
      if (length > 7 && std::memcmp(link, "socket:", 7) == 0) ++sockets;
    }
    ::closedir(open);
  }
  ::closedir(processes);
  out += std::to_string(sockets) + "\n";
}

}  // namespace

bool floor_work(std::string_view name, std::string& out) {
  static const std::map<std::string_view, void (*)(std::string&)> kWorks{
      {"links", links},         {"small", small},
      {"states", states},       {"listeners", listeners},
      {"one_port", one_port},   {"nf_tables", nf_tables},
      {"ip_tables", ip_tables}, {"descriptors", descriptors}};
  const auto work = kWorks.find(name);
  if (work == kWorks.end()) return false;
  work->second(out);
  return true;
}

}  // namespace hostnet
