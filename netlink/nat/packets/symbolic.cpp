#include "netlink/nat/packets/symbolic.h"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstring>

#include "netlink/nat/packets/netfilter.h"

namespace hostnet {
namespace {

using Bytes = std::span<const std::byte>;

std::uint8_t number_of(std::byte byte) {
  return std::to_integer<std::uint8_t>(byte);
}

// Bytes of one field, one after the other.
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

// First and last value of the whole field that a run asks for.
struct FieldSpan {
  std::array<std::uint8_t, 16> first{}, last{};
};

// Whether `mask` continues a prefix: no bit is set after one that is not.
bool continues_prefix(std::uint8_t mask, bool& ended) {
  if (ended) return mask == 0;
  ended = mask != 0xFF;
  const auto holes = static_cast<std::uint8_t>(~mask);
  return (holes & (holes + 1)) == 0;
}

enum class Answer { never, span, unclear };

// Of a big-endian field of `size` bytes.
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
    case Answer::unclear: asked.conditional = true; break;
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
    case Answer::unclear: asked.conditional = true; break;
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
    asked.conditional = true;
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
    asked.conditional = true;
    return intersection(scope, asked);
  }
  std::uint32_t type = 0;
  std::memcpy(&type, run.low.data(), sizeof type);
  if (type != RTN_LOCAL) return std::nullopt;
  asked.local_only = true;
  return intersection(scope, asked);
}

// "eth0" and zeros, or, without one, only how the name begins.
std::optional<InterfaceMatch> interface_of(const FieldRun& run) {
  if (!run.is_one_value() || !run.is_plain() || run.bytes.front().index != 0) return std::nullopt;
  const auto end = std::ranges::find(run.low, std::byte{0});
  InterfaceMatch match{.prefix = end == run.low.end()};
  for (auto at = run.low.begin(); at != end; ++at) {
    match.name += static_cast<char>(number_of(*at));
  }
  return match;
}

std::optional<PacketScope> with_interface(const PacketScope& scope, const FieldRun& run,
                                          bool other) {
  PacketScope asked;
  asked.arrives_on = interface_of(run);
  if (asked.arrives_on) {
    asked.arrives_on->other = other;
  } else {
    asked.conditional = true;
  }
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
    case PacketField::unknown: narrowed.conditional = true; return narrowed;
    case PacketField::random: narrowed.random = true; return narrowed;
    case PacketField::protocol:
    case PacketField::family: return with_byte(scope, run);
    case PacketField::port: return with_ports(scope, run);
    case PacketField::destination4: return with_destination(scope, run, AddressFamily::ipv4);
    case PacketField::destination6: return with_destination(scope, run, AddressFamily::ipv6);
    case PacketField::address_type: return with_address_type(scope, run);
    case PacketField::arrives_on: return with_interface(scope, run, false);
  }
  return scope;
}

std::optional<PacketScope> maybe(PacketScope scope) {
  scope.conditional = true;
  return scope;
}

// Fields of which the values that are left over are spans again.
bool has_spans(const FieldRun& run) {
  switch (run.field()) {
    case PacketField::port: return run.bytes.size() == 2;
    case PacketField::destination4: return run.bytes.size() <= 4;
    case PacketField::destination6: return run.bytes.size() <= 16;
    default: return false;
  }
}

// Not this protocol, family, type of address or interface.
std::optional<PacketScope> other_than(const PacketScope& scope, const FieldRun& run) {
  if (run.field() == PacketField::arrives_on) return with_interface(scope, run, true);
  if (!run.is_one_value() || !run.is_plain()) return maybe(scope);
  const std::optional<PacketScope> same = between_in_run(scope, run);
  if (!same) return scope;                  // it is never that
  if (*same == scope) return std::nullopt;  // it is always that
  const std::uint8_t value = number_of(run.low[0]);
  if (run.field() == PacketField::family) {
    PacketScope asked;
    asked.family = value == NFPROTO_IPV4 ? AddressFamily::ipv6 : AddressFamily::ipv4;
    return intersection(scope, asked);
  }
  if (run.field() == PacketField::address_type) return std::nullopt;  // not to this machine
  return maybe(scope);
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
  std::vector<PacketScope> out;
  const auto add = [&](const std::optional<PacketScope>& one) {
    if (one) out.push_back(*one);
  };
  if (bytes.empty()) return out;
  const FieldRun run{bytes, low, high};
  const bool one_run = run_length(bytes) == bytes.size();
  if (one_run && run.field() == PacketField::constant) {
    if (!constant_between(run)) out.push_back(scope);
  } else if (one_run && run.field() == PacketField::random) {
    out.push_back(scope);
    out.back().random = true;
  } else if (one_run && run.field() != PacketField::unknown && !has_spans(run)) {
    add(other_than(scope, run));
  } else if (!one_run || run.field() == PacketField::unknown || !run.is_plain()) {
    add(maybe(scope));
  } else {
    const std::vector<std::byte> least(low.size(), std::byte{0});
    const std::vector<std::byte> most(low.size(), std::byte{0xFF});
    if (const auto below = number_before(low)) add(packets_between(scope, bytes, least, *below));
    if (const auto above = number_after(high)) add(packets_between(scope, bytes, *above, most));
  }
  return out;
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
