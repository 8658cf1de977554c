#pragma once

#include <string>

#include "agent/render/host_ports.h"

namespace hostnet {

// The section with the actual paths of packets to a port (SVG): client, address, rule or socket,
// process, pod.
std::string html_path_picture(const Report& report, const PortFilter& filter);

}  // namespace hostnet
