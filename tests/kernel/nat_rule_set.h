#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace hostnet::testing {

enum class NatTool { nft, iptables_legacy, iptables_nft };

// Rules that the kernel has at one time, each a line that can be left out.
struct NatRuleSet {
  NatTool tool{};
  std::vector<std::string> head;      // nft's tables, chains and sets
  std::vector<std::string> localnet;  // devices that route packets to loopback
  std::vector<std::string> rules;     // of nft; of iptables "4 nat -A PREROUTING …"
  std::string to_string() const;
  // Replaces all rules of this network namespace by these, those aside that nft does not
  // take; whether that succeeded.
  bool load();
  bool load_nft(const std::string& begin);
};

// The ports that rules are about, and what stands on the machine.
inline constexpr std::uint16_t kFirstNatPort = 20000, kNatPorts = 24;
inline constexpr std::uint16_t kOtherNatPorts[] = {9000, 9001, 9002};
inline constexpr std::uint16_t kProxyPorts[] = {50080, 50081};
inline constexpr std::uint16_t kPodPorts[] = {80, 81};
inline constexpr const char* kNodeAddresses4[] = {"10.9.0.1", "10.8.0.1", "10.55.0.1", "10.7.7.7"};
inline constexpr const char* kNodeAddresses6[] = {"fd00:9::1", "fd00:8::1", "fd00:55::1"};
inline constexpr const char *kPod4 = "10.55.0.5", *kPod6 = "fd00:55::5";

// Random rule sets without statistic, random or numgen, and without sources.
class NatRuleSets {
 public:
  explicit NatRuleSets(unsigned seed) : random_(seed) {}
  NatRuleSet next();

 private:
  enum class Stage { raw, mangle, nat };
  struct Place {  // of a rule
    Stage stage{};
    bool prerouting{}, ipv4{}, ipv6{};
    bool base{};  // may jump to the chains below
    // What gives every other port to a proxy, or keeps it untracked, does so to the answers
    // to this node's clients, too.
    bool names_ports() const { return stage != Stage::nat; }
  };

  NatRuleSet next_of_nft();
  NatRuleSet next_of_iptables(NatTool tool);
  void add_nft_rules(NatRuleSet& out, const std::string& table, const std::string& chain,
                     unsigned most, const Place& place);
  std::string nft_rule(const Place& place);
  std::string nft_match(const Place& place, std::string& protocol);
  std::string nft_action(const Place& place, const std::string& protocol);
  std::string iptables_rule(const Place& place);
  std::string iptables_match(const Place& place, bool& has_ports);

  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class T>
  T pick(std::initializer_list<T> values) {
    return *(values.begin() + below(static_cast<unsigned>(values.size())));
  }
  std::string port() { return std::to_string(kFirstNatPort + below(kNatPorts)); }
  std::string ports(const char* dash);
  std::string address(const Place& place, bool ipv6);

  std::mt19937 random_;
};

}  // namespace hostnet::testing
