// Multicast groups that programs have joined, from /proc/net/igmp and igmp6:
// netlink (RTM_GETMULTICAST) does not report the number of users of a group, and
// dumps IPv4 only since Linux 6.15.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/pattern.h"
#include "collectors/framework/text_file.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::array<CollectorFlag, 3> kMulticastFlags = {{
    {"multicast.device-include", CollectorFlag::Kind::text, "",
     "regular expression of devices to include"},
    {"multicast.device-exclude", CollectorFlag::Kind::text, "",
     "regular expression of devices to exclude"},
    {"multicast.kernel-groups", CollectorFlag::Kind::boolean, "false",
     "also show the groups that the kernel itself joins on every device: all nodes, all routers, "
     "all snoopers, solicited nodes"},
}};

constexpr std::string_view kMemberships = "hostnet_multicast_memberships";
// No working node has as many; a runaway program must not fill Prometheus.
constexpr std::size_t kMostMemberships = 10'000;

struct Membership {
  std::string device;
  IpAddress group;
  std::uint64_t users{};
};

// RFC 4291 section 2.7.1: ff02::1:ffXX:XXXX, one for each address of a node.
bool is_solicited_node(const IpAddress& ip) {
  static const IpAddress kPrefix = *parse_ip("ff02::1:ff00:0");
  return ip.family == AddressFamily::ipv6 &&
         std::equal(ip.bytes.begin(), ip.bytes.begin() + 13, kPrefix.bytes.begin());
}

// Groups that net/ipv4/devinet.c, net/ipv6/addrconf.c and the bridge's snooping join
// unasked, on every device or on every one that forwards.
bool is_kernel_group(const IpAddress& group) {
  static const std::set<IpAddress> kGroups = [] {
    std::set<IpAddress> groups;
    for (const auto* text : {"224.0.0.1", "224.0.0.106", "ff01::1", "ff02::1", "ff01::2", "ff02::2",
                             "ff05::2", "ff02::6a"}) {
      groups.insert(*parse_ip(text));
    }
    return groups;
  }();
  return kGroups.contains(group) || is_solicited_node(group);
}

// Sixteen bytes as 32 hexadecimal digits.
std::optional<IpAddress> ipv6_of(std::string_view digits) {
  IpAddress ip{.family = AddressFamily::ipv6};
  if (digits.size() != 2 * ip.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < ip.bytes.size(); ++i) {
    const auto byte = parse_number<std::uint8_t>(digits.substr(2 * i, 2), 16);
    if (!byte) return std::nullopt;
    ip.bytes[i] = *byte;
  }
  return ip;
}

struct Multicast {
  DeviceFilter filter;
  bool kernel_groups{};

  Result<std::vector<MetricSource>> collect(Scrape& scrape) const;
  Result<> read_igmp(const Files& files, std::vector<Membership>& out) const;
  Result<> read_igmp6(const Files& files, std::vector<Membership>& out) const;
  void add(std::string_view device, const IpAddress& group, std::uint64_t users,
           std::vector<Membership>& out) const {
    if (!kernel_groups && is_kernel_group(group)) return;
    if (!filter.keeps(device)) return;
    out.push_back({.device = std::string(device), .group = group, .users = users});
  }
};

