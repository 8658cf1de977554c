#pragma once

// The facts of the collector netclass about one interface, with the spelling and the
// numbers of /sys/class/net/<name>/ whatever the source.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/base/clock.h"
#include "netlink/base/error.h"
#include "netlink/facts.h"
#include "netlink/node/files.h"

namespace hostnet {

struct NetclassDevice {
  using Number = std::optional<std::int64_t>;  // unset: sysfs would return an error
  std::string name, address, broadcast, duplex, operstate, alias;
  std::vector<std::string> alternative_names;  // netlink only
  Number address_assign_type, carrier, carrier_changes, carrier_down, carrier_up, device_id;
  Number dormant, flags, group, index, link, link_mode, mtu, name_assign_type, queue_length;
  Number speed, type;  // speed in Mbit/s, never negative
};

// As sysfs spells them: RFC 2863's states ("up", "lowerlayerdown"; "unknown" for an
// unlisted one).
std::string_view operational_state(const Link& link);

// The interface as netlink reports it; values that only sysfs has stay empty.
NetclassDevice netclass_device(const Link& link);

// Everything from sysfs, for nodes where netlink is refused. Sorted by name; an
// interface that disappears in the meantime is left out.
Result<std::vector<NetclassDevice>> read_sysfs_devices(const Files& files);

// The attributes that netlink lacks. Each read takes a lock shared by the whole network
// stack (and `speed` may query the hardware), so the values are kept until the link
// changes; the speed of links other than veths, which can change without notification,
// is read again after a minute.
class SysfsAttributes {
 public:
  // Fills the empty members of `device`, which was made from `link`. Does nothing if sysfs
  // shows another network namespace than netlink.
  void complete(NetclassDevice& device, const Link& link, const Files& files, SteadyTime now);
  // After each round: forgets links that were not in it.
  void end_round();

 private:
  struct Seen {
    std::string name;
    std::uint32_t flags{};
    std::uint8_t operstate{};
    std::optional<std::uint32_t> carrier_changes;
    std::vector<std::uint8_t> address;
    bool operator==(const Seen&) const = default;
  };
  struct Known {
    Seen seen;
    SteadyTime when;
    bool stays{};  // until the link changes
    bool current{};
    std::string duplex;
    NetclassDevice::Number address_assign_type, device_id, name_assign_type, speed;
  };
  static Known read(const Files& files, const Link& link);

  std::map<std::uint32_t, Known> known_;  // by ifindex
};

}  // namespace hostnet
