#include "netlink/node/recording/recording.h"

#include <fmt/format.h>

#include <algorithm>

#include "netlink/base/ascii.h"
#include "netlink/sock_diag.h"

namespace hostnet {
namespace {

constexpr std::size_t kLongestAttachmentName = 64;

// FNV-1a, 64 bits.
std::uint64_t hash_of_request(const NetlinkRequest& request) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto mix = [&](std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) {
      hash = (hash ^ (value >> (8 * i) & 0xffU)) * 0x100000001b3U;
    }
  };
  mix(static_cast<std::uint32_t>(request.family), 4);
  mix(request.type, 2);
  mix(request.flags, 2);
  for (const std::byte byte : request.body) mix(std::to_integer<std::uint64_t>(byte), 1);
  return hash;
}

}  // namespace

std::string dump_file_name(const NetlinkRequest& request) {
  std::string slug;
  for (const char c : request.doing.substr(0, 40)) {
    slug += is_alphanumeric(c) ? c : '-';
  }
  return fmt::format("{}-{:016x}.bin", slug, hash_of_request(request));
}

std::pair<std::string, std::string> ethtool_key(std::string_view device,
                                                std::span<const std::byte> request) {
  std::string hex;
  for (const std::byte byte : request) hex += fmt::format("{:02x}", std::to_integer<int>(byte));
  hex.erase(hex.find_last_not_of('0') + 1);
  return {std::move(hex), std::string(device)};
}

bool same_request(const NetlinkRequest& a, const NetlinkRequest& b) {
  return a.family == b.family && a.type == b.type && a.flags == b.flags && a.body == b.body;
}

bool is_attachment_name(std::string_view name) {
  const auto allowed = [](char c) {
    return is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kLongestAttachmentName && name.front() != '.' &&
         std::ranges::all_of(name, allowed) && !name.starts_with(kIndexName) && name != "proc" &&
         name != "sys" && name != "netlink";
}

SocketQuery every_socket(Protocol protocol, AddressFamily family) {
  return {.protocol = protocol, .family = family, .states = kEverySocketState, .memory = true};
}

Result<> sockets_in(std::string_view messages, const SocketQuery& query, const SocketSink& sink) {
  return for_each_message(std::as_bytes(std::span(messages)),
                          [&](const NetlinkMessage& message) -> Result<> {
                            auto socket = decode_socket(message, query.protocol);
                            if (!socket) return std::unexpected(std::move(socket).error());
                            if (!matches(query, *socket)) return {};
                            if (!query.memory) socket->drops.reset();
                            sink.on_socket(*socket);
                            return {};
                          });
}

}  // namespace hostnet
