#include "collectors/ipvs_table.h"

#include <utility>

#include "collectors/framework/text_file.h"
#include "netlink/base/text.h"
#include "netlink/facts.h"

namespace hostnet {
namespace {

struct IpvsEndpoint {
  std::string address, port;
};

// "C0A80016:0CEA" or "[2620:0000:...:0001]:0050", the port hexadecimal in both.
Result<IpvsEndpoint> parse_ipvs_endpoint(const LineReader& reader, std::size_t field) {
  const std::string_view text = reader.fields()[field];
  const auto colon = text.rfind(':');
  const auto wrong = [&] { return reader.malformed("expected \"<address>:<port>\""); };
  if (colon == std::string_view::npos) return wrong();
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1), 16);
  std::string_view host = text.substr(0, colon);
  if (!port) return wrong();
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    const auto ip = parse_ip(host);
    if (!ip) return wrong();
    return IpvsEndpoint{ip->to_string(), std::to_string(*port)};
  }
  const auto number = parse_number<std::uint32_t>(host, 16);
  if (!number || host.size() != 8) return wrong();
  IpAddress ip{.family = AddressFamily::ipv4};
  for (std::size_t i = 0; i < 4; ++i) {
    ip.bytes[i] = static_cast<std::uint8_t>(*number >> (24 - 8 * i));
  }
  return IpvsEndpoint{ip.to_string(), std::to_string(*port)};
}

// "TCP  C0A80016:0CEA wlc" or "FWM  10001000 wlc": shared by the backends below it.
Result<IpvsBackend> parse_ipvs_service(const LineReader& reader) {
  IpvsBackend service;
  service.protocol = reader.fields()[0];
  if (reader.fields().size() < 2) return reader.malformed("a virtual server without an address");
  if (service.protocol == "FWM") {
    service.local_mark = reader.fields()[1];
    service.local_port = "0";
    return service;
  }
  auto local = parse_ipvs_endpoint(reader, 1);
  if (!local) return std::unexpected(std::move(local).error());
  service.local_address = std::move(local->address);
  service.local_port = std::move(local->port);
  return service;
}

// "-> C0A85216:0CEA Tunnel 100 248 2"
Result<IpvsBackend> parse_ipvs_backend(const LineReader& reader, const IpvsBackend& service) {
  constexpr std::size_t kWeight = 3;
  if (service.protocol.empty()) return reader.malformed("a backend without a virtual server");
  if (reader.fields().size() < 2) return reader.malformed("a backend without an address");
  IpvsBackend backend = service;
  auto remote = parse_ipvs_endpoint(reader, 1);
  if (!remote) return std::unexpected(std::move(remote).error());
  backend.remote_address = std::move(remote->address);
  backend.remote_port = std::move(remote->port);
  std::size_t field = kWeight;
  for (auto* number : {&backend.weight, &backend.active, &backend.inactive}) {
    const auto value = reader.u64(field++);
    if (!value) return std::unexpected(value.error());
    *number = *value;
  }
  return backend;
}

}  // namespace

Result<IpvsTotals> read_ipvs_totals(const Files& files) {
  constexpr std::size_t kTotalsLine = 3;  // below two lines of headings
  const std::string path = net_path(files, "ip_vs_stats");
  const auto text = or_unsupported(files.read(path));
  if (!text) return std::unexpected(text.error());
  LineReader reader(path, *text);
  while (reader.number() < kTotalsLine) {
    if (!reader.next()) return reader.malformed("the file ends here");
  }
  IpvsTotals totals;
  std::size_t field = 0;
  for (auto* number : {&totals.connections, &totals.incoming_packets, &totals.outgoing_packets,
                       &totals.incoming_bytes, &totals.outgoing_bytes}) {
    const auto value = reader.hex(field++);
    if (!value) return std::unexpected(value.error());
    *number = *value;
  }
  return totals;
}

Result<std::vector<IpvsBackend>> read_ipvs_backends(const Files& files) {
  constexpr std::size_t kHeadings = 3;
  const std::string path = net_path(files, "ip_vs");
  const auto text = files.read(path);
  if (!text) return std::unexpected(text.error());
  std::vector<IpvsBackend> backends;
  IpvsBackend service;
  LineReader reader(path, *text);
  while (reader.next()) {
    if (reader.number() <= kHeadings || reader.fields().empty()) continue;
    auto parsed = reader.fields()[0] == "->" ? parse_ipvs_backend(reader, service)
                                             : parse_ipvs_service(reader);
    if (!parsed) return std::unexpected(std::move(parsed).error());
    if (reader.fields()[0] == "->") {
      backends.push_back(std::move(*parsed));
    } else {
      service = std::move(*parsed);
    }
  }
  return backends;
}

}  // namespace hostnet
