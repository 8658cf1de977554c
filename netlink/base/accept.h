#pragma once

#include <optional>
#include <string_view>

// The headers by which a client says what it takes: Accept, Accept-Encoding
// (RFC 9110 section 12.4). The only reader of them.
namespace hostnet {

// One item of the list: `text/plain;version=0.0.4;q=0.5`.
struct AcceptItem {
  std::string_view name;        // "text/plain", "gzip", "*/*": as written
  std::string_view parameters;  // "version=0.0.4;q=0.5"
  double weight{1};             // q: 0 (never) to 1; what is no such number is 0

  bool is(std::string_view wanted) const;  // in any letter case
  // Without its quotes; empty when it is not there.
  std::string_view parameter(std::string_view wanted) const;
};

// Cuts the next item off the front of `list`; nothing at its end. Items without
// a name are skipped.
std::optional<AcceptItem> next_accept_item(std::string_view& list);

}  // namespace hostnet
