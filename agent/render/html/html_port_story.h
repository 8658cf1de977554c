#pragma once

#include <string>

#include "agent/render/port_story.h"

namespace hostnet {

// The section with everything known about one port, in the order in which people ask.
std::string html_port_story(const PortStory& story);

}  // namespace hostnet
