#include <array>

#include "collectors/framework/collector.h"

namespace hostnet {

// Each collector's row: its name, help, default and flags. Defined in the file
// of that name.
Collector boottime_collector();
Collector netdev_collector();
Collector sockstat_collector();
Collector time_collector();
Collector uname_collector();

std::span<const Collector> all_collectors() {
  static const std::array kAll = {
      boottime_collector(),  //
      netdev_collector(),    //
      sockstat_collector(),  //
      time_collector(),      //
      uname_collector(),     //
  };
  return kAll;
}

}  // namespace hostnet
