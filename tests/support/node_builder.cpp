#include "tests/support/node_builder.h"

#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "netlink/nat/nftables/read_nf_tables.h"
#include "netlink/nat/xtables/ip_tables.h"
#include "netlink/node/recording/recorder.h"
#include "netlink/node/recording/recording.h"
#include "netlink/rtnetlink/rtnetlink.h"

namespace hostnet {
namespace {

constexpr std::uint64_t kNetNamespace = 4026531840, kPidNamespace = 4026531836;
constexpr std::uint64_t kEveryCapability = 0x1ffffffffffU;
constexpr unsigned kKernelThread = 0x208040, kProgram = 0x400100;  // flags of proc/<pid>/stat
constexpr const char* kCgroupMount = "sys/fs/cgroup";

std::string stat_line(const FakeProcess& p) {
  return fmt::format(
      "{} ({}) S {} {} {} 0 -1 {} 100 0 0 0 5 3 0 0 20 0 1 0 {} 10000000 500 "
      "18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
      p.pid, p.comm, p.parent, p.pid, p.pid, p.exe.empty() ? kKernelThread : kProgram,
      p.start_ticks);
}

std::string status_text(const FakeProcess& p) {
  return fmt::format(
      "Name:\t{0}\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t{1}\nNgid:\t0\nPid:\t{1}\n"
      "PPid:\t{2}\nTracerPid:\t0\nUid:\t{3}\t{3}\t{3}\t{3}\nGid:\t{3}\t{3}\t{3}\t{3}\n"
      "FDSize:\t64\nGroups:\t\nNStgid:\t{1}\nNSpid:\t{1}\nVmRSS:\t    1024 kB\nThreads:\t1\n",
      p.comm, p.pid, p.parent, p.uid);
}

IpAddress ip_or_throw(std::string_view text) {
  const auto ip = parse_ip(text);
  if (!ip) throw std::invalid_argument("no IP address: " + std::string(text));
  return *ip;
}

}  // namespace

Socket server_socket(Protocol protocol, std::string_view ip, std::uint16_t port) {
  const bool tcp = protocol == Protocol::tcp;
  Socket socket;
  socket.protocol = protocol;
  socket.state = protocol == Protocol::udp ? SocketState::close : SocketState::listen;
  socket.local = ip_or_throw(ip);
  socket.local_port = port;
  socket.peer.family = socket.local.family;
  if (socket.local.family == AddressFamily::ipv6) socket.v6only = false;
  if (tcp) socket.send_queue = 4096;
  return socket;
}

NodeBuilder::NodeBuilder() {
  identity_ = {.sysname = "Linux",
               .nodename = "node-1",
               .release = "6.8.0",
               .version = "#1 SMP",
               .machine = "x86_64",
               .domainname = "(none)",
               .effective_capabilities = kEveryCapability,
               .page_size = 4096,
               .pid = 4000,
               .own_net_namespace = kNetNamespace,
               .init_net_namespace = kNetNamespace,
               .own_pid_namespace = kPidNamespace,
               .init_pid_namespace = kPidNamespace};
  cgroups_["/"] = 1;
  files_->put_cgroup(1, "/");
  files_->put_inode(kCgroupMount, 1);
  write_cgroup_members("/");
  files_->put_file(std::string(kCgroupMount) + "/cgroup.controllers", "cpu memory pids\n");
  files_->put_directory("sys/class/net");
  sysctl("net.ipv4.ip_local_port_range", "32768\t60999");
  sysctl("net.ipv4.ip_local_reserved_ports", "");
  sysctl("net.ipv4.ip_unprivileged_port_start", "1024");
  sysctl("net.ipv6.bindv6only", "0");
  process({.pid = 1,
           .comm = "systemd",
           .exe = "/usr/lib/systemd/systemd",
           .cgroup = "/init.scope",
           .parent = 0,
           .start_ticks = 1});
  process({.pid = 2, .comm = "kthreadd", .exe = "", .parent = 0});
  Link loopback;
  loopback.index = 1;
  loopback.name = "lo";
  loopback.flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
  loopback.type = ARPHRD_LOOPBACK;
  loopback.mtu = 65536;
  link(loopback);
  address(1, "127.0.0.1", 8);
  address(1, "::1", 128);
}

FakeProcess* NodeBuilder::find_process(int pid) {
  const auto at = std::ranges::find(processes_, pid, &FakeProcess::pid);
  return at == processes_.end() ? nullptr : &*at;
}

std::uint64_t NodeBuilder::cgroup(const std::string& path) {
  if (const auto at = cgroups_.find(path); at != cgroups_.end()) return at->second;
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) throw std::invalid_argument("a cgroup begins with /: " + path);
  if (slash > 0) cgroup(path.substr(0, slash));
  const auto id = 100 + cgroups_.size();
  cgroups_[path] = id;
  files_->put_cgroup(id, path);
  files_->put_inode(kCgroupMount + path, id);
  write_cgroup_members(path);
  return id;
}

