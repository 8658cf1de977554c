#include "netlink/nat/packets/symbolic.h"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "netlink/nat/packets/netfilter.h"

namespace hostnet {
namespace {

using Bytes = std::span<const std::byte>;

std::uint8_t number_of(std::byte byte) {
  return std::to_integer<std::uint8_t>(byte);
}

// Consecutive bytes of one field.
struct FieldRun {
  std::span<const SymbolicByte> bytes;
  Bytes low, high;

  PacketField field() const { return bytes.front().field; }
  bool is_one_value() const { return std::ranges::equal(low, high); }
  bool is_plain() const {
    return std::ranges::all_of(
        bytes, [](const SymbolicByte& byte) { return byte.mask == 0xFF && byte.flip == 0; });
  }
};

std::size_t run_length(std::span<const SymbolicByte> bytes) {
  std::size_t length = 1;
  while (length < bytes.size() && bytes[length].field == bytes.front().field &&
         (bytes[length].field <= PacketField::random ||
          bytes[length].index == bytes[length - 1].index + 1)) {
    ++length;
  }
  return length;
}

// The first and last value of the whole field that a run matches.
struct FieldSpan {
  std::array<std::uint8_t, 16> first{}, last{};
};

// Whether `mask` continues a prefix: no set bit follows a clear one.
bool continues_prefix(std::uint8_t mask, bool& ended) {
  if (ended) return mask == 0;
  ended = mask != 0xFF;
  const auto holes = static_cast<std::uint8_t>(~mask);
  return (holes & (holes + 1)) == 0;
}

enum class Answer { never, span, unclear };

// For a big-endian field of `size` bytes.
Answer field_span(const FieldRun& run, std::size_t size, FieldSpan& span) {
  if (run.bytes.front().index != 0 || run.bytes.size() > size) return Answer::unclear;
  std::fill_n(span.last.begin(), size, std::uint8_t{0xFF});
  if (!run.is_one_value()) {
    if (!run.is_plain()) return Answer::unclear;
    std::memcpy(span.first.data(), run.low.data(), run.low.size());
    std::memcpy(span.last.data(), run.high.data(), run.high.size());
    return Answer::span;
  }
  bool ended = false;
  for (std::size_t at = 0; at < run.bytes.size(); ++at) {
    const SymbolicByte& byte = run.bytes[at];
    const auto wanted = static_cast<std::uint8_t>(number_of(run.low[at]) ^ byte.flip);
    if ((wanted & ~byte.mask) != 0) return Answer::never;
    if (!continues_prefix(byte.mask, ended)) return Answer::unclear;
    span.first[at] = wanted;
    span.last[at] = static_cast<std::uint8_t>(wanted | static_cast<std::uint8_t>(~byte.mask));
  }
  return Answer::span;
}

std::optional<PacketScope> with_ports(const PacketScope& scope, const FieldRun& run) {
  FieldSpan span;
  PacketScope asked;
  switch (field_span(run, 2, span)) {
    case Answer::never: return std::nullopt;
    case Answer::unclear: asked.certainty = Certainty::conditional; break;
    case Answer::span:
      asked.ports.first = static_cast<std::uint16_t>(span.first[0] << 8U | span.first[1]);
      asked.ports.last = static_cast<std::uint16_t>(span.last[0] << 8U | span.last[1]);
      break;
  }
  return intersection(scope, asked);
}

std::optional<PacketScope> with_destination(const PacketScope& scope, const FieldRun& run,
                                            AddressFamily family) {
  FieldSpan span;
  PacketScope asked;
  asked.family = family;
  switch (field_span(run, family == AddressFamily::ipv4 ? 4 : 16, span)) {
    case Answer::never: return std::nullopt;
    case Answer::unclear: asked.certainty = Certainty::conditional; break;
    case Answer::span: {
      const AddressSpan addresses{{family, span.first}, {family, span.last}};
      const bool everything = span_of_prefix(addresses.first, 0) == addresses;
      if (!everything) asked.destination = addresses;
    } break;
  }
  return intersection(scope, asked);
}

std::optional<PacketScope> with_byte(const PacketScope& scope, const FieldRun& run) {
  PacketScope asked;
  const std::uint8_t value = number_of(run.low[0]);
  if (!run.is_one_value() || !run.is_plain() || run.bytes.size() != 1) {
    asked.certainty = Certainty::conditional;
  } else if (run.field() == PacketField::protocol) {
    asked.ip_protocol = value;
  } else if (value == NFPROTO_IPV4) {
    asked.family = AddressFamily::ipv4;
  } else if (value == NFPROTO_IPV6) {
    asked.family = AddressFamily::ipv6;
  } else {
    return std::nullopt;
  }
  return intersection(scope, asked);
}

std::optional<PacketScope> with_address_type(const PacketScope& scope, const FieldRun& run) {
  PacketScope asked;
  if (run.bytes.size() != sizeof(std::uint32_t) || !run.is_plain() || !run.is_one_value()) {
    asked.certainty = Certainty::conditional;
    return intersection(scope, asked);
  }
  std::uint32_t type = 0;
  std::memcpy(&type, run.low.data(), sizeof type);
  (type == RTN_LOCAL ? asked.local_only : asked.elsewhere) = true;
  return intersection(scope, asked);
}

// Until its name is looked up, an interface is "#" and its number.
std::optional<InterfaceMatch> numbered_interface(const FieldRun& run) {
  std::uint32_t number = 0;
  if (!run.is_one_value() || !run.is_plain() || run.bytes.size() != sizeof number) {
    return std::nullopt;
  }
  std::memcpy(&number, run.low.data(), sizeof number);
  return InterfaceMatch{.name = number == 0 ? "" : "#" + std::to_string(number)};
}

// "eth0" and zeros or, without a zero, only the beginning of the name.
std::optional<InterfaceMatch> interface_of(const FieldRun& run) {
  if (!run.is_one_value() || !run.is_plain() || run.bytes.front().index != 0) return std::nullopt;
  const auto end = std::ranges::find(run.low, std::byte{0});
  InterfaceMatch match{.prefix = end == run.low.end()};
  for (auto at = run.low.begin(); at != end; ++at) {
    match.name += static_cast<char>(number_of(*at));
  }
  return match;
}

std::optional<PacketScope> with_interface(const PacketScope& scope,
                                          const std::optional<InterfaceMatch>& match,
                                          InterfaceMatches PacketScope::* which) {
  PacketScope asked;
  if (match) {
    (asked.*which).push_back(*match);
  } else {
    asked.certainty = Certainty::conditional;
  }
  return intersection(scope, asked);
}

std::optional<PacketScope> with_mark(const PacketScope& scope, const FieldRun& run, MarkKind kind) {
  PacketScope asked;
  if (!run.is_one_value()) {
    asked.certainty = Certainty::conditional;
    return intersection(scope, asked);
  }
  std::array<std::uint8_t, 4> mask{}, value{};
  for (std::size_t at = 0; at < run.bytes.size(); ++at) {
    const SymbolicByte& byte = run.bytes[at];
    const auto wanted = static_cast<std::uint8_t>(number_of(run.low[at]) ^ byte.flip);
    if ((wanted & ~byte.mask) != 0) return std::nullopt;
    mask.at(byte.index) = byte.mask;
    value.at(byte.index) = wanted;
  }
  asked.marks = {{.kind = kind,
                  .mask = std::bit_cast<std::uint32_t>(mask),
                  .value = std::bit_cast<std::uint32_t>(value)}};
  return intersection(scope, asked);
}

bool constant_between(const FieldRun& run) {
  std::vector<std::byte> value;
  for (const SymbolicByte& byte : run.bytes) value.push_back(std::byte{byte.flip});
  return !std::ranges::lexicographical_compare(value, run.low) &&
         !std::ranges::lexicographical_compare(run.high, value);
}

std::optional<PacketScope> between_in_run(const PacketScope& scope, const FieldRun& run) {
  PacketScope narrowed = scope;
  switch (run.field()) {
    case PacketField::constant:
      if (!constant_between(run)) return std::nullopt;
      return scope;
    case PacketField::unknown: narrowed.doubt(Certainty::conditional); return narrowed;
    case PacketField::random: narrowed.doubt(Certainty::random); return narrowed;
    case PacketField::protocol:
    case PacketField::family: return with_byte(scope, run);
    case PacketField::port: return with_ports(scope, run);
    case PacketField::destination4: return with_destination(scope, run, AddressFamily::ipv4);
    case PacketField::destination6: return with_destination(scope, run, AddressFamily::ipv6);
    case PacketField::address_type: return with_address_type(scope, run);
    case PacketField::arrives_on:
      return with_interface(scope, interface_of(run), &PacketScope::arrives_on);
    case PacketField::leaves_on:
      return with_interface(scope, interface_of(run), &PacketScope::leaves_on);
    case PacketField::arrives_index:
      return with_interface(scope, numbered_interface(run), &PacketScope::arrives_on);
    case PacketField::leaves_index:
      return with_interface(scope, numbered_interface(run), &PacketScope::leaves_on);
    case PacketField::mark: return with_mark(scope, run, MarkKind::packet);
    case PacketField::connection_mark: return with_mark(scope, run, MarkKind::connection);
    case PacketField::connection_status: return with_mark(scope, run, MarkKind::status);
    case PacketField::connection_state: return with_mark(scope, run, MarkKind::state);
  }
  return scope;
}

// Also considers the kind of address.
std::vector<PacketScope> outside_of(const PacketScope& scope, const PacketScope& inside) {
  PacketScope other = scope;
  if (inside.elsewhere == scope.elsewhere && inside.local_only == scope.local_only) {
    return difference(scope, inside);
  }
  (inside.elsewhere ? other.local_only : other.elsewhere) = true;
  PacketScope same = inside;
  same.elsewhere = scope.elsewhere;
  std::vector<PacketScope> out = difference(scope, same);
  out.push_back(std::move(other));
  return out;
}

}  // namespace

std::optional<PacketScope> packets_between(const PacketScope& scope,
                                           std::span<const SymbolicByte> bytes, Bytes low,
                                           Bytes high) {
  std::optional<PacketScope> narrowed = scope;
  while (narrowed && !bytes.empty()) {
    const std::size_t length = run_length(bytes);
    narrowed =
        between_in_run(*narrowed, {bytes.first(length), low.first(length), high.first(length)});
    bytes = bytes.subspan(length);
    low = low.subspan(length);
    high = high.subspan(length);
  }
  return narrowed;
}

std::vector<PacketScope> packets_outside(const PacketScope& scope,
                                         std::span<const SymbolicByte> bytes, Bytes low,
                                         Bytes high) {
  PacketScope certain = scope;
  certain.certainty = Certainty::certain;
  const auto inside = packets_between(certain, bytes, low, high);
  if (!inside) return {scope};
  if (inside->certainty == Certainty::certain) return outside_of(scope, *inside);
  PacketScope doubtful = scope;
  doubtful.doubt(inside->certainty);
  return {doubtful};
}

SymbolicMark symbolic_mark(MarkKind kind) {
  const auto field = kind == MarkKind::packet       ? PacketField::mark
                     : kind == MarkKind::connection ? PacketField::connection_mark
                                                    : PacketField::connection_status;
  SymbolicMark mark;
  for (std::size_t at = 0; at < mark.size(); ++at) mark.at(at) = SymbolicByte::of(field, at);
  return mark;
}

std::optional<MarkChange> mark_change(MarkKind kind, std::span<const SymbolicByte> bytes) {
  std::array<std::uint8_t, 4> keep{}, take{}, value{};
  for (std::size_t at = 0; at < value.size(); ++at) {
    const SymbolicByte& byte = bytes[at];
    value.at(at) = byte.flip;
    if (byte.field == PacketField::constant) continue;
    const bool packets = byte.field == PacketField::mark;
    if ((!packets && byte.field != PacketField::connection_mark) || byte.index != at) {
      return std::nullopt;
    }
    (packets == (kind == MarkKind::packet) ? keep : take).at(at) = byte.mask;
  }
  return MarkChange{.kind = kind,
                    .keep = std::bit_cast<std::uint32_t>(keep),
                    .take = std::bit_cast<std::uint32_t>(take),
                    .value = std::bit_cast<std::uint32_t>(value)};
}

std::optional<std::vector<std::byte>> constant_value(std::span<const SymbolicByte> bytes) {
  std::vector<std::byte> value;
  for (const SymbolicByte& byte : bytes) {
    if (byte.field != PacketField::constant) return std::nullopt;
    value.push_back(std::byte{byte.flip});
  }
  return value;
}

std::optional<std::vector<std::byte>> number_before(Bytes number) {
  std::vector<std::byte> out(number.begin(), number.end());
  for (std::size_t at = out.size(); at-- > 0;) {
    const bool borrow = out[at] == std::byte{0};
    out[at] = static_cast<std::byte>(number_of(out[at]) - 1);
    if (!borrow) return out;
  }
  return std::nullopt;
}

std::optional<std::vector<std::byte>> number_after(Bytes number) {
  std::vector<std::byte> out(number.begin(), number.end());
  for (std::size_t at = out.size(); at-- > 0;) {
    const bool carry = out[at] == std::byte{0xFF};
    out[at] = static_cast<std::byte>(number_of(out[at]) + 1);
    if (!carry) return out;
  }
  return std::nullopt;
}

}  // namespace hostnet
