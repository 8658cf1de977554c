#include "agent/render/html/html_port_story.h"

#include <fmt/format.h>

#include <string_view>

#include "agent/render/html/html_parts.h"
#include "agent/render/words.h"
#include "netlink/base/escape.h"

namespace hostnet {

std::string html_port_story(const PortStory& story) {
  std::string list;
  std::string_view last;
  for (const StoryLine& line : story_lines(story)) {
    if (line.label != last) list += fmt::format("<dt>{}</dt>", html_text(line.label));
    last = line.label;
    list += fmt::format("<dd>{}</dd>", html_text(line.text));
  }
  return html_card("story",
                   fmt::format("<h2>Details of {}</h2><dl>{}</dl>",
                               html_text(port_words(story.bind.port, story.bind.protocol)), list));
}

}  // namespace hostnet
