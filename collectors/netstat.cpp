// Protocol counters (SNMP MIBs and the kernel's own) from /proc/net/netstat,
// snmp (net/ipv4/proc.c) and snmp6 (net/ipv6/proc.c).

#include <fmt/format.h>

#include <array>
#include <map>
#include <memory>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "collectors/framework/pattern.h"
#include "collectors/framework/text_file.h"
#include "netlink/base/text.h"

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

// A field that is shown, and its position in its line.
struct NetstatField {
  std::size_t at{};
  std::string name, help;
};

// A line of names, and the ones that are shown.
struct NetstatLine {
  std::string names, protocol;
  std::size_t fields{};
  std::vector<NetstatField> shown;
};

// A line of snmp6.
struct Snmp6Line {
  std::string field, name, help;
  bool shown{};
};

// Cached between scrapes: the names are the same each time, and most of the fields
// are not shown.
struct Netstat {
  Pattern pattern;
  std::map<std::pair<std::string, std::size_t>, NetstatLine> lines;  // by file and line
  std::vector<Snmp6Line> snmp6;
  std::string key;  // keeps its capacity

  explicit Netstat(Pattern shown) : pattern(std::move(shown)) {}

  // Whether the field is shown; stores its name in `key`.
  bool shows(std::string_view protocol, std::string_view field) {
    key.assign(protocol);
    key += '_';
    key += field;
    return pattern.found_in(key);
  }
  Result<> read_names(LineReader& reader, NetstatLine& line);
  Result<> add_pairs(std::vector<MetricSource>& families, std::string_view path,
                     std::string_view text);
  Result<> add_snmp6(std::vector<MetricSource>& families, std::string_view path,
                     std::string_view text);
  Result<std::vector<MetricSource>> collect(const Files& files);
};

std::string netstat_help(std::string_view key) {
  return joined({"The kernel's statistic ", key, "."});
}

// Text, because Tcp_MaxConn is -1 and octets need all 64 bits.
Result<> add_netstat(std::vector<MetricSource>& families, const LineReader& reader,
                     const std::string& name, const std::string& help, std::string_view text) {
  double value{};
  if (const auto negative = parse_number<std::int64_t>(text); negative && *negative < 0) {
    value = static_cast<double>(*negative);
  } else if (const auto number = reader.number_in(text)) {
    value = static_cast<double>(*number);
  } else {
    return std::unexpected(number.error());
  }
  families.push_back(single(name, help, kUntyped, value));
  return {};
}

Result<> Netstat::read_names(LineReader& reader, NetstatLine& line) {
  line = {};
  reader.cut();
  const auto fields = reader.fields();
  if (!fields[0].ends_with(':')) {
    return reader.malformed("expected a line of names and one of numbers");
  }
  line.protocol = fields[0];
  line.fields = fields.size();
  for (std::size_t i = 1; i < fields.size(); ++i) {
    if (!shows(fields[0].substr(0, fields[0].size() - 1), fields[i])) continue;
    line.shown.push_back({i, "node_netstat_" + key, netstat_help(key)});
  }
  line.names = reader.line();
  return {};
}

// Pairs of lines: "Tcp: ActiveOpens InSegs", "Tcp: 12 345".
Result<> Netstat::add_pairs(std::vector<MetricSource>& families, std::string_view path,
                            std::string_view text) {
  LineReader reader(path, text);
  while (reader.next_whole()) {
    if (trim(reader.line()).empty()) continue;
    NetstatLine& line = lines[{std::string(path), reader.number()}];
    if (line.names != reader.line()) {
      if (auto read = read_names(reader, line); !read) return read;
    }
    if (!reader.next()) return reader.malformed("expected a line of names and one of numbers");
    if (reader.fields().size() != line.fields || reader.fields()[0] != line.protocol) {
      return reader.malformed(
          fmt::format("expected {} numbers of {}", line.fields - 1, line.protocol));
    }
    for (const NetstatField& field : line.shown) {
      auto added = add_netstat(families, reader, field.name, field.help, reader.fields()[field.at]);
      if (!added) return added;
    }
  }
  return {};
}

// "Ip6InReceives 7": the protocol ends with the first 6.
Result<> Netstat::add_snmp6(std::vector<MetricSource>& families, std::string_view path,
                            std::string_view text) {
  LineReader reader(path, text);
  while (reader.next()) {
    if (reader.fields().empty()) continue;
    const std::string_view field = reader.fields()[0];
    const auto six = field.find('6');
    if (reader.fields().size() != 2 || six == std::string_view::npos) {
      return reader.malformed("expected \"<protocol>6<field> <number>\"");
    }
    if (snmp6.size() < reader.number()) snmp6.resize(reader.number());
    Snmp6Line& line = snmp6[reader.number() - 1];
    if (line.field != field) {
      line = {.field = std::string(field)};
      line.shown = shows(field.substr(0, six + 1), field.substr(six + 1));
      if (line.shown) {
        line.name = joined({"node_netstat_", key});
        line.help = netstat_help(key);
      }
    }
    if (!line.shown) continue;
    auto added = add_netstat(families, reader, line.name, line.help, reader.fields()[1]);
    if (!added) return added;
  }
  return {};
}

Result<std::vector<MetricSource>> Netstat::collect(const Files& files) {
  struct Source {
    std::string_view name;
    Result<> (Netstat::*add)(std::vector<MetricSource>&, std::string_view, std::string_view);
  };
  constexpr std::size_t kOrdinary = 256;  // lines; kernels have a dozen
  if (lines.size() > kOrdinary) lines.clear();
  if (snmp6.size() > kOrdinary) snmp6.clear();
  std::vector<MetricSource> families;
  bool found = false;
  for (const auto& [name, add] : {Source{"netstat", &Netstat::add_pairs},
                                  {"snmp", &Netstat::add_pairs},
                                  {"snmp6", &Netstat::add_snmp6}}) {
    const std::string path = net_path(files, name);
    const auto text = files.read(path);
    if (!text) {
      if (text.error().reason == Reason::vanished) continue;  // no IPv6
      return std::unexpected(text.error());
    }
    found = true;
    if (auto done = (this->*add)(families, path, *text); !done) {
      return std::unexpected(std::move(done).error());
    }
  }
  if (!found) return failure(Reason::unsupported, "no netstat, snmp or snmp6 in /proc/net");
  return families;
}

Result<Collect> make_netstat(const CollectorOptions& options) {
  auto pattern = Pattern::compile("netstat.fields", options.text("netstat.fields"));
  if (!pattern) return std::unexpected(std::move(pattern).error());
  const auto netstat = std::make_shared<Netstat>(std::move(*pattern));
  return [netstat](Scrape& scrape) { return netstat->collect(*scrape.node().files); };
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
