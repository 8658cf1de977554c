#include "netlink/nat/nftables/read_nf_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "netlink/attributes.h"
#include "netlink/base/text.h"
#include "netlink/nat/nftables/nft_compile.h"
#include "netlink/nat/packets/netfilter.h"
#include "netlink/rtnetlink/links.h"
#include "netlink/rtnetlink/rtnetlink.h"

namespace hostnet {
namespace {

constexpr int kNfTablesReads = 3;

// How many more rules and set elements may be read.
struct Room {
  std::size_t left{kMostNftParts};
};

template <class T>
std::size_t parts_of(const T& /*one*/) {
  return 1;
}
std::size_t parts_of(const std::vector<NftElement>& elements) {
  return elements.size();
}

// All answers to a request, each decoded. Those that do not decode are counted.
template <class T>
Result<std::vector<T>> every_answer(Netlink& netlink, const NetlinkRequest& request,
                                    Result<T> (*decode)(const NetlinkMessage&),
                                    UnknownParts& malformed, Room& room) {
  std::vector<T> out;
  UnknownParts wrong;
  std::size_t left = room.left;
  const DumpSink sink{[&] {
                        out.clear();
                        wrong.clear();
                        left = room.left;
                      },
                      [&](const NetlinkMessage& message) -> Result<> {
                        auto one = decode(message);
                        if (one) {
                          const std::size_t parts = parts_of(*one);
                          if (parts > left) {
                            return failure(
                                Reason::exhausted,
                                fmt::format("{}: more than {} rules and elements of sets",
                                            request.doing, kMostNftParts));
                          }
                          left -= parts;
                          out.push_back(*std::move(one));
                        } else {
                          ++wrong[request.doing + ": " + one.error().message];
                        }
                        return {};
                      }};
  if (auto done = netlink.dump(request, sink); !done) {
    return std::unexpected(std::move(done).error());
  }
  room.left = left;
  for (const auto& [what, count] : wrong) malformed[what] += count;
  return out;
}

// Reads one table: chains and rules at once, sets when a rule needs them.
class TableReader {
 public:
  // `out` collects the findings about all tables; `unknown` is one of its members.
  TableReader(Netlink& netlink, NftTableId id, const IpSetLookup& ip_sets, UnknownParts& unknown,
              PacketTables& out, Room& room)
      : netlink_(netlink),
        id_(std::move(id)),
        ip_sets_(ip_sets),
        unknown_(unknown),
        malformed_(out.malformed),
        interfaces_(out.interfaces),
        room_(room) {}

  Result<PacketTable> read(const std::vector<NftChain>& chains) {
    PacketTable out{.source = NatSource::nf_tables,
                    .family = ip_family(id_.family),
                    .name = id_.name,
                    .chains = {}};
    std::map<std::string, std::size_t> places;
    for (const NftChain& chain : chains) {
      if (chain.table != id_) continue;
      places.emplace(chain.name, out.chains.size());
      out.chains.push_back({.name = chain.name,
                            .hook = chain.hook,
                            .priority = chain.priority,
                            .type = chain.type,
                            .drops = chain.drops});
    }
    auto rules = every_answer(netlink_, nft_list_request(NftList::rules, id_), decode_nft_rule,
                              malformed_, room_);
    if (!rules) return std::unexpected(rules.error());
    const NftSetLookup lookup = [this](std::string_view name) { return set(name); };
    for (NftRule& kept : *rules) {
      const NftRule rule = std::move(kept);  // frees each rule after use
      const auto place = places.find(rule.chain);
      if (place == places.end()) continue;  // it appeared between the two dumps
      auto compiled = compile_nft_rule(rule, lookup, unknown_, ip_sets_);
      if (!compiled && compiled.error().reason == Reason::malformed) {
        ++malformed_[compiled.error().message];
        continue;
      }
      if (!compiled) return std::unexpected(std::move(compiled).error());
      for (PacketAlternative& alternative : compiled->alternatives) {
        for (auto* matches : {&alternative.scope.arrives_on, &alternative.scope.leaves_on}) {
          if (auto done = name_interfaces(*matches); !done) return std::unexpected(done.error());
        }
      }
      if (!compiled->alternatives.empty()) {
        out.chains[place->second].rules.push_back(*std::move(compiled));
      }
    }
    return out;
  }

 private:
  // Replaces "#2" by the name of interface 2.
  Result<> name_interfaces(InterfaceMatches& matches) {
    for (InterfaceMatch& match : matches) {
      if (!match.name.starts_with('#')) continue;
      if (!links_) {
        auto read = read_links(netlink_);
        if (!read) return std::unexpected(std::move(read).error());
        links_ = *std::move(read);
      }
      const auto number = parse_number<std::uint32_t>(std::string_view(match.name).substr(1));
      if (!number) continue;
      const Link* link = find_link(*links_, *number);
      if (link != nullptr) match.name = link->name;  // a missing one matches nothing
      interfaces_[*number] = link != nullptr ? link->name : std::string{};
    }
    return {};
  }