// A line for a device ("2\teth0      :     1      V3"), then an indented one for
// each of its groups: the address as a number in host byte order, users, timer,
// reporter (net/ipv4/igmp.c, igmp_mc_seq_show).
Result<> Multicast::read_igmp(const Files& files, std::vector<Membership>& out) const {
  const std::string path = net_path(files, "igmp");
  const auto text = files.read(path);
  if (!text) return std::unexpected(text.error());
  LineReader reader(path, *text);
  std::string_view device;
  while (reader.next()) {
    const auto fields = reader.fields();
    if (reader.number() == 1 || fields.empty()) continue;
    if (reader.line().front() != '\t') {
      if (fields.size() < 2) return reader.malformed("expected an index and a device");
      if (const auto index = reader.u64(0); !index) return std::unexpected(index.error());
      device = fields[1];
      if (device.ends_with(':')) device.remove_suffix(1);
      if (device.empty()) return reader.malformed("no device name");
      continue;
    }
    if (device.empty()) return reader.malformed("a group before any device");
    const auto address = reader.hex(0);
    if (!address) return std::unexpected(address.error());
    const auto users = reader.u64(1);
    if (!users) return std::unexpected(users.error());
    if (*address > 0xFFFFFFFFU) return reader.malformed("an address above 32 bits");
    IpAddress group{.family = AddressFamily::ipv4};
    const auto number = static_cast<std::uint32_t>(*address);
    std::memcpy(group.bytes.data(), &number, sizeof number);
    add(device, group, *users, out);
  }
  return {};
}

// "2    eth0            ff0200000000000000000000000000fb     1 00000004 0"
// (net/ipv6/mcast.c, igmp6_mc_seq_show).
Result<> Multicast::read_igmp6(const Files& files, std::vector<Membership>& out) const {
  const std::string path = net_path(files, "igmp6");
  const auto text = files.read(path);
  if (!text) return std::unexpected(text.error());
  LineReader reader(path, *text);
  while (reader.next()) {
    const auto fields = reader.fields();
    if (fields.empty()) continue;
    if (fields.size() < 4) return reader.malformed("expected index, device, group and users");
    const auto group = ipv6_of(fields[2]);
    if (!group) {
      return reader.malformed(
          fmt::format("\"{}\" is not an IPv6 address", fields[2].substr(0, 64)));
    }
    const auto users = reader.u64(3);
    if (!users) return std::unexpected(users.error());
    add(fields[1], *group, *users, out);
  }
  return {};
}

Result<std::vector<MetricSource>> Multicast::collect(Scrape& scrape) const {
  const Files& files = *scrape.node().files;
  std::vector<Membership> memberships;
  const auto ipv4 = read_igmp(files, memberships);
  const auto ipv6 = read_igmp6(files, memberships);
  // A kernel without multicast, or without IPv6, lacks the file.
  const auto absent = [](const Result<>& read) {
    return !read &&
           (read.error().reason == Reason::vanished || read.error().reason == Reason::unsupported);
  };
  if (absent(ipv4) && absent(ipv6)) return failure(Reason::unsupported, ipv4.error().message);
  for (const auto& read : {ipv4, ipv6}) {
    if (!read && !absent(read)) return std::unexpected(read.error());
  }

  std::ranges::sort(memberships, {},
                    [](const Membership& m) { return std::tie(m.device, m.group); });
  const std::size_t shown = std::min(memberships.size(), kMostMemberships);
  FamilyList families;
  families.add("hostnet_series_dropped", "Series of the family that its limit left out.", kGauge,
               {{"family", kMemberships}}, static_cast<double>(memberships.size() - shown));
  for (std::size_t i = 0; i < shown; ++i) {
    const Membership& membership = memberships[i];
    families.add(kMemberships,
                 "Sockets and other users that listen to a multicast group on a device.", kGauge,
                 {{"device", membership.device},
                  {"family", to_string(membership.group.family)},
                  {"group", membership.group.to_string()}},
                 static_cast<double>(membership.users));
  }
  return families.take();
}

Result<Collect> make_multicast(const CollectorOptions& options) {
  auto filter = DeviceFilter::from_options(options, "multicast");
  if (!filter) return std::unexpected(std::move(filter).error());
  const auto multicast = std::make_shared<const Multicast>(
      std::move(*filter), options.boolean("multicast.kernel-groups"));
  return [multicast](Scrape& scrape) { return multicast->collect(scrape); };
}

}  // namespace

Collector multicast_collector() {
  return {.name = "multicast",
          .help = "multicast groups that programs listen to, by device",
          .enabled_by_default = true,
          .flags = kMulticastFlags,
          .make = make_multicast};
}

}  // namespace hostnet
