#include "agent/ports/nat/nat_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/ports/nat/pod_containers.h"
#include "agent/ports/nat/service_addresses.h"
#include "netlink/nat/ipvs/ipvs_rules.h"
#include "netlink/nat/nftables/read_nf_tables.h"
#include "netlink/nat/recognize.h"
#include "netlink/nat/walk_nat.h"
#include "netlink/nat/xtables/ip_tables.h"

namespace hostnet {
namespace {

constexpr std::size_t kNamedParts = 8;
constexpr std::string_view kReport = "report it with the output of `hostnet-agent record`";

std::string words_of(const UnknownParts& parts) {
  std::string words;
  std::size_t named = 0;
  for (const auto& [name, count] : parts) {
    if (named++ == kNamedParts) {
      return words + fmt::format(" and {} more", parts.size() - kNamedParts);
    }
    words += fmt::format("{}{} ({} times)", words.empty() ? "" : ", ", name, count);
  }
  return words;
}

// A target may send packets anywhere.
bool has_unknown_target(const UnknownParts& parts) {
  return std::ranges::any_of(parts,
                             [](const auto& part) { return part.first.starts_with("target "); });
}

PortFilters::Tables shared(std::vector<PacketTable> tables) {
  return std::make_shared<const std::vector<PacketTable>>(std::move(tables));
}

// What was read again and is as before stays the object that it was: snapshots compare those.
template <class T>
void keep_where_equal(std::shared_ptr<const T>& kept, std::optional<T> fresh) {
  if (kept && fresh && *kept == *fresh) return;
  kept = fresh ? std::make_shared<const T>(*std::move(fresh)) : nullptr;
}

}  // namespace

bool NatScan::Source::operator==(const Source& other) const {
  return *tables == *other.tables && *filters == *other.filters && unknown == other.unknown &&
         unknown_filters == other.unknown_filters && malformed == other.malformed &&
         error == other.error && unsteady == other.unsteady && next == other.next;
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
  // The preflight says what that costs.
  if (!node_.identity.has_capability(Identity::kNetAdmin)) return;
  const auto begin = node_.clock->thread_cpu();
  const bool nf_tables = read_nf_tables_again(now);
  const bool ip_tables = read_ip_tables_again(now);
  const bool moved = addresses_changed(links, addresses);
  const bool ipvs = read_ipvs_again(now, links);
  const bool changed = nf_tables || ip_tables || ipvs || moved || !rules_;
  if (changed) walk();
  read_containers(now, changed);
  read_route_localnet(now, changed, links);
  // What is made of what was read is part of its cost.
  const auto rested = now + kRest * (node_.clock->thread_cpu() - begin);
  if (nf_tables) nf_tables_.next = std::max(nf_tables_.next, rested);
  if (ip_tables) ip_tables_.next = std::max(ip_tables_.next, rested);
  if (ipvs) ipvs_.next = std::max(ipvs_.next, rested);
  table.nat = rules_;
  table.filters = filters_;
  table.pods_by_container = containers_;
  table.other_containers = other_containers_;
  table.route_localnet = route_localnet_;
  std::ranges::copy(problems_, std::back_inserter(table.coverage.problems));
  std::ranges::copy(limits_, std::back_inserter(table.coverage.limits));
}

template <class T>
bool NatScan::replace(T& known, T fresh, SteadyTime now, std::chrono::nanoseconds pause,
                      std::chrono::nanoseconds cpu_at_begin) const {
  const auto cost = node_.clock->thread_cpu() - cpu_at_begin;
  fresh.next = known.next;
  const bool changed = fresh != known;
  fresh.next = now + std::max(pause, kRest * cost);
  known = std::move(fresh);
  return changed;
}

bool NatScan::read_nf_tables_again(SteadyTime now) {
  if (now < nf_tables_.next) return false;
  const auto generation = nf_tables_generation(*node_.netlink);
  const bool sets_are_old = next_ip_sets_ && *next_ip_sets_ <= now;
  if (generation && *generation && generation_ == **generation && !sets_are_old) return false;
  const auto begin = node_.clock->thread_cpu();
  Source fresh;
  generation_.reset();
  next_ip_sets_.reset();
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
    if (!read->changed_meanwhile && !read->absent) generation_ = read->generation;
    if (read->names_ip_sets) next_ip_sets_ = now + kIpSetsPause;
  }
  const bool absent = generation && !*generation;
  return replace(nf_tables_, std::move(fresh), now, absent ? kAbsentPause : kNfTablesPause, begin);
}