  Result<const NftSet*> set(std::string_view name) {
    if (!sets_known_) {
      auto listed = every_answer(netlink_, nft_list_request(NftList::sets, id_), decode_nft_set,
                                 malformed_, room_);
      if (!listed) return std::unexpected(std::move(listed).error());
      for (NftSet& one : *listed) sets_.insert_or_assign(one.name, std::move(one));
      sets_known_ = true;
    }
    const auto at = sets_.find(name);
    if (at == sets_.end()) return nullptr;
    if (!with_elements_.insert(at->first).second) return &at->second;
    auto elements = every_answer(netlink_, nft_elements_request(id_, at->first),
                                 decode_nft_elements, malformed_, room_);
    if (!elements) return std::unexpected(std::move(elements).error());
    for (auto& some : *elements) {
      std::ranges::move(some, std::back_inserter(at->second.elements));
    }
    if (is_interval_set(at->second)) {
      close_intervals(at->second.elements);
    } else {  // a hash table has no order
      std::ranges::sort(at->second.elements, {}, &NftElement::key);
    }
    return &at->second;
  }

  Netlink& netlink_;
  NftTableId id_;
  const IpSetLookup& ip_sets_;
  UnknownParts& unknown_;
  UnknownParts& malformed_;
  std::map<std::uint32_t, std::string>& interfaces_;
  Room& room_;
  std::map<std::string, NftSet, std::less<>> sets_;
  std::set<std::string> with_elements_;
  std::optional<std::vector<Link>> links_;
  bool sets_known_{};
};

bool is_filter(const NftChain& chain) {
  return chain.type == ChainType::filter &&
         (chain.hook == PacketHook::input || chain.hook == PacketHook::forward);
}

// A filter that sees this machine's own packets after their translation does not
// change who gets them.
bool may_decide(const NftChain& chain) {
  if (is_filter(chain)) return false;
  return chain.type == ChainType::nat || chain.hook == PacketHook::prerouting ||
         chain.priority <= kNatPriority;
}

Result<PacketTables> read_once(Netlink& netlink) {
  PacketTables out;
  Room room;
  const auto chains = every_answer(netlink, nft_list_request(NftList::chains, std::nullopt),
                                   decode_nft_chain, out.malformed, room);
  if (!chains) return std::unexpected(chains.error());
  std::set<NftTableId> decisive, filtering;
  for (const NftChain& chain : *chains) {
    if (chain.hook && may_decide(chain)) decisive.insert(chain.table);
    if (is_filter(chain)) filtering.insert(chain.table);
  }
  IpSets ip_sets(netlink);
  const IpSetLookup ip_set_lookup = ip_sets.lookup();
  if (decisive.empty() && filtering.empty()) return out;
  const auto tables = every_answer(netlink, nft_list_request(NftList::tables, std::nullopt),
                                   decode_nft_table, out.malformed, room);
  if (!tables) return std::unexpected(tables.error());
  for (const NftTable& table : *tables) {
    const bool decides = decisive.contains(table.id);
    if (table.dormant || (!decides && !filtering.contains(table.id))) continue;
    auto read = TableReader(netlink, table.id, ip_set_lookup,
                            decides ? out.unknown : out.unknown_filters, out, room)
                    .read(*chains);
    if (!read && !decides && read.error().reason == Reason::unsupported) continue;
    if (!read) return std::unexpected(std::move(read).error());
    (decides ? out.tables : out.filters).push_back(*std::move(read));
  }
  out.names_ip_sets = ip_sets.asked();
  return out;
}

}  // namespace

Result<std::optional<std::uint32_t>> nf_tables_generation(Netlink& netlink) {
  UnknownParts malformed;
  Room room;
  const auto told =
      every_answer(netlink, nft_generation_request(), decode_nft_generation, malformed, room);
  if (told) return told->empty() ? 0 : told->back();
  // The kernel answers an unsupported request with an errno; a recording that does not
  // contain the request has none.
  const Error& error = told.error();
  if (error.reason == Reason::unsupported && error.system_error != 0) return std::nullopt;
  return std::unexpected(error);
}

Result<PacketTables> read_nf_tables(Netlink& netlink) {
  Result<PacketTables> out;
  for (int attempt = 0; attempt < kNfTablesReads; ++attempt) {
    const auto before = nf_tables_generation(netlink);
    if (!before) return std::unexpected(before.error());
    if (!*before) {
      out->absent = true;
      return out;
    }
    out = read_once(netlink);
    if (out) out->generation = **before;
    const auto after = nf_tables_generation(netlink);
    if (!after) return std::unexpected(after.error());
    if (*before == *after) return out;
    // An object that disappeared between two requests is no failure: the next attempt finds out.
    if (!out && out.error().reason != Reason::vanished) return out;
  }
  if (out) out->changed_meanwhile = true;
  return out;
}

}  // namespace hostnet
