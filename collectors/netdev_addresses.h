#pragma once

#include "collectors/framework/collector.h"

namespace hostnet {

// node_network_address_info, one series for each address of each interface; scope is
// the kind of address ("global", "link-local" for loopback addresses too,
// "interface-local"), as in node_exporter.
Result<MetricSource> address_info(Scrape& scrape);

}  // namespace hostnet