bool NatScan::read_ip_tables_again(SteadyTime now) {
  if (now < ip_tables_.next) return false;
  const auto begin = node_.clock->thread_cpu();
  Source fresh;
  IpSets sets(*node_.netlink);
  auto read = read_ip_tables(*node_.ip_tables, *node_.files, fresh.unknown, fresh.unknown_filters,
                             sets.lookup());
  if (read) {
    const auto filters = std::ranges::stable_partition(
        *read, [](const PacketTable& table) { return table.name != "filter"; });
    fresh.filters =
        shared({std::make_move_iterator(filters.begin()), std::make_move_iterator(filters.end())});
    read->erase(filters.begin(), filters.end());
    fresh.tables = shared(*std::move(read));
  } else {
    fresh.error = std::move(read).error();
  }
  return replace(ip_tables_, std::move(fresh), now, kIpTablesPause, begin);
}

bool NatScan::read_ipvs_again(SteadyTime now, std::span<const Link> links) {
  if (now < ipvs_.next) return false;
  const auto begin = node_.clock->thread_cpu();
  Ipvs fresh;
  if (auto read = read_ipvs(*node_.netlink, *node_.files, local_addresses_)) {
    fresh.table = *std::move(read);
  } else {
    fresh.error = std::move(read).error();
  }
  fresh.kube_proxy = std::ranges::find(links, "kube-ipvs0", &Link::name) != links.end();
  return replace(ipvs_, std::move(fresh), now, kIpvsPause, begin);
}

bool NatScan::addresses_changed(std::span<const Link> links, std::span<const Address> addresses) {
  const auto services = service_devices(links);
  std::vector<IpAddress> local;
  for (const Address& address : addresses) {
    // Every pod's device has one of IPv6: they come and go.
    const bool link_local = address.ip.family == AddressFamily::ipv6 && is_link_local(address.ip);
    if (!link_local && !is_service_address(address, services)) local.push_back(address.ip);
  }
  std::ranges::sort(local);
  const bool changed = local != local_addresses_;
  local_addresses_ = std::move(local);
  return changed;
}

void NatScan::walk() {
  std::vector<const PacketTable*> tables;
  for (const Source* source : {&nf_tables_, &ip_tables_}) {
    for (const PacketTable& table : *source->tables) tables.push_back(&table);
  }
  NatWalkOptions options;
  if (!local_addresses_.empty()) options.local_addresses = local_addresses_;
  NatWalk walked = walk_nat(tables, options);
  // Once seen, known: a firewall that flushes the tables takes the chains, too.
  has_forwarder_ = has_forwarder_ || std::ranges::any_of(tables, [](auto* table) {
                     return programs_forwarded_ports(*table);
                   });
  filters_ = std::make_shared<const PortFilters>(
      std::vector{nf_tables_.tables, nf_tables_.filters, ip_tables_.tables, ip_tables_.filters});
  problems_.clear();
  limits_.clear();
  const auto narrowed = [&](NatSource source) {
    return std::ranges::any_of(walked.rules, [&](const NatRule& rule) {
      return rule.source == source && rule.scope.certainty == Certainty::unknown;
    });
  };
  tell(nf_tables_, narrowed(NatSource::nf_tables));
  tell(ip_tables_, narrowed(NatSource::ip_tables));
  tell(ipvs_);
  if (!walked.complete) {
    problems_.push_back({.code = "nat_rules_too_many",
                         .message = "there are more NAT rules than were read",
                         .remedy = std::string(kReport)});
  }
  // Behind all others: IPVS gets what none of them took.
  std::ranges::move(ipvs_rules(ipvs_.table, ipvs_.kube_proxy), std::back_inserter(walked.rules));
  const bool complete = problems_.empty() && !nf_tables_.error && !ip_tables_.error && !ipvs_.error;
  rules_ = std::make_shared<const NatRules>(NatRules::Facts{
      .rules = std::move(walked.rules), .complete = complete, .has_forwarder = has_forwarder_});
}

