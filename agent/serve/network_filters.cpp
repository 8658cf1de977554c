#include "agent/serve/network_filters.h"

#include <fmt/format.h>

#include <optional>

#include "agent/ports/protocols.h"
#include "agent/render/network_words.h"
#include "netlink/base/ranges.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

// Reads one parameter, if it is given, into `value`; false if it is bad.
template <class T, class Parse>
bool read_parameter(const HttpRequest& request, std::string_view name, std::optional<T>& value,
                    const Parse& parse) {
  const std::string* const text = parameter(request, name);
  if (text == nullptr) return true;
  value = parse(*text);
  return value.has_value();
}

std::optional<std::string> any_word(const std::string& text) {
  return text;
}

std::optional<std::size_t> parse_limit(const std::string& text) {
  const auto limit = parse_number<std::size_t>(text);
  return limit && *limit >= 1 && *limit <= kMostNetworkRows ? limit : std::nullopt;
}

std::optional<AddressFamily> parse_family(const std::string& text) {
  return find_named(kAddressFamilies, text);
}

std::optional<IpAddress> parse_destination(const std::string& text) {
  const auto address = parse_ip(text);
  return address ? std::optional(*address) : std::nullopt;
}

std::unexpected<std::string> bad_parameter(const HttpRequest& request, std::string_view name,
                                           std::string_view expected) {
  return std::unexpected(
      fmt::format("bad {} '{}': it is {}", name, *parameter(request, name), expected));
}

std::string limit_words() {
  return fmt::format("a number from 1 to {}", kMostNetworkRows);
}

}  // namespace

std::expected<InterfaceFilter, std::string> interface_filter(const HttpRequest& request) {
  InterfaceFilter filter;
  read_parameter(request, "device", filter.device, any_word);
  read_parameter(request, "kind", filter.kind, any_word);
  std::optional<std::size_t> limit;
  if (!read_parameter(request, "limit", limit, parse_limit)) {
    return bad_parameter(request, "limit", limit_words());
  }
  filter.limit = limit.value_or(kNetworkRows);
  return filter;
}

std::expected<RouteFilter, std::string> route_filter(const HttpRequest& request) {
  RouteFilter filter;
  read_parameter(request, "device", filter.device, any_word);
  if (!read_parameter(request, "table", filter.table, parse_route_table)) {
    return bad_parameter(request, "table", "main, local, default or a number");
  }
  if (!read_parameter(request, "family", filter.family, parse_family)) {
    return bad_parameter(request, "family", "ipv4 or ipv6");
  }
  if (!read_parameter(request, "protocol", filter.protocol, parse_route_protocol)) {
    return bad_parameter(request, "protocol", "kernel, static, bird... or a number up to 255");
  }
  if (!read_parameter(request, "type", filter.type, parse_route_type)) {
    return bad_parameter(request, "type", "unicast, local, blackhole... or a number up to 255");
  }
  if (!read_parameter(request, "to", filter.destination, parse_destination)) {
    return bad_parameter(request, "to", "an IP address");
  }
  std::optional<std::size_t> limit;
  if (!read_parameter(request, "limit", limit, parse_limit)) {
    return bad_parameter(request, "limit", limit_words());
  }
  filter.limit = limit.value_or(kNetworkRows);
  return filter;
}

}  // namespace hostnet
