#pragma once

#include "collectors/framework/collector.h"

namespace hostnet {

// node_network_address_info, one series for each address of each interface;
// scope says what kind of address it is ("global", "link-local" for loopback
// addresses too, "interface-local"), as node_exporter has it.
Result<MetricSource> address_info(Scrape& scrape);

}  // namespace hostnet