void NodeBuilder::write_cgroup_members(const std::string& path) {
  files_->put_file(kCgroupMount + (path == "/" ? "" : path) + "/cgroup.procs",
                   cgroup_members_[path]);
}

NodeBuilder& NodeBuilder::process(FakeProcess p) {
  if (find_process(p.pid) != nullptr) {
    throw std::invalid_argument(fmt::format("process {} is there already", p.pid));
  }
  cgroup(p.cgroup);
  cgroup_members_[p.cgroup] += fmt::format("{}\n", p.pid);
  write_cgroup_members(p.cgroup);
  const auto root = fmt::format("proc/{}/", p.pid);
  files_->put_file(root + "comm", p.comm + "\n");
  files_->put_file(root + "stat", stat_line(p));
  files_->put_file(root + "status", status_text(p));
  files_->put_file(root + "cgroup",
                   p.cgroup_file.empty() ? "0::" + p.cgroup + "\n" : p.cgroup_file);
  if (!p.exe.empty()) {
    files_->put_link(root + "exe", p.exe);
    files_->put_owner(root + "exe", {.uid = p.exe_uid, .gid = 0, .mode = 0100755});
    files_->put_owner(root + "root" + p.exe.substr(0, p.exe.rfind('/')),
                      {.uid = p.exe_uid, .gid = 0, .mode = 040755});
  }
  files_->put_link(root + "ns/net", fmt::format("net:[{}]", kNetNamespace));
  files_->put_inode(root + "ns/net", kNetNamespace);
  files_->put_link(root + "ns/pid", fmt::format("pid:[{}]", kPidNamespace));
  files_->put_inode(root + "ns/pid", kPidNamespace);
  files_->put_descriptors(p.pid, {});
  descriptors_[p.pid];
  processes_.push_back(std::move(p));
  return *this;
}

NodeBuilder& NodeBuilder::holds(int pid, Socket socket) {
  const FakeProcess* holder = find_process(pid);
  if (holder == nullptr) throw std::invalid_argument(fmt::format("there is no process {}", pid));
  const auto known = [&](const Socket& other) {
    return socket.inode != 0 && other.inode == socket.inode;
  };
  const bool shared = std::ranges::any_of(netlink_->sockets_here, known);
  if (socket.inode == 0) socket.inode = next_inode_++;
  auto& descriptors = descriptors_[pid];
  descriptors.push_back({static_cast<int>(3 + descriptors.size()), socket.inode});
  files_->put_descriptors(pid, descriptors);
  if (shared) return *this;
  if (socket.cookie == 0) socket.cookie = next_cookie_++;
  if (!socket.cgroup_id) socket.cgroup_id = cgroup(holder->cgroup);
  if (socket.uid == 0) socket.uid = holder->uid;
  netlink_->sockets_here.push_back(std::move(socket));
  return *this;
}

NodeBuilder& NodeBuilder::listens(int pid, Protocol protocol, std::string_view ip,
                                  std::uint16_t port) {
  return holds(pid, server_socket(protocol, ip, port));
}

NodeBuilder& NodeBuilder::socket(const Socket& socket) {
  netlink_->sockets_here.push_back(socket);
  return *this;
}

NodeBuilder& NodeBuilder::hides_descriptors(int pid) {
  const auto path = fmt::format("proc/{}/fd", pid);
  return file_error(path, system_failure(EACCES, "reading the descriptors in " + path).error());
}

NodeBuilder& NodeBuilder::link(Link link) {
  if (link.index == 0) link.index = static_cast<std::uint32_t>(netlink_->links.size() + 1);
  files_->put_directory("sys/class/net/" + link.name);
  netlink_->links.push_back(std::move(link));
  return *this;
}

