#pragma once

// Every command line flag of the program, as data: used by the parser, --help, the environment
// variables and "did you mean"; a test compares deploy/reference/flags.md.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hostnet {

struct Flag {
  enum class Kind {
    boolean,  // --x, --no-x
    text,
    texts,     // may be repeated; in the environment separated by commas
    number,    // 0 to 1,000,000
    duration,  // "0s", "500ms", "1h30m"
    period,    // a duration of at least 1ms
    choice,    // one of `choices`
  };
  std::string name;  // "web.listen-address", without the dashes
  Kind kind{};
  std::string default_value;
  std::string help;
  std::vector<std::string> choices;
};

// The flags that every command takes, collectors' included, in the order of --help.
std::span<const Flag> all_flags();

// "HOSTNET_WEB_LISTEN_ADDRESS" for "web.listen-address".
std::string environment_name(std::string_view flag);

}  // namespace hostnet
