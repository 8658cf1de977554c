#pragma once

#include <string>

#include "agent/render/port_story.h"

namespace hostnet {

// The section with everything that is known of one port, in the order in which somebody asks.
std::string html_port_story(const PortStory& story);

}  // namespace hostnet
