#include "netlink/nat/xtables/ip_tables.h"

#include <algorithm>
#include <functional>
#include <map>
#include <span>
#include <string_view>

#include "netlink/attributes.h"
#include "netlink/nat/packets/netfilter.h"
#include "netlink/nat/xtables/xt_extensions.h"

namespace hostnet {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::int32_t kRawPriority = -300, kManglePriority = -150,
                       kFilterPriority = 0;  // NF_IP_PRI_*

// struct ipt_ip and ip6t_ip6, and the part of their entries that follows.
struct Selector4 {
  std::uint8_t source[4], destination[4], source_mask[4], destination_mask[4];
  char in[16], out[16];
  std::uint8_t in_mask[16], out_mask[16];
  std::uint16_t protocol;
  std::uint8_t flags, inverted;
};
struct Selector6 {
  std::uint8_t source[16], destination[16], source_mask[16], destination_mask[16];
  char in[16], out[16];
  std::uint8_t in_mask[16], out_mask[16];
  std::uint16_t protocol;
  std::uint8_t tos, flags, inverted, padding[3];
};
struct EntryRest {
  std::uint32_t nfcache;
  std::uint16_t target_offset, next_offset;
};
// Sizes of struct ipt_entry and ip6t_entry, which end in two 8-byte counters.
constexpr std::size_t kFixed4 = 112, kFixed6 = 168, kCounters = 16;
struct ExtensionHead {  // struct xt_entry_match, xt_entry_target
  std::uint16_t size;
  char name[29];
  std::uint8_t revision;
};
constexpr std::uint8_t kInvertedInput = 0x01, kInvertedOutput = 0x02, kInvertedDestination = 0x10,
                       kInvertedProtocol = 0x40;          // IPT_INV_*
constexpr std::uint8_t kFragment4 = 0x01, kGoto4 = 0x02;  // IPT_F_*
constexpr std::uint8_t kTos6 = 0x02, kGoto6 = 0x04;       // IP6T_F_*

// The conditions in both families' selectors.
struct Selector {
  IpAddress destination, mask;
  std::optional<InterfaceMatch> arrives_on;
  std::optional<InterfaceMatch> leaves_on;
  bool narrowed{}, by_goto{};
  std::uint16_t protocol{};
  std::uint8_t inverted{};
};

template <class T>
bool is_set(const T& bytes) {
  return std::ranges::any_of(bytes, [](auto byte) { return byte != 0; });
}

// Of "eth0" the name and its final zero are compared, of "eth+" the part before the plus sign.
InterfaceMatch entry_interface(const char (&name)[16], const std::uint8_t (&mask)[16]) {
  const auto compared = static_cast<std::size_t>(std::ranges::find(mask, 0) - mask);
  InterfaceMatch match{.name = AttributeTable<0>::text_of(std::as_bytes(std::span(name)))};
  match.prefix = compared <= match.name.size();
  match.name.resize(std::min(match.name.size(), compared));
  return match;
}

template <class T>
Selector selector_of(AddressFamily family, Bytes bytes) {
  const auto raw = copy_of<T>(bytes);
  Selector out{.destination = {.family = family, .bytes = {}},
               .mask = {.family = family, .bytes = {}}};
  std::ranges::copy(raw.destination, out.destination.bytes.begin());
  std::ranges::copy(raw.destination_mask, out.mask.bytes.begin());
  const bool ipv4 = family == AddressFamily::ipv4;
  out.narrowed = is_set(raw.source_mask) || (raw.flags & (ipv4 ? kFragment4 : kTos6)) != 0;
  out.by_goto = (raw.flags & (ipv4 ? kGoto4 : kGoto6)) != 0;
  out.protocol = raw.protocol;
  out.inverted = raw.inverted;
  if (raw.in_mask[0] != 0) {
    out.arrives_on = entry_interface(raw.in, raw.in_mask);
    out.arrives_on->other = (raw.inverted & kInvertedInput) != 0;
  }
  if (raw.out_mask[0] != 0) {
    out.leaves_on = entry_interface(raw.out, raw.out_mask);
    out.leaves_on->other = (raw.inverted & kInvertedOutput) != 0;
  }
  return out;
}

// The addresses that match a mask; unset when it is not a prefix.
std::optional<AddressSpan> span_of_mask(const IpAddress& address, const IpAddress& mask) {
  for (unsigned length = 0; length <= 128; ++length) {
    const auto of_mask = span_of_prefix(mask, length);
    const IpAddress ones = span_of_prefix({.family = mask.family, .bytes = {}}, 0)->last;
    if (of_mask && of_mask->first == mask && span_of_prefix(ones, length)->first == mask) {
      return span_of_prefix(address, length);
    }
  }
  return std::nullopt;
}

std::vector<PacketScope> scopes_of(AddressFamily family, const Selector& selector) {
  PacketScope scope;
  scope.family = family;
  if (selector.arrives_on) scope.arrives_on = {*selector.arrives_on};
  if (selector.leaves_on) scope.leaves_on = {*selector.leaves_on};
  if (selector.narrowed) scope.doubt(Certainty::conditional);
  std::vector<PacketScope> scopes{scope};
  const auto narrow = [&](const PacketScope& asked, bool inverted) {
    std::vector<PacketScope> next;
    for (const PacketScope& one : scopes) {
      if (inverted) {
        std::ranges::move(difference(one, asked), std::back_inserter(next));
      } else if (const auto both = intersection(one, asked)) {
        next.push_back(*both);
      }
    }
    scopes = std::move(next);
  };
  if (selector.protocol != 0) {
    narrow({.ip_protocol = static_cast<std::uint8_t>(selector.protocol)},
           (selector.inverted & kInvertedProtocol) != 0);
  }
  if (selector.mask.is_wildcard()) return scopes;
  if (const auto span = span_of_mask(selector.destination, selector.mask)) {
    narrow({.family = family, .destination = span},
           (selector.inverted & kInvertedDestination) != 0);
  } else {
    for (PacketScope& one : scopes) one.doubt(Certainty::conditional);
  }
  return scopes;
}

std::unexpected<Error> misfit(std::size_t offset, const char* what) {
  return failure(Reason::malformed,
                 std::string("ip_tables entry at ") + std::to_string(offset) + ": " + what);
}

struct Extension {
  std::string name;
  std::uint8_t revision{};
  Bytes info;
};

// A match or target at the start of `bytes`, at most all of them.
std::optional<Extension> extension_in(Bytes bytes, std::size_t& size) {
  const auto head = copy_of<ExtensionHead>(bytes);
  if (bytes.size() < sizeof head || head.size < sizeof head || head.size > bytes.size()) {
    return std::nullopt;
  }
  size = head.size;
  return Extension{.name = AttributeTable<0>::text_of(std::as_bytes(std::span(head.name))),
                   .revision = head.revision,
                   .info = bytes.subspan(sizeof head, size - sizeof head)};
}

// One entry, without its chain.
struct Entry {
  std::size_t offset{}, next{};
  Selector selector;
  Bytes matches;
  Extension target;
};

class IpTableDecoder {
 public:
  IpTableDecoder(AddressFamily family, const IpTableBytes& bytes, UnknownParts& unknown,
                 const IpSetLookup& sets, const std::string& name)
      : family_(family), bytes_(bytes), unknown_(unknown), sets_(sets), name_(name) {}

