#include <array>

#include "collectors/framework/collector.h"

namespace hostnet {

// Each collector's row: its name, help, default and flags. Defined in the file
// of that name.
Collector boottime_collector();
Collector netdev_collector();
Collector netstat_collector();
Collector sockstat_collector();
Collector softnet_collector();
Collector time_collector();
Collector udp_queues_collector();
Collector uname_collector();

std::span<const Collector> all_collectors() {
  static const std::array kAll = {
      boottime_collector(),    //
      netdev_collector(),      //
      netstat_collector(),     //
      sockstat_collector(),    //
      softnet_collector(),     //
      time_collector(),        //
      udp_queues_collector(),  //
      uname_collector(),       //
  };
  return kAll;
}

}  // namespace hostnet
