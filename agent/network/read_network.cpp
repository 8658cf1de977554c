#include "agent/network/read_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "netlink/base/text.h"
#include "netlink/rtnetlink/link_network.h"
#include "netlink/rtnetlink/rtnetlink.h"

namespace hostnet {
namespace {

using Names = std::unordered_map<std::uint32_t, std::string>;

constexpr std::size_t kMessagesPerClockRead = 4096;
constexpr std::uint16_t kArphrdEther = 1;   // include/uapi/linux/if_arp.h
constexpr std::uint32_t kMainTable = 254;   // RT_TABLE_MAIN, rtnetlink.h
constexpr std::uint32_t kLocalTable = 255;  // RT_TABLE_LOCAL

Problem unreadable(std::string code, const Error& error) {
  return {.code = std::move(code), .message = error.message};
}

// sysfs says -1 (or 4294967295) while there is no link, and an error where the
// driver knows no speed.
std::optional<std::uint32_t> speed_of(const Files& files, const Link& link) {
  if (!link.kind.empty() || link.type != kArphrdEther) return std::nullopt;
  const auto text = files.read(fmt::format("sys/class/net/{}/speed", link.name));
  if (!text) return std::nullopt;
  const auto speed = parse_number<std::int64_t>(trim(*text));
  if (!speed || *speed <= 0 || *speed >= 0xFFFFFFFF) return std::nullopt;
  return static_cast<std::uint32_t>(*speed);
}

std::string name_in(const Names& names, std::optional<std::uint32_t> index) {
  if (!index || *index == 0) return "";
  const auto found = names.find(*index);
  // A peer in another network namespace has no name here.
  return found == names.end() ? "" : found->second;
}

Interface interface_of(Link link, const NetlinkMessage& message) {
  const LinkNetwork network = decode_link_network(message);
  // Another namespace's index would name a wrong link here.
  if (network.lower_elsewhere) link.lower_link.reset();
  Interface interface;
  interface.link = std::move(link);
  interface.network_id = network.id;
  return interface;
}

// Keeps the first `limit` rows in sort order; they may be added in any order.
template <class Row, class Before>
class FirstRows {
 public:
  FirstRows(std::size_t limit, Before before) : limit_(limit), before_(before) {}
  void clear() {
    rows_.clear();
    more_ = 0;
  }
  void add(Row row) {
    if (rows_.size() == limit_) {
      ++more_;
      if (rows_.empty() || !before_(row, rows_.front())) return;
      std::pop_heap(rows_.begin(), rows_.end(), before_);
      rows_.pop_back();
    }
    rows_.push_back(std::move(row));
    std::push_heap(rows_.begin(), rows_.end(), before_);
  }
  std::size_t more() const { return more_; }
  std::vector<Row> take() {
    std::sort_heap(rows_.begin(), rows_.end(), before_);
    return std::move(rows_);
  }