  Result<PacketTable> decode() {
    if (auto done = split(); !done) return std::unexpected(std::move(done).error());
    find_chains();
    PacketTable table{
        .source = NatSource::ip_tables, .family = family_, .name = name_, .chains = {}};
    PacketChain* chain = nullptr;
    for (const Entry& entry : entries_) {
      if (const auto start = chains_.find(entry.offset); start != chains_.end()) {
        chain = &table.chains.emplace_back(start->second);
      }
      if (chain == nullptr || entry.target.name == "ERROR") continue;
      auto rule = rule_of(entry);
      if (!rule) return std::unexpected(std::move(rule).error());
      if (!rule->alternatives.empty()) chain->rules.push_back(*std::move(rule));
    }
    if (name_ == "filter") std::ranges::for_each(table.chains, take_policy);
    return table;
  }

 private:
  Result<> split() {
    const bool ipv4 = family_ == AddressFamily::ipv4;
    const std::size_t selector = ipv4 ? sizeof(Selector4) : sizeof(Selector6);
    const std::size_t fixed = ipv4 ? kFixed4 : kFixed6;
    for (std::size_t at = 0; at < bytes_.entries.size();) {
      const Bytes rest = Bytes(bytes_.entries).subspan(at);
      if (rest.size() < fixed) return misfit(at, "cut");
      const auto lengths = copy_of<EntryRest>(rest.subspan(selector));
      if (lengths.target_offset < fixed || lengths.next_offset <= lengths.target_offset ||
          lengths.next_offset > rest.size()) {
        return misfit(at, "lengths that do not fit");
      }
      Entry entry{.offset = at, .next = at + lengths.next_offset};
      entry.selector =
          ipv4 ? selector_of<Selector4>(family_, rest) : selector_of<Selector6>(family_, rest);
      entry.matches = rest.subspan(fixed, lengths.target_offset - fixed);
      std::size_t size = 0;
      auto target = extension_in(
          rest.subspan(lengths.target_offset, lengths.next_offset - lengths.target_offset), size);
      if (!target) return misfit(at, "a target that does not fit");
      entry.target = *std::move(target);
      at = entry.next;
      entries_.push_back(std::move(entry));
    }
    return {};
  }

