#pragma once

// The bounds-checked walks of messages.h as templates (a socket dump takes
// millions of steps), and a table of attributes by type. For decoders; nothing
// outside netlink/ needs it.

#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>

#include "netlink/facts.h"
#include "netlink/messages.h"

namespace hostnet {

// The first bytes of `bytes` as a T. The kernel extends structs at their end, so
// a shorter or a longer one than ours is normal: missing fields are zero.
template <class T>
T copy_of(std::span<const std::byte> bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value{};
  if (!bytes.empty()) std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof(T)));
  return value;
}

constexpr std::size_t netlink_aligned(std::size_t length) {
  return (length + 3) & ~std::size_t{3};
}

// The bytes after the fixed struct of `size` bytes that begins a message.
inline std::span<const std::byte> after(std::span<const std::byte> bytes, std::size_t size) {
  return bytes.subspan(std::min(netlink_aligned(size), bytes.size()));
}

inline std::unexpected<Error> malformed_length(const char* what, std::size_t length,
                                               std::size_t rest) {
  return failure(Reason::malformed, std::string("netlink ") + what + " of length " +
                                        std::to_string(length) + " in " + std::to_string(rest) +
                                        " bytes");
}

template <class F>
Result<> walk_messages(std::span<const std::byte> bytes, const F& on_message) {
  while (!bytes.empty()) {
    const auto header = copy_of<nlmsghdr>(bytes);
    if (bytes.size() < sizeof header || header.nlmsg_len < sizeof header ||
        header.nlmsg_len > bytes.size()) {
      return malformed_length("message", header.nlmsg_len, bytes.size());
    }
    const NetlinkMessage message{
        .type = header.nlmsg_type,
        .flags = header.nlmsg_flags,
        .sequence = header.nlmsg_seq,
        .port_id = header.nlmsg_pid,
        .payload = bytes.subspan(sizeof header, header.nlmsg_len - sizeof header)};
    if (Result<> done = on_message(message); !done) return done;
    bytes = after(bytes, header.nlmsg_len);
  }
  return {};
}

template <class F>
Result<> walk_attributes(std::span<const std::byte> bytes, const F& on_attribute) {
  while (!bytes.empty()) {
    const auto header = copy_of<nlattr>(bytes);
    if (bytes.size() < sizeof header || header.nla_len < sizeof header ||
        header.nla_len > bytes.size()) {
      return malformed_length("attribute", header.nla_len, bytes.size());
    }
    const NetlinkAttribute attribute{
        .type = static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK),
        .value = bytes.subspan(sizeof header, header.nla_len - sizeof header)};
    if (Result<> done = on_attribute(attribute); !done) return done;
    bytes = after(bytes, header.nla_len);
  }
  return {};
}

// Attributes by type, 0 to Maximum; higher types are unknown to us and skipped. If a
// type occurs more than once, the last one counts, as in the kernel.
template <std::size_t Maximum>
class AttributeTable {
 public:
  static Result<AttributeTable> of(std::span<const std::byte> bytes) {
    AttributeTable table;
    Result<> walked = walk_attributes(bytes, [&](const NetlinkAttribute& attribute) -> Result<> {
      if (attribute.type <= Maximum) table.values_[attribute.type] = attribute.value;
      return {};
    });
    if (!walked) return std::unexpected(std::move(walked).error());
    return table;
  }

  bool has(std::size_t type) const { return values_[type].data() != nullptr; }
  std::span<const std::byte> operator[](std::size_t type) const { return values_[type]; }

  template <class T>
  std::optional<T> get(std::size_t type) const {
    if (!has(type)) return std::nullopt;
    return copy_of<T>(values_[type]);
  }
  template <class T>
  T get_or(std::size_t type, T otherwise) const {
    return has(type) ? copy_of<T>(values_[type]) : otherwise;
  }
  // A string attribute, up to its first NUL if there is one.
  std::string text(std::size_t type) const { return text_of(values_[type]); }

  static std::string text_of(std::span<const std::byte> bytes) {
    const auto end = std::find(bytes.begin(), bytes.end(), std::byte{0});
    std::string out(static_cast<std::size_t>(end - bytes.begin()), '\0');
    if (!out.empty()) std::memcpy(out.data(), bytes.data(), out.size());
    return out;
  }

 private:
  std::array<std::span<const std::byte>, Maximum + 1> values_{};
};

// An address attribute; unset when it is too short for the family.
inline std::optional<IpAddress> ip_of(AddressFamily family, std::span<const std::byte> bytes) {
  const std::size_t size = family == AddressFamily::ipv4 ? 4 : 16;
  if (bytes.size() < size) return std::nullopt;
  IpAddress ip{.family = family, .bytes = {}};
  std::memcpy(ip.bytes.data(), bytes.data(), size);
  return ip;
}

// AF_INET and AF_INET6 as our families; unset for any other.
inline std::optional<AddressFamily> ip_family(unsigned system_family) {
  if (system_family == AF_INET) return AddressFamily::ipv4;
  if (system_family == AF_INET6) return AddressFamily::ipv6;
  return std::nullopt;
}

// The reverse.
constexpr std::uint8_t system_family(AddressFamily family) {
  return family == AddressFamily::ipv4 ? AF_INET : AF_INET6;
}

}  // namespace hostnet
