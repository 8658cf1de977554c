// Protocol counters (SNMP MIBs and the kernel's own) from /proc/net/netstat,
// snmp (net/ipv4/proc.c) and snmp6 (net/ipv6/proc.c).

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/pattern.h"
#include "collectors/framework/text_file.h"

namespace hostnet {
namespace {

constexpr std::array<CollectorFlag, 1> kNetstatFlags = {{
    {"netstat.fields", CollectorFlag::Kind::text,
     "^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)"
     "|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)"
     "|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)"
     "|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$",
     "show the fields, as <protocol>_<field>, that the expression is found in"},
}};

struct NetstatFields {
  const Pattern* pattern;
  FamilyList families;
  std::string key;  // keeps its room: most fields are not shown

  // Text, because Tcp_MaxConn is -1 and octets need all 64 bits.
  Result<> add(const LineReader& reader, std::string_view protocol, std::string_view field,
               std::string_view text) {
    key.assign(protocol);
    key += '_';
    key += field;
    if (!pattern->found_in(key)) return {};
    double value{};
    if (const auto positive = parse_u64(text)) {
      value = static_cast<double>(*positive);
    } else if (const auto any = parse_i64(text)) {
      value = static_cast<double>(*any);
    } else {
      return reader.malformed(positive.error().message);
    }
    families.add("node_netstat_" + key, fmt::format("The kernel's statistic {}.", key), kUntyped,
                 {}, value);
    return {};
  }
};

// Pairs of lines: "Tcp: ActiveOpens InSegs", "Tcp: 12 345".
Result<> add_netstat_pairs(NetstatFields& fields, std::string_view path, std::string_view text) {
  LineReader names(path, text);
  while (names.next()) {
    if (names.fields().empty()) continue;
    LineReader numbers = names;
    if (!names.fields()[0].ends_with(':') || !numbers.next()) {
      return names.malformed("expected a line of names and one of numbers");
    }
    const std::string_view protocol = names.fields()[0];
    if (numbers.fields().size() != names.fields().size() || numbers.fields()[0] != protocol) {
      return numbers.malformed(
          fmt::format("expected {} numbers of {}", names.fields().size() - 1, protocol));
    }
    for (std::size_t i = 1; i < names.fields().size(); ++i) {
      auto added = fields.add(numbers, protocol.substr(0, protocol.size() - 1), names.fields()[i],
                              numbers.fields()[i]);
      if (!added) return added;
    }
    names = std::move(numbers);
  }
  return {};
}

// "Ip6InReceives 7": the protocol ends with the first 6.
Result<> add_netstat_snmp6(NetstatFields& fields, std::string_view path, std::string_view text) {
  LineReader reader(path, text);
  while (reader.next()) {
    if (reader.fields().empty()) continue;
    const std::string_view name = reader.fields()[0];
    const auto six = name.find('6');
    if (reader.fields().size() != 2 || six == std::string_view::npos) {
      return reader.malformed("expected \"<protocol>6<field> <number>\"");
    }
    auto added =
        fields.add(reader, name.substr(0, six + 1), name.substr(six + 1), reader.fields()[1]);
    if (!added) return added;
  }
  return {};
}

Result<std::vector<MetricSource>> collect_netstat(const Pattern& pattern, const Files& files) {
  struct Source {
    std::string_view name;
    Result<> (*add)(NetstatFields&, std::string_view, std::string_view);
  };
  NetstatFields fields{.pattern = &pattern, .families = {}, .key = {}};
  bool found = false;
  for (const auto& [name, add] : {Source{"netstat", add_netstat_pairs},
                                  {"snmp", add_netstat_pairs},
                                  {"snmp6", add_netstat_snmp6}}) {
    const std::string path = net_path(files, name);
    const auto text = files.read(path);
    if (!text) {
      if (text.error().reason == Reason::vanished) continue;  // no IPv6
      return std::unexpected(text.error());
    }
    found = true;
    if (auto done = add(fields, path, *text); !done) {
      return std::unexpected(std::move(done).error());
    }
  }
  if (!found) return failure(Reason::unsupported, "no netstat, snmp or snmp6 in /proc/net");
  return fields.families.take();
}

Result<Collect> make_netstat(const CollectorOptions& options) {
  auto pattern = Pattern::compile("netstat.fields", options.text("netstat.fields"));
  if (!pattern) return std::unexpected(std::move(pattern).error());
  const auto shown = std::make_shared<const Pattern>(std::move(*pattern));
  return [shown](Scrape& scrape) { return collect_netstat(*shown, *scrape.node().files); };
}

}  // namespace

Collector netstat_collector() {
  return {.name = "netstat",
          .help = "protocol counters of IP, ICMP, TCP and UDP",
          .enabled_by_default = true,
          .flags = kNetstatFlags,
          .make = make_netstat};
}

}  // namespace hostnet
