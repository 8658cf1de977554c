#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "agent/options/command_line.h"
#include "netlink/base/text.h"

// A word a line. Whatever they are: a command line, or one printable line that says why not.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> words;
  while (!text.empty()) words.emplace_back(hostnet::take_until(text, '\n'));
  const auto line =
      hostnet::parse_command_line(words, [](const char*) -> const char* { return nullptr; });
  if (!line && line.error().message.empty()) std::abort();
  return 0;
}
