#pragma once

#include <string>

#include "agent/render/host_ports.h"

namespace hostnet {

// The section with the ways that packets take to a port (SVG): client, address, rule or socket,
// process, pod, as they really go.
std::string html_path_picture(const Report& report, const PortFilter& filter);

}  // namespace hostnet
