#include "collectors/registry.h"

#include <array>

namespace hostnet {

// Each collector's row: its name, help, default and flags. Defined in the file
// of that name.
Collector arp_collector();
Collector bonding_collector();
Collector boottime_collector();
Collector conntrack_collector();
Collector ethtool_collector();
Collector infiniband_collector();
Collector interfaces_collector();
Collector interrupts_collector();
Collector ipvs_collector();
Collector lnstat_collector();
Collector multicast_collector();
Collector netclass_collector();
Collector netdev_collector();
Collector netstat_collector();
Collector network_route_collector();
Collector processes_collector();
Collector qdisc_collector();
Collector routes_collector();
Collector sockstat_collector();
Collector softirqs_collector();
Collector softnet_collector();
Collector sriov_collector();
Collector sysctl_collector();
Collector tcpstat_collector();
Collector time_collector();
Collector timex_collector();
Collector udp_queues_collector();
Collector uname_collector();
Collector wifi_collector();
Collector xfrm_collector();

std::span<const Collector> all_collectors() {
  static const std::array kAll = {
      arp_collector(),            //
      bonding_collector(),        //
      boottime_collector(),       //
      conntrack_collector(),      //
      ethtool_collector(),        //
      infiniband_collector(),     //
      interfaces_collector(),     //
      interrupts_collector(),     //
      ipvs_collector(),           //
      lnstat_collector(),         //
      multicast_collector(),      //
      netclass_collector(),       //
      netdev_collector(),         //
      netstat_collector(),        //
      network_route_collector(),  //
      processes_collector(),      //
      qdisc_collector(),          //
      routes_collector(),         //
      sockstat_collector(),       //
      softirqs_collector(),       //
      softnet_collector(),        //
      sriov_collector(),          //
      sysctl_collector(),         //
      tcpstat_collector(),        //
      time_collector(),           //
      timex_collector(),          //
      udp_queues_collector(),     //
      uname_collector(),          //
      wifi_collector(),           //
      xfrm_collector(),           //
  };
  return kAll;
}

}  // namespace hostnet
