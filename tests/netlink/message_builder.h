#pragma once

// Puts netlink bytes together for tests, wrong ones too.

#include <linux/netlink.h>

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace hostnet::testing {

using Bytes = std::vector<std::byte>;

template <class T>
Bytes raw(const T& value) {
  const auto view = std::as_bytes(std::span(&value, 1));
  return {view.begin(), view.end()};
}

inline Bytes text(std::string_view value) {
  const auto view = std::as_bytes(std::span(value));
  Bytes out(view.begin(), view.end());
  out.push_back(std::byte{0});
  return out;
}

template <class... More>
Bytes join(Bytes first, const More&... more) {
  (first.insert(first.end(), more.begin(), more.end()), ...);
  return first;
}

inline Bytes padded(Bytes bytes) {
  bytes.resize((bytes.size() + 3) & ~std::size_t{3});
  return bytes;
}

inline Bytes attribute(unsigned type, const Bytes& value) {
  nlattr header{};
  header.nla_type = static_cast<__u16>(type);
  header.nla_len = static_cast<__u16>(sizeof header + value.size());
  return padded(join(raw(header), value));
}

inline Bytes message(unsigned type, const Bytes& payload, unsigned flags = 0, unsigned sequence = 0,
                     unsigned port_id = 0) {
  nlmsghdr header{};
  header.nlmsg_type = static_cast<__u16>(type);
  header.nlmsg_flags = static_cast<__u16>(flags);
  header.nlmsg_seq = sequence;
  header.nlmsg_pid = port_id;
  header.nlmsg_len = static_cast<__u32>(sizeof header + payload.size());
  return padded(join(raw(header), payload));
}

}  // namespace hostnet::testing