void NatScan::tell(const Error& error) {
  if (error.reason == Reason::unsupported) {
    limits_.push_back({.code = "nat_rules_not_read",
                       .message = "NAT rules cannot be read here: " + error.message});
    return;
  }
  problems_.push_back(read_problem(
      "nat_rules_failed", error,
      error.reason == Reason::denied ? "add NET_ADMIN in the host's user namespace" : kReport));
}

void NatScan::tell(const Ipvs& ipvs) {
  if (ipvs.error) tell(*ipvs.error);
  if (ipvs.table.by_mark > 0) {
    limits_.push_back(
        {.code = "ipvs_by_mark",
         .message = fmt::format("of {} IPVS service{} by firewall mark it cannot be "
                                "told to which ports packets with the mark go",
                                ipvs.table.by_mark, ipvs.table.by_mark == 1 ? "" : "s")});
  }
  if (ipvs.table.without_servers > 0) {
    limits_.push_back(
        {.code = "ipvs_too_many",
         .message = fmt::format("of {} IPVS services the servers were not asked for: more than {}",
                                ipvs.table.without_servers, kMostIpvsServerReads)});
  }
}

void NatScan::tell(const Source& source, bool narrowed_by_unknown) {
  if (source.error) tell(*source.error);
  if (source.unsteady) {
    problems_.push_back({.code = "nat_rules_unsteady",
                         .message = "nf_tables' rules changed all the time while they were read",
                         .remedy = "wait: they are read again"});
  }
  if (!source.malformed.empty()) {
    problems_.push_back(
        {.code = "nat_rules_malformed",
         .message = "parts of the NAT rules cannot be read: " + words_of(source.malformed),
         .remedy = std::string(kReport)});
  }
  if (!source.unknown_filters.empty()) {
    limits_.push_back({.code = "filter_rules_unknown",
                       .message = "parts of the packet filters are not understood, and count as "
                                  "conditions: " +
                                  words_of(source.unknown_filters)});
  }
  if (source.unknown.empty()) return;
  Problem unknown{
      .code = "nat_rules_unknown",
      .message = "parts of the NAT rules are not understood: " + words_of(source.unknown),
      .remedy = std::string(kReport)};
  // Where no rule for a port of this node depends on them nothing is missing.
  const bool matters = narrowed_by_unknown || has_unknown_target(source.unknown);
  (matters ? problems_ : limits_).push_back(std::move(unknown));
}

void NatScan::read_containers(SteadyTime now, bool rules_changed) {
  if (!rules_changed && now < next_containers_) return;
  bool wanted = false, hashed = false;
  for (const NatRule& rule : rules_->rules()) {
    wanted = wanted || !rule.sandbox_id.empty() || !rule.pod_uid.empty();
    hashed = hashed || (rule.owner == RuleOwner::cri_hostport && !rule.sandbox_id.empty());
  }
  next_containers_ = now + kContainersPause;
  std::optional<PodsByContainer> pods;
  if (wanted) pods = read_pod_containers(*node_.files, hashed);
  const bool others = pods && std::ranges::any_of(rules_->rules(), [&](auto& rule) {
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
  const bool wanted = std::ranges::any_of(rules_->rules(), [&](const NatRule& rule) {
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