  // Built-in chains begin at the offsets of the hooks, the others after an entry with
  // the target ERROR, which contains the name.
  void find_chains() {
    for (const Entry& entry : entries_) {
      if (entry.target.name != "ERROR") continue;
      chains_[entry.next] = {.name = AttributeTable<0>::text_of(entry.target.info)};
    }
    static constexpr const char* kNames[] = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT",
                                             "POSTROUTING"};
    for (std::size_t hook = 0; hook < bytes_.hook_entry.size(); ++hook) {
      if ((bytes_.valid_hooks >> hook & 1U) == 0) continue;
      PacketChain chain{.name = kNames[hook], .priority = priority()};
      if (name_ != "nat") chain.type = ChainType::filter;
      if (hook == NF_INET_PRE_ROUTING) chain.hook = PacketHook::prerouting;
      if (hook == NF_INET_LOCAL_IN) chain.hook = PacketHook::input;
      if (hook == NF_INET_FORWARD) chain.hook = PacketHook::forward;
      if (hook == NF_INET_LOCAL_OUT) chain.hook = PacketHook::output;
      chains_[bytes_.hook_entry[hook]] = std::move(chain);
    }
  }

  std::int32_t priority() const {
    if (name_ == "raw") return kRawPriority;
    if (name_ == "filter") return kFilterPriority;
    return name_ == "mangle" ? kManglePriority : kNatPriority;
  }

  // The last rule of a base chain, which has no condition, is its policy.
  static void take_policy(PacketChain& chain) {
    if (!chain.hook || chain.rules.empty()) return;
    const PacketRule& last = chain.rules.back();
    const bool drops = last.alternatives.size() == 1 &&
                       last.alternatives.front().action.kind == PacketAction::Kind::drop;
    if (!drops) return;
    chain.drops = true;
    chain.rules.pop_back();
  }

  Result<PacketRule> rule_of(const Entry& entry) {
    PacketRule rule;
    std::vector<PacketScope> scopes = scopes_of(family_, entry.selector);
    for (Bytes rest = entry.matches; !rest.empty();) {
      std::size_t size = 0;
      const auto match = extension_in(rest, size);
      if (!match) return misfit(entry.offset, "a match that does not fit");
      rest = rest.subspan(size);
      auto decoded =
          decode_xt_match({match->name, match->revision, match->info, family_}, unknown_, sets_);
      if (!decoded) return std::unexpected(std::move(decoded).error());
      if (!decoded->comment.empty()) rule.comment = std::move(decoded->comment);
      std::vector<PacketScope> narrowed;
      for (const PacketScope& scope : scopes) {
        for (const PacketScope& asked : decoded->scopes) {
          if (narrowed.size() > kMostAlternatives) break;
          if (const auto both = intersection(scope, asked)) narrowed.push_back(*both);
        }
      }
      if (narrowed.size() > kMostAlternatives) {
        ++unknown_["alternatives beyond " + std::to_string(kMostAlternatives)];
        narrowed.resize(kMostAlternatives);
      }
      scopes = std::move(narrowed);
    }
    const auto actions = actions_of(entry);
    if (!actions) return std::unexpected(actions.error());
    for (const PacketAction& action : *actions) {
      for (const PacketScope& scope : scopes) rule.alternatives.push_back({scope, action, ""});
    }
    return rule;
  }