 private:
  std::size_t limit_;
  Before before_;
  std::vector<Row> rows_;  // a heap: the last row in sort order is in front
  std::size_t more_{};
};

Result<Names> read_names(Netlink& netlink) {
  Names names;
  auto done =
      netlink.dump(links_request(), {[&] { names.clear(); },
                                     [&](const NetlinkMessage& message) -> Result<> {
                                       auto link = decode_link(message);
                                       if (!link) return std::unexpected(std::move(link).error());
                                       if (*link)
                                         names.emplace((*link)->index, std::move((*link)->name));
                                       return {};
                                     }});
  if (!done) return std::unexpected(std::move(done).error());
  return names;
}

std::uint64_t table_rank(std::uint32_t table) {
  if (table == kMainTable) return 0;
  return table == kLocalTable ? std::uint64_t{1} << 32 : table;
}

bool comes_before(const Route& a, const Route& b) {
  const auto place = [](const Route& route) {
    return std::pair(route.family, table_rank(route.table));
  };
  if (const auto mine = place(a), others = place(b); mine != others) return mine < others;
  return std::tie(a.destination, a.prefix_length, a.priority, a.type) <
         std::tie(b.destination, b.prefix_length, b.priority, b.type);
}

bool covers(const Route& route, const IpAddress& address) {
  if (route.family != address.family) return false;
  const std::size_t bits = route.prefix_length;
  const std::size_t whole = std::min<std::size_t>(bits / 8, address.bytes.size());
  const auto& mine = route.destination.bytes;
  if (!std::equal(mine.begin(), mine.begin() + static_cast<std::ptrdiff_t>(whole),
                  address.bytes.begin())) {
    return false;
  }
  if (bits % 8 == 0 || whole == address.bytes.size()) return true;
  const auto mask = static_cast<std::uint8_t>(0xFF00U >> (bits % 8));
  return ((mine.at(whole) ^ address.bytes.at(whole)) & mask) == 0;
}

bool wanted(const Route& route, const RouteFilter& filter, std::optional<std::uint32_t> device) {
  if (filter.family && route.family != *filter.family) return false;
  if (filter.table && route.table != *filter.table) return false;
  if (filter.protocol && route.protocol != *filter.protocol) return false;
  if (filter.type && route.type != *filter.type) return false;
  if (filter.destination && !covers(route, *filter.destination)) return false;
  if (!filter.device) return true;
  return device && std::ranges::any_of(route.next_hops, [&](const NextHop& hop) {
           return hop.interface == *device;
         });
}

void add_addresses(const Node& node, Interfaces& interfaces) {
  std::unordered_map<std::uint32_t, Interface*> by_index;
  for (Interface& row : interfaces.rows) by_index.emplace(row.link.index, &row);
  const auto forget = [&] {
    for (Interface& row : interfaces.rows) row.addresses.clear();
  };
  const auto done = node.netlink->dump(addresses_request(),
                                       {forget, [&](const NetlinkMessage& message) -> Result<> {
                                          auto address = decode_address(message);
                                          if (!address)
                                            return std::unexpected(std::move(address).error());
                                          if (!*address) return {};
                                          const auto row = by_index.find((*address)->interface);
                                          if (row != by_index.end()) {
                                            row->second->addresses.push_back(std::move(**address));
                                          }
                                          return {};
                                        }});
  if (!done) {
    interfaces.scan.problems.push_back(unreadable("addresses_unreadable", done.error()));
  }
}

std::optional<std::uint32_t> index_of(const Names& names,
                                      const std::optional<std::string>& device) {
  const auto found =
      std::ranges::find_if(names, [&](const auto& row) { return row.second == device; });
  return found == names.end() ? std::nullopt : std::optional(found->first);
}

std::map<std::uint32_t, std::string> devices_of(const std::vector<Route>& routes,
                                                const Names& names) {
  std::map<std::uint32_t, std::string> devices;
  for (const Route& route : routes) {
    for (const NextHop& hop : route.next_hops) {
      const auto name = name_in(names, hop.interface);
      if (!name.empty()) devices.emplace(hop.interface, name);
    }
  }
  return devices;
}

}  // namespace

Interfaces read_interfaces(const Node& node, const InterfaceFilter& filter) {
  Interfaces interfaces;
  interfaces.scan.generated_at = node.clock->wall();
  Names names;
  FirstRows<Interface, bool (*)(const Interface&, const Interface&)> rows(
      filter.limit,
      [](const Interface& a, const Interface& b) { return a.link.index < b.link.index; });
  const auto restart = [&] {
    names.clear();
    rows.clear();
  };
  const auto done = node.netlink->dump(
      links_request(), {restart, [&](const NetlinkMessage& message) -> Result<> {
                          auto link = decode_link(message);
                          if (!link) return std::unexpected(std::move(link).error());
                          if (!*link) return {};
                          names.emplace((*link)->index, (*link)->name);
                          const bool meant = (!filter.device || (*link)->name == *filter.device) &&
                                             (!filter.kind || (*link)->kind == *filter.kind);
                          if (meant) {
                            rows.add(interface_of(std::move(**link), message));
                          }
                          return {};
                        }});
  if (!done) interfaces.scan.problems.push_back(unreadable("links_unreadable", done.error()));
  interfaces.scan.more = rows.more();
  interfaces.rows = rows.take();
  for (Interface& row : interfaces.rows) {
    row.master = name_in(names, row.link.master);
    row.lower = name_in(names, row.link.lower_link);
    if (row.lower.empty()) row.lower = name_in(names, row.link.tunnel_link);
    row.speed = speed_of(*node.files, row.link);
  }
  add_addresses(node, interfaces);
  return interfaces;
}

Routes read_route_rows(const Node& node, const RouteFilter& filter,
                       std::chrono::milliseconds time) {
  Routes routes;
  routes.scan.generated_at = node.clock->wall();
  const SteadyTime end = node.clock->steady() + time;
  const auto names = read_names(*node.netlink);
  if (!names) routes.scan.problems.push_back(unreadable("links_unreadable", names.error()));
  const auto device = names ? index_of(*names, filter.device) : std::nullopt;

  FirstRows<Route, bool (*)(const Route&, const Route&)> rows(filter.limit, comes_before);
  std::size_t walked = 0;
  const auto restart = [&] {
    rows.clear();
    walked = 0;
  };
  const auto on_message = [&](const NetlinkMessage& message) -> Result<> {
    auto route = decode_route(message);
    if (!route) return std::unexpected(std::move(route).error());
    if (*route && wanted(**route, filter, device)) rows.add(std::move(**route));
    ++walked;
    routes.scan.stopped = filter.walk_at_most > 0 && walked >= filter.walk_at_most;
    if (routes.scan.stopped) return failure(Reason::exhausted, "enough of them");
    if (walked % kMessagesPerClockRead == 0 && node.clock->steady() > end) {
      return failure(Reason::timeout, "listing routes: out of time");
    }
    return {};
  };
  const auto done = node.netlink->dump(routes_request(), {restart, on_message});
  if (!done && !routes.scan.stopped) {
    routes.scan.problems.push_back(unreadable("routes_unreadable", done.error()));
  }
  routes.scan.more = rows.more();
  routes.rows = rows.take();
  if (names) routes.devices = devices_of(routes.rows, *names);
  return routes;
}

}  // namespace hostnet
