#include "collectors/netclass_device.h"

#include <fmt/format.h>
#include <linux/if.h>

#include <array>
#include <chrono>
#include <utility>

#include "collectors/framework/text_file.h"
#include "netlink/base/text.h"
#include "netlink/rtnetlink/links.h"

namespace hostnet {
namespace {

constexpr std::chrono::seconds kSpeedStays{60};

// RFC 2863 as sysfs spells it (net/core/net-sysfs.c).
constexpr std::array<std::string_view, 7> kOperstates = {
    "unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up"};

NetclassDevice::Number number_of(const std::optional<std::uint32_t>& value) {
  return value ? NetclassDevice::Number(*value) : std::nullopt;
}

// sysfs shows the flags that the kernel keeps; netlink replaces those in effect (every
// packet, every multicast packet) by those that the user set and adds the link's state
// (dev_get_flags(), net/core/dev.c).
NetclassDevice::Number sysfs_flags(const Link& link) {
  constexpr std::uint32_t kNotKept =
      IFF_PROMISC | IFF_ALLMULTI | IFF_RUNNING | IFF_LOWER_UP | IFF_DORMANT;
  if (!link.promiscuity || !link.all_multicast) return std::nullopt;  // before Linux 6.0
  std::uint32_t flags = link.flags & ~kNotKept;
  if (*link.promiscuity > 0) flags |= IFF_PROMISC;
  if (*link.all_multicast > 0) flags |= IFF_ALLMULTI;
  return flags;
}

std::string sysfs_path(std::string_view device, std::string_view attribute) {
  return fmt::format("sys/class/net/{}/{}", device, attribute);
}

// Empty if the file is missing or the kernel refuses (no speed while down).
std::string sysfs_text(const Files& files, std::string_view device, std::string_view attribute) {
  return read_value(files, sysfs_path(device, attribute)).value_or(std::string{});
}

NetclassDevice::Number sysfs_number(const Files& files, std::string_view device,
                                    std::string_view attribute) {
  const auto text = sysfs_text(files, device, attribute);
  return text.starts_with("0x") ? parse_number<std::int64_t>(std::string_view(text).substr(2), 16)
                                : parse_number<std::int64_t>(text);
}

// Drivers report an unknown speed as -1.
NetclassDevice::Number sysfs_speed(const Files& files, std::string_view device) {
  const auto speed = sysfs_number(files, device, "speed");
  return speed && *speed >= 0 ? speed : std::nullopt;
}

}  // namespace

std::string_view operational_state(const Link& link) {
  return kOperstates[link.operstate < kOperstates.size() ? link.operstate : 0];
}

NetclassDevice netclass_device(const Link& link) {
  NetclassDevice device;
  device.name = link.name;
  device.address = hardware_address(link.address);
  device.broadcast = hardware_address(link.broadcast);
  device.operstate = operational_state(link);
  device.alias = link.alias;
  device.alternative_names = link.alternative_names;
  if ((link.flags & IFF_UP) != 0) {  // sysfs refuses both while the device is down
    if (link.carrier) device.carrier = *link.carrier ? 1 : 0;
    device.dormant = (link.flags & IFF_DORMANT) != 0 ? 1 : 0;
  }
  device.carrier_changes = number_of(link.carrier_changes);
  device.carrier_down = number_of(link.carrier_down_count);
  device.carrier_up = number_of(link.carrier_up_count);
  device.flags = sysfs_flags(link);
  device.group = link.group;
  device.index = link.index;
  device.link = link.lower_link.value_or(link.index);
  device.link_mode = link.link_mode;
  device.mtu = link.mtu;
  device.queue_length = link.transmit_queue_length;
  device.type = link.type;
  return device;
}

Result<std::vector<NetclassDevice>> read_sysfs_devices(const Files& files) {
  using Attribute = std::pair<std::string_view, NetclassDevice::Number NetclassDevice::*>;
  constexpr std::array<Attribute, 15> kNumbers = {{
      {"addr_assign_type", &NetclassDevice::address_assign_type},
      {"carrier", &NetclassDevice::carrier},
      {"carrier_changes", &NetclassDevice::carrier_changes},
      {"carrier_down_count", &NetclassDevice::carrier_down},
      {"carrier_up_count", &NetclassDevice::carrier_up},
      {"dev_id", &NetclassDevice::device_id},
      {"dormant", &NetclassDevice::dormant},
      {"flags", &NetclassDevice::flags},
      {"netdev_group", &NetclassDevice::group},
      {"iflink", &NetclassDevice::link},
      {"link_mode", &NetclassDevice::link_mode},
      {"mtu", &NetclassDevice::mtu},
      {"name_assign_type", &NetclassDevice::name_assign_type},
      {"tx_queue_len", &NetclassDevice::queue_length},
      {"type", &NetclassDevice::type},
  }};
  const auto names = files.list("sys/class/net");
  if (!names) return std::unexpected(names.error());
  std::vector<NetclassDevice> devices;
  for (const std::string& name : *names) {
    NetclassDevice device;
    device.index = sysfs_number(files, name, "ifindex");
    if (!device.index) continue;  // a file like bonding_masters, or gone
    device.name = name;
    for (const auto& [attribute, member] : kNumbers) {
      device.*member = sysfs_number(files, name, attribute);
    }
    device.speed = sysfs_speed(files, name);
    device.address = sysfs_text(files, name, "address");
    device.broadcast = sysfs_text(files, name, "broadcast");
    device.duplex = sysfs_text(files, name, "duplex");
    device.operstate = sysfs_text(files, name, "operstate");
    device.alias = sysfs_text(files, name, "ifalias");
    devices.push_back(std::move(device));
  }
  return devices;
}

SysfsAttributes::Known SysfsAttributes::read(const Files& files, const Link& link) {
  Known known;
  if (sysfs_number(files, link.name, "ifindex") != link.index) return known;
  known.stays = link.kind == "veth";
  known.address_assign_type = sysfs_number(files, link.name, "addr_assign_type");
  known.device_id = sysfs_number(files, link.name, "dev_id");
  known.name_assign_type = sysfs_number(files, link.name, "name_assign_type");
  if ((link.flags & IFF_UP) != 0) {  // refused while the device is down
    known.speed = sysfs_speed(files, link.name);
    known.duplex = sysfs_text(files, link.name, "duplex");
  }
  return known;
}

void SysfsAttributes::complete(NetclassDevice& device, const Link& link, const Files& files,
                               SteadyTime now) {
  Known& known = known_[link.index];
  Seen seen{link.name, link.flags, link.operstate, link.carrier_changes, link.address};
  if (known.seen != seen || (!known.stays && now - known.when >= kSpeedStays)) {
    known = read(files, link);
    known.seen = std::move(seen);
    known.when = now;
  }
  known.current = true;
  device.duplex = known.duplex;
  device.address_assign_type = known.address_assign_type;
  device.device_id = known.device_id;
  device.name_assign_type = known.name_assign_type;
  device.speed = known.speed;
  // Promiscuity changes without notification, and reading this file takes no lock.
  if (!device.flags && known.device_id) device.flags = sysfs_number(files, link.name, "flags");
}

void SysfsAttributes::end_round() {
  for (auto at = known_.begin(); at != known_.end();) {
    at = std::exchange(at->second.current, false) ? std::next(at) : known_.erase(at);
  }
}

}  // namespace hostnet