  Result<std::vector<PacketAction>> actions_of(const Entry& entry) {
    using Kind = PacketAction::Kind;
    const Extension& target = entry.target;
    if (!target.name.empty()) {
      return decode_xt_target({target.name, target.revision, target.info, family_}, unknown_);
    }
    if (target.info.size() < sizeof(std::int32_t)) return misfit(entry.offset, "no verdict");
    const auto verdict = copy_of<std::int32_t>(target.info);
    // Negative: minus the verdict minus one (XT_RETURN is NF_REPEAT's).
    if (verdict == -NF_REPEAT - 1) return std::vector{PacketAction{.kind = Kind::leave}};
    if (verdict == -NF_DROP - 1) return std::vector{PacketAction{.kind = Kind::drop}};
    if (verdict < 0) return std::vector{PacketAction{.kind = Kind::accept}};
    const auto to = static_cast<std::size_t>(verdict);
    if (to == entry.next) return std::vector<PacketAction>{};  // a rule without -j
    const auto chain = chains_.find(to);
    if (chain == chains_.end()) return misfit(entry.offset, "a jump to no chain");
    return std::vector{PacketAction{.kind = entry.selector.by_goto ? Kind::go_to : Kind::jump,
                                    .chain = chain->second.name}};
  }

  AddressFamily family_;
  const IpTableBytes& bytes_;
  UnknownParts& unknown_;
  const IpSetLookup& sets_;
  const std::string& name_;
  std::vector<Entry> entries_;
  std::map<std::size_t, PacketChain> chains_;  // by the offset of their first rule
};

// Depends on everything that is added.
class Fingerprint {
 public:
  void add(Bytes bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    add(std::hash<std::string_view>{}(text));
  }
  void add(std::size_t number) { value_ = (value_ ^ number) * kPrime + (value_ >> kShift); }
  std::size_t value() const { return value_; }

 private:
  static constexpr std::size_t kPrime = 0x9E3779B97F4A7C15, kShift = 29;
  std::size_t value_{};
};

// Skips the counters of matched packets as long as the entries are well formed.
void add_entries(AddressFamily family, Bytes entries, Fingerprint& print) {
  const bool ipv4 = family == AddressFamily::ipv4;
  const std::size_t selector = ipv4 ? sizeof(Selector4) : sizeof(Selector6);
  const std::size_t fixed = ipv4 ? kFixed4 : kFixed6;
  while (entries.size() >= fixed) {
    const std::size_t next = copy_of<EntryRest>(entries.subspan(selector)).next_offset;
    if (next < fixed || next > entries.size()) break;
    print.add(entries.first(fixed - kCounters));
    print.add(entries.first(next).subspan(fixed));
    entries = entries.subspan(next);
  }
  print.add(entries);
}

}  // namespace

std::size_t ip_tables_fingerprint(std::span<const IpTable> tables) {
  Fingerprint print;
  for (const IpTable& table : tables) {
    print.add(static_cast<std::size_t>(table.family));
    print.add(std::as_bytes(std::span(table.name)));
    print.add(table.bytes.valid_hooks);
    for (const auto& hooks : {table.bytes.hook_entry, table.bytes.underflow}) {
      print.add(std::as_bytes(std::span(hooks)));
    }
    add_entries(table.family, table.bytes.entries, print);
  }
  return print.value();
}

Result<PacketTable> decode_ip_table(AddressFamily family, const IpTableBytes& bytes,
                                    UnknownParts& unknown, const IpSetLookup& sets,
                                    const std::string& name) {
  return IpTableDecoder(family, bytes, unknown, sets, name).decode();
}

}  // namespace hostnet
