#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>

#include "agent/findings/look.h"

namespace hostnet {

// The first 8 bytes of a SHA-256: 500 findings collide once in 10^14 nodes.
// The fields are separated by a byte that none of them contains.
std::string finding_id(Verdict verdict, std::optional<Protocol> protocol,
                       std::optional<std::uint16_t> port, std::string_view host_ip,
                       std::string_view pod, std::string_view container) {
  std::string text;
  const auto add = [&text](std::string_view field) {
    text += field;
    text += '\0';
  };
  add(to_string(verdict));
  add(protocol ? to_string(*protocol) : std::string_view{});
  add(port ? fmt::format_int(*port).str() : std::string{});
  add(host_ip);
  add(pod);
  add(container);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string id;
  for (std::size_t at = 0; at < 8; ++at) id += fmt::format("{:02x}", digest[at]);
  return id;
}

}  // namespace hostnet
