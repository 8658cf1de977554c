#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/findings/check.h"
#include "agent/findings/report.h"
#include "agent/render/history.h"
#include "agent/render/table/text_style.h"

namespace hostnet {

// Everything known about one port, for a person who has to fix it.
struct PortStory {
  const Report& report;     // with a scan of every socket of that port
  const CheckAnswer& bind;  // what bind() would return to a server there
  const History* history;   // null: unknown, a single scan
};

struct StoryLine {
  std::string_view label;  // "held by"
  std::string text;        // not escaped
};

// In this order: who declares it, who holds it, since when, what bind() would answer, where a
// client lands, which rules there are, what happened lately, what to do. Several lines may have
// the same label.
std::vector<StoryLine> story_lines(const PortStory& story);

// These lines as text, a label before the first of its kind.
std::string port_story(const PortStory& story, const TextStyle& style = {});

// The newest findings that were opened or closed on a port.
std::vector<const FindingEvent*> events_of_port(const FindingEvents& events, std::uint16_t port,
                                                Protocol protocol, std::size_t most);

}  // namespace hostnet
