#include "agent/ports/nat/nat_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/ports/nat/pod_containers.h"
#include "agent/ports/nat/service_addresses.h"
#include "agent/verdicts/listing.h"
#include "netlink/base/ranges.h"
#include "netlink/nat/ipvs/ipvs_rules.h"
#include "netlink/nat/nftables/read_nf_tables.h"
#include "netlink/nat/recognize.h"
#include "netlink/nat/walk_nat.h"
#include "netlink/rtnetlink/links.h"

namespace hostnet {
namespace {

constexpr std::size_t kNamedParts = 8;
constexpr std::string_view kReport = "report it with the output of `hostnet-agent record`";

std::string words_of(const UnknownParts& parts) {
  std::vector<std::string> words;
  for (const auto& [name, count] : parts)
    words.push_back(fmt::format("{} ({} times)", name, count));
  return listing(words, kNamedParts);
}

// An unknown target may send packets anywhere.
bool has_unknown_target(const UnknownParts& parts) {
  return std::ranges::any_of(parts,
                             [](const auto& part) { return part.first.starts_with("target "); });
}

PortFilters::Tables shared(std::vector<PacketTable> tables) {
  return std::make_shared<const std::vector<PacketTable>>(std::move(tables));
}

// Keeps the existing object if the new one is equal: snapshots compare the pointers.
template <class T>
void keep_where_equal(std::shared_ptr<const T>& kept, std::optional<T> fresh) {
  if (kept && fresh && *kept == *fresh) return;
  kept = fresh ? std::make_shared<const T>(*std::move(fresh)) : nullptr;
}

bool are_named_so(const std::map<std::uint32_t, std::string>& interfaces,
                  std::span<const Link> links) {
  return std::ranges::all_of(interfaces, [&](const auto& interface) {
    const Link* link = find_link(links, interface.first);
    return (link == nullptr ? "" : link->name) == interface.second;
  });
}

}  // namespace

bool FilterReading::operator==(const FilterReading& other) const {
  return *tables == *other.tables && *filters == *other.filters && unknown == other.unknown &&
         unknown_filters == other.unknown_filters && malformed == other.malformed &&
         error == other.error && unsteady == other.unsteady;
}

void NatScan::scan(SteadyTime now, std::span<const Link> links, std::span<const Address> addresses,
                   PortSnapshot& table) {
  table.coverage.ebpf_forwarding = forwards_by_ebpf(now, links);
  if (table.coverage.ebpf_forwarding) {
    table.coverage.limits.push_back(
        {.code = "ebpf_forwarding_invisible",
         .message = "Cilium may forward hostPorts and NodePorts with eBPF, which "
                    "cannot be seen: a hostPort is judged by who listens there"});
  }
  // The preflight reports the consequences.
  if (!node_.identity.has_capability(Identity::kNetAdmin)) return;
  const auto begin = node_.clock->thread_cpu();
  const bool adopted = adopt_newest();
  read_ = false;
  const bool nf_tables = read_nf_tables_again(now, links);
  const bool ip_tables = read_ip_tables_again(now);
  const bool moved = addresses_changed(links, addresses);
  const bool ipvs = read_ipvs_again(now, links);
  const bool changed = nf_tables || ip_tables || ipvs || moved || !reading_.rules;
  if (changed) walk();
  if (memory_ && (changed || read_)) {
    shared_ = std::make_shared<const NatReading>(reading_);
    memory_->set(shared_);
  }
  read_containers(now, changed || adopted);
  read_route_localnet(now, changed || adopted, links);
  // The cost of a read includes processing its result.
  const auto after = rested(now, begin);
  if (nf_tables) next_nf_tables_ = std::max(next_nf_tables_, after);
  if (ip_tables) next_ip_tables_ = std::max(next_ip_tables_, after);
  if (ipvs) next_ipvs_ = std::max(next_ipvs_, after);
  table.nat = reading_.rules;
  table.filters = reading_.filters;
  table.pods_by_container = containers_;
  table.other_containers = other_containers_;
  table.route_localnet = route_localnet_;
  std::ranges::copy(reading_.problems, std::back_inserter(table.coverage.problems));
  std::ranges::copy(reading_.limits, std::back_inserter(table.coverage.limits));
}

// Adopts the reading if another scanner of this node has read something in the meantime.
bool NatScan::adopt_newest() {
  auto newest = memory_ ? memory_->get() : nullptr;
  if (!newest || newest == shared_) return false;
  reading_ = *newest;
  shared_ = std::move(newest);
  return true;
}

// An equal value keeps the existing object, which derived results share.
template <class T>
bool NatScan::replace(T& known, T fresh) {
  read_ = true;
  if (fresh == known) return false;
  known = std::move(fresh);
  return true;
}

SteadyTime NatScan::rested(SteadyTime now, std::chrono::nanoseconds cpu_at_begin) const {
  return now + kRest * (node_.clock->thread_cpu() - cpu_at_begin);
}

bool NatScan::read_nf_tables_again(SteadyTime now, std::span<const Link> links) {
  if (now < next_nf_tables_) return false;
  const auto generation = nf_tables_generation(*node_.netlink);
  const bool sets_are_old = reading_.names_ip_sets && next_ip_sets_ <= now;
  const bool same = generation && *generation && reading_.generation == **generation &&
                    are_named_so(reading_.interfaces, links);
  if (same && !sets_are_old) return false;
  const auto begin = node_.clock->thread_cpu();
  FilterReading fresh;
  reading_.generation.reset();
  reading_.names_ip_sets = false;
  reading_.interfaces.clear();
  if (!generation) {
    fresh.error = generation.error();
  } else if (auto read = read_nf_tables(*node_.netlink); !read) {
    fresh.error = std::move(read).error();
  } else {
    fresh.tables = shared(std::move(read->tables));
    fresh.filters = shared(std::move(read->filters));
    fresh.unknown = std::move(read->unknown);
    fresh.unknown_filters = std::move(read->unknown_filters);
    fresh.malformed = std::move(read->malformed);
    fresh.unsteady = read->changed_meanwhile;
    if (!read->changed_meanwhile && !read->absent) reading_.generation = read->generation;
    reading_.names_ip_sets = read->names_ip_sets;
    reading_.interfaces = std::move(read->interfaces);
    next_ip_sets_ = now + kIpSetsPause;
  }
  const bool changed = replace(reading_.nf_tables, std::move(fresh));
  const bool absent = generation && !*generation;
  next_nf_tables_ = std::max(now + (absent ? kAbsentPause : kNfTablesPause), rested(now, begin));
  return changed;
}

bool NatScan::read_ip_tables_again(SteadyTime now) {
  if (now < next_ip_tables_) return false;
  const auto begin = node_.clock->thread_cpu();
  bool changed = false;
  if (const auto tables = read_ip_tables(*node_.ip_tables, *node_.files); !tables) {
    reading_.ip_tables_print.reset();
    FilterReading none;
    none.error = tables.error();
    changed = replace(reading_.ip_tables, std::move(none));
  } else if (const auto print = ip_tables_fingerprint(*tables); print != reading_.ip_tables_print) {
    reading_.ip_tables_print = print;
    changed = replace(reading_.ip_tables, decode(*tables));
  }
  next_ip_tables_ = std::max<SteadyTime>(now + kIpTablesPause, rested(now, begin));
  return changed;
}

FilterReading NatScan::decode(std::span<const IpTable> tables) {
  FilterReading fresh;
  IpSets sets(*node_.netlink);
  auto decoded = decode_ip_tables(tables, fresh.unknown, fresh.unknown_filters, sets.lookup());
  // The same bytes may mean different rules later: sets change independently.
  if (sets.asked() || !decoded) reading_.ip_tables_print.reset();
  if (!decoded) {
    fresh.error = std::move(decoded).error();
    return fresh;
  }
  const auto filters = std::ranges::stable_partition(
      *decoded, [](const PacketTable& table) { return table.name != "filter"; });
  fresh.filters =
      shared({std::make_move_iterator(filters.begin()), std::make_move_iterator(filters.end())});
  decoded->erase(filters.begin(), filters.end());
  fresh.tables = shared(*std::move(decoded));
  return fresh;
}

bool NatScan::read_ipvs_again(SteadyTime now, std::span<const Link> links) {
  if (now < next_ipvs_) return false;
  const auto begin = node_.clock->thread_cpu();
  IpvsReading fresh;
  if (auto read = read_ipvs(*node_.netlink, *node_.files, reading_.local_addresses)) {
    fresh.table = *std::move(read);
  } else {
    fresh.error = std::move(read).error();
  }
  fresh.kube_proxy = contains(links, "kube-ipvs0", &Link::name);
  const bool changed = replace(reading_.ipvs, std::move(fresh));
  next_ipvs_ = std::max<SteadyTime>(now + kIpvsPause, rested(now, begin));
  return changed;
}

bool NatScan::addresses_changed(std::span<const Link> links, std::span<const Address> addresses) {
  const auto services = service_devices(links);
  std::vector<IpAddress> local;
  for (const Address& address : addresses) {
    // Every pod's device has an IPv6 link-local address: these come and go.
    const bool link_local = address.ip.family == AddressFamily::ipv6 && is_link_local(address.ip);
    if (!link_local && !is_service_address(address, services)) local.push_back(address.ip);
  }
  std::ranges::sort(local);
  const bool changed = local != reading_.local_addresses;
  reading_.local_addresses = std::move(local);
  return changed;
}

void NatScan::walk() {
  std::vector<const PacketTable*> tables;
  for (const FilterReading* source : {&reading_.nf_tables, &reading_.ip_tables}) {
    for (const PacketTable& table : *source->tables) tables.push_back(&table);
  }
  NatWalkOptions options;
  if (!reading_.local_addresses.empty()) options.local_addresses = reading_.local_addresses;
  NatWalk walked = walk_nat(tables, options);
  // Stays true once seen: a firewall that flushes the tables also removes the chains.
  reading_.has_forwarder = reading_.has_forwarder || std::ranges::any_of(tables, [](auto* table) {
                             return programs_forwarded_ports(*table);
                           });
  reading_.filters = std::make_shared<const PortFilters>(
      std::vector{reading_.nf_tables.tables, reading_.nf_tables.filters, reading_.ip_tables.tables,
                  reading_.ip_tables.filters});
  reading_.problems.clear();
  reading_.limits.clear();
  const auto narrowed = [&](NatSource source) {
    return std::ranges::any_of(walked.rules, [&](const NatRule& rule) {
      return rule.source == source && rule.scope.certainty == Certainty::unknown;
    });
  };
  tell(reading_.nf_tables, narrowed(NatSource::nf_tables));
  tell(reading_.ip_tables, narrowed(NatSource::ip_tables));
  tell(reading_.ipvs);
  if (!walked.complete) {
    reading_.problems.push_back({.code = "nat_rules_too_many",
                                 .message = "there are more NAT rules than were read",
                                 .remedy = std::string(kReport)});
  }
  // After all others: IPVS gets what no other rule took.
  std::ranges::move(ipvs_rules(reading_.ipvs.table, reading_.ipvs.kube_proxy),
                    std::back_inserter(walked.rules));
  const bool complete = reading_.problems.empty() && !reading_.nf_tables.error &&
                        !reading_.ip_tables.error && !reading_.ipvs.error;
  reading_.rules =
      std::make_shared<const NatRules>(NatRules::Facts{.rules = std::move(walked.rules),
                                                       .complete = complete,
                                                       .has_forwarder = reading_.has_forwarder});
}

void NatScan::tell(const Error& error) {
  const auto remedy_for = [](Reason reason) -> std::string_view {
    if (reason == Reason::denied) return "add NET_ADMIN in the host's user namespace";
    if (reason == Reason::exhausted) {
      return "they are read again: fewer rules, or fewer changes of them, help";
    }
    return kReport;
  };
  if (error.reason == Reason::unsupported) {
    reading_.limits.push_back({.code = "nat_rules_not_read",
                               .message = "NAT rules cannot be read here: " + error.message});
    return;
  }
  reading_.problems.push_back(read_problem("nat_rules_failed", error, remedy_for(error.reason)));
}

void NatScan::tell(const IpvsReading& ipvs) {
  if (ipvs.error) tell(*ipvs.error);
  if (ipvs.table.by_mark > 0) {
    reading_.limits.push_back(
        {.code = "ipvs_by_mark",
         .message = fmt::format("of {} IPVS service{} by firewall mark it cannot be "
                                "told to which ports packets with the mark go",
                                ipvs.table.by_mark, ipvs.table.by_mark == 1 ? "" : "s")});
  }
  if (ipvs.table.without_servers > 0) {
    reading_.limits.push_back(
        {.code = "ipvs_too_many",
         .message = fmt::format("of {} IPVS services the servers were not asked for: more than {}",
                                ipvs.table.without_servers, kMostIpvsServerReads)});
  }
}

void NatScan::tell(const FilterReading& source, bool narrowed_by_unknown) {
  if (source.error) tell(*source.error);
  if (source.unsteady) {
    reading_.problems.push_back(
        {.code = "nat_rules_unsteady",
         .message = "nf_tables' rules changed all the time while they were read",
         .remedy = "wait, they will be read again"});
  }
  if (!source.malformed.empty()) {
    reading_.problems.push_back(
        {.code = "nat_rules_malformed",
         .message = "parts of the NAT rules cannot be read: " + words_of(source.malformed),
         .remedy = std::string(kReport)});
  }
  if (!source.unknown_filters.empty()) {
    reading_.limits.push_back(
        {.code = "filter_rules_unknown",
         .message = "parts of the packet filters are not understood, and count as "
                    "conditions: " +
                    words_of(source.unknown_filters)});
  }
  if (source.unknown.empty()) return;
  Problem unknown{
      .code = "nat_rules_unknown",
      .message = "parts of the NAT rules are not understood: " + words_of(source.unknown),
      .remedy = std::string(kReport)};
  // If no rule for a port of this node depends on them, nothing is missing.
  const bool matters = narrowed_by_unknown || has_unknown_target(source.unknown);
  (matters ? reading_.problems : reading_.limits).push_back(std::move(unknown));
}

void NatScan::read_containers(SteadyTime now, bool rules_changed) {
  if (!rules_changed && now < next_containers_) return;
  bool wanted = false, hashed = false;
  for (const NatRule& rule : reading_.rules->rules()) {
    wanted = wanted || !rule.sandbox_id.empty() || !rule.pod_uid.empty();
    hashed = hashed || (rule.owner == RuleOwner::cri_hostport && !rule.sandbox_id.empty());
  }
  next_containers_ = now + kContainersPause;
  std::optional<PodsByContainer> pods;
  if (wanted) pods = read_pod_containers(*node_.files, hashed);
  const bool others = pods && std::ranges::any_of(reading_.rules->rules(), [&](auto& rule) {
                        return !rule.sandbox_id.empty() && !pods->contains(rule.sandbox_id);
                      });
  std::optional<RuntimesByContainer> runtimes;
  if (others) runtimes = read_other_containers(*node_.files);
  keep_where_equal(containers_, std::move(pods));
  keep_where_equal(other_containers_, std::move(runtimes));
}

void NatScan::read_route_localnet(SteadyTime now, bool rules_changed, std::span<const Link> links) {
  if (!rules_changed && now < next_localnet_) return;
  next_localnet_ = now + kLocalnetPause;
  route_localnet_.reset();
  const auto leads_to_loopback = [](const NatTarget& target) {
    return target.address && target.address->is_loopback() &&
           target.address->family == AddressFamily::ipv4;
  };
  const bool wanted = std::ranges::any_of(reading_.rules->rules(), [&](const NatRule& rule) {
    return std::ranges::any_of(rule.targets, leads_to_loopback);
  });
  if (!wanted) return;
  const auto is_on = [&](const std::string& interface) {
    const auto text = node_.files->read("proc/sys/net/ipv4/conf/" + interface + "/route_localnet");
    return text ? std::optional(text->starts_with('1')) : std::nullopt;
  };
  const auto everywhere = is_on("all");
  if (!everywhere) return;
  route_localnet_.emplace();
  for (const Link& link : links) {
    if (*everywhere || is_on(link.name) == true) route_localnet_->push_back(link.name);
  }
}

bool NatScan::forwards_by_ebpf(SteadyTime now, std::span<const Link> links) {
  const auto is_ciliums = [](const Link& link) {
    return link.name == "cilium_host" || link.name == "cilium_net";
  };
  if (std::ranges::any_of(links, is_ciliums)) return true;
  if (now < next_bpf_) return cilium_maps_;
  next_bpf_ = now + kAbsentPause;
  const auto maps = node_.files->list("sys/fs/bpf/tc/globals");
  cilium_maps_ = maps && std::ranges::any_of(*maps, [](const std::string& name) {
                   return name.starts_with("cilium_");
                 });
  return cilium_maps_;
}

}  // namespace hostnet
