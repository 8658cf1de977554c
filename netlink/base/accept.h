#pragma once

#include <optional>
#include <string_view>

// Parses the headers in which a client states what it accepts: Accept, Accept-Encoding
// (RFC 9110 section 12.4). Their only parser.
namespace hostnet {

// One item of the list: `text/plain;version=0.0.4;q=0.5`.
struct AcceptItem {
  std::string_view name;        // "text/plain", "gzip", "*/*": as written
  std::string_view parameters;  // "version=0.0.4;q=0.5"
  double weight{1};             // q: 0 (never) to 1; an invalid one is 0

  bool is(std::string_view wanted) const;  // case-insensitive
  // The value without quotes; empty when absent.
  std::string_view parameter(std::string_view wanted) const;
};

// Takes the next item from the front of `list`; unset at its end. Items without
// a name are skipped.
std::optional<AcceptItem> next_accept_item(std::string_view& list);

}  // namespace hostnet
