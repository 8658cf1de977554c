#include "agent/findings/context/finding.h"

#include <fmt/format.h>

namespace hostnet {
namespace {

// FNV-1a, 64 bits (draft-eastlake-fnv). Not SHA-256: initializing libcrypto for it would cost 0.6
// MB of memory on every node.
class Fnv1a {
 public:
  // Adds the field and a separator byte that no field contains.
  void add(std::string_view field) {
    for (const char c : field) add_byte(static_cast<unsigned char>(c));
    add_byte(0);
  }
  std::uint64_t hash() const { return hash_; }

 private:
  void add_byte(unsigned char byte) { hash_ = (hash_ ^ byte) * 0x100000001B3U; }
  std::uint64_t hash_ = 0xCBF29CE484222325U;
};

}  // namespace

std::string finding_id(Verdict verdict, std::optional<Protocol> protocol,
                       std::optional<std::uint16_t> port, std::string_view host_ip,
                       std::string_view pod, std::string_view container) {
  Fnv1a fields;
  fields.add(to_string(verdict));
  fields.add(protocol ? to_string(*protocol) : std::string_view{});
  fields.add(port ? fmt::format_int(*port).str() : std::string{});
  fields.add(host_ip);
  fields.add(pod);
  fields.add(container);
  return fmt::format("{:016x}", fields.hash());
}

Finding make_finding(Verdict verdict, std::optional<Protocol> protocol,
                     std::optional<std::uint16_t> port, std::string_view host_ip,
                     std::string_view pod, std::string_view container) {
  Finding finding;
  finding.id = finding_id(verdict, protocol, port, host_ip, pod, container);
  finding.verdict = verdict;
  finding.severity = info_of(verdict).severity;
  finding.protocol = protocol;
  finding.port = port;
  finding.host_ip = host_ip;
  return finding;
}

}  // namespace hostnet