NodeBuilder& NodeBuilder::address(std::uint32_t interface, std::string_view ip,
                                  std::uint8_t prefix_length) {
  Address address;
  address.interface = interface;
  address.ip = ip_or_throw(ip);
  address.prefix_length = prefix_length;
  address.scope = address.ip.is_loopback() ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
  address.flags = IFA_F_PERMANENT;
  const auto on = std::ranges::find(netlink_->links, interface, &Link::index);
  if (on != netlink_->links.end() && address.ip.family == AddressFamily::ipv4) {
    address.label = on->name;
  }
  netlink_->addresses.push_back(std::move(address));
  return *this;
}

NodeBuilder& NodeBuilder::route(Route route) {
  netlink_->routes.push_back(std::move(route));
  return *this;
}

NodeBuilder& NodeBuilder::file(std::string path, std::string contents) {
  files_->put_file(std::move(path), std::move(contents));
  return *this;
}

NodeBuilder& NodeBuilder::file_link(std::string path, std::string target) {
  files_->put_link(std::move(path), std::move(target));
  return *this;
}

NodeBuilder& NodeBuilder::sysctl(std::string_view name, std::string_view value) {
  std::string path = "proc/sys/" + std::string(name);
  std::ranges::replace(path, '.', '/');
  return file(std::move(path), std::string(value) + "\n");
}

NodeBuilder& NodeBuilder::file_error(std::string path, Error error) {
  files_->put_error(std::move(path), std::move(error));
  return *this;
}

NodeBuilder& NodeBuilder::options(std::uint64_t inode, Result<BindOptions> options) {
  options_->by_inode.insert_or_assign(inode, std::move(options));
  return *this;
}

NodeBuilder& NodeBuilder::capabilities(std::uint64_t effective) {
  identity_.effective_capabilities = effective;
  return *this;
}

Node NodeBuilder::build() const {
  return {.netlink = std::make_shared<FakeNetlink>(*netlink_),
          .files = std::make_shared<MemoryFiles>(*files_),
          .socket_options = std::make_shared<FakeSocketOptions>(*options_),
          .clock = clock_,
          .identity = identity_,
          .ethtool = std::make_shared<const FakeEthtool>(*ethtool_)};
}

Result<> NodeBuilder::write_recording(const std::string& directory) const {
  auto recorder = record_node(build(), directory);
  if (!recorder) return std::unexpected(std::move(recorder).error());
  const Node& node = (*recorder)->node();
  // Asking is recording; errors are answers too.
  const auto contents = files_->contents();
  std::string text;
  std::vector<SocketDescriptor> sockets;
  for (const auto& path : contents.files) (void)node.files->read(path, text);
  for (const auto& path : contents.directories) (void)node.files->list(path);
  for (const auto& path : contents.links) (void)node.files->link(path);
  for (const auto& path : contents.inodes) (void)node.files->inode(path);
  for (const auto& path : contents.owners) (void)node.files->owner(path);
  for (const auto id : contents.cgroups) (void)node.files->cgroup_path(id);
  for (const auto pid : contents.processes) {
    (void)node.files->link(fmt::format("proc/{}/exe", pid));
    (void)node.files->socket_descriptors(pid, sockets);
  }
  for (const auto protocol : {Protocol::tcp, Protocol::udp, Protocol::sctp}) {
    for (const auto family : {AddressFamily::ipv4, AddressFamily::ipv6}) {
      (void)node.netlink->sockets(every_socket(protocol, family), {[] {}, [](const Socket&) {}});
    }
  }
  for (const auto& [inode, options] : options_->by_inode) {
    (void)node.socket_options->read(0, 0, inode);
  }
  const DumpSink ignored{[] {}, [](const NetlinkMessage&) -> Result<> { return {}; }};
  for (const auto& request :
       {links_request(), addresses_request(), routes_request(), qdiscs_request(),
        neighbours_request(AddressFamily::ipv4), neighbours_request(AddressFamily::ipv6)}) {
    (void)node.netlink->dump(request, ignored);
  }
  (void)read_nf_tables(*node.netlink);
  (void)read_ip_tables(*node.ip_tables, *node.files);
  for (const auto& [device, _] : ethtool_->devices) {
    (void)read_ethtool_driver(*node.ethtool, device);
    (void)read_ethtool_link(*node.ethtool, device);
    (void)read_ethtool_statistics(*node.ethtool, device);
  }
  return (*recorder)->finish();
}

}  // namespace hostnet
