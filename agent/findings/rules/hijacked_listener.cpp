// A hostPort's or NodePort's rule takes the traffic of a listener on a port that no pod declares.

#include <fmt/format.h>

#include <algorithm>

#include "agent/findings/context/hijack.h"
#include "agent/findings/context/holders.h"
#include "agent/findings/context/nat_words.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"
#include "netlink/base/ranges.h"

namespace hostnet::rules {
namespace {

bool already_reported(Verdict verdict, const PortKey& key, const std::vector<Finding>& found) {
  return std::ranges::any_of(found, [&](const Finding& finding) {
    return finding.protocol == key.first && finding.port == key.second &&
           (finding.verdict == verdict || finding.verdict == Verdict::duplicate_declaration);
  });
}

bool may_be_hijacked(const Holder& server, Verdict verdict, const Holders& rules,
                     const FindingContext& context) {
  return verdict == Verdict::hostport_hijacks_listener
             ? is_hijacked_by_host_ports(server, rules, context)
             : is_hijacked_by_node_ports(server, context);
}

std::optional<Finding> hijack_on(const PortKey& key, Verdict verdict, const Holders& servers,
                                 const Holders& rules, const FindingContext& context) {
  Holders hijacked;
  Holders taking;
  Hijack of_first;
  for (const Holder* server : servers) {
    if (!may_be_hijacked(*server, verdict, rules, context)) continue;
    const Hijack hijack = hijack_of(*server, rules, context);
    if (hijack.rules.empty()) continue;
    if (hijacked.empty()) of_first = hijack;
    hijacked.push_back(server);
    for (const Holder* rule : hijack.rules) {
      add_once(taking, rule);
    }
  }
  if (hijacked.empty()) return {};
  const Holder& server = *hijacked.front();
  const Holder& rule = *taking.front();
  Finding finding = make_finding(verdict, key.first, key.second, rule.socket.local.to_string());
  add_holders(finding, hijacked);
  add_holders(finding, taking);
  finding.explanation =
      fmt::format("{}, but {} sends {} on {} to {} instead.", describe_holder(server),
                  taker_words(rule, context), describe_traffic(server, of_first, context),
                  port_name(key), destination_words(rule));
  finding.remedy = remedy_against_rule(rule, "the listener's port", context);
  return finding;
}

}  // namespace

void hijacked_listener(const FindingContext& context, std::vector<Finding>& found) {
  std::map<PortKey, Holders> servers;
  for (const Holder& holder : context.table.holders) {
    const PortKey key{holder.socket.protocol, holder.socket.local_port};
    if (holder.socket.is_server() && context.rules.contains(key)) servers[key].push_back(&holder);
  }
  for (auto& [key, listening] : servers) {
    order_holders(listening);
    for (const Verdict verdict :
         {Verdict::hostport_hijacks_listener, Verdict::nodeport_hijacks_listener}) {
      if (already_reported(verdict, key, found)) continue;
      Holders rules = context.rules.at(key);
      std::erase_if(rules, [&](auto* rule) { return hijack_verdict(*rule) != verdict; });
      if (std::ranges::none_of(rules, [](auto* rule) { return takes_from_outside(*rule); })) {
        continue;
      }
      if (auto finding = hijack_on(key, verdict, listening, rules, context)) {
        found.push_back(*std::move(finding));
      }
    }
  }
}

}  // namespace hostnet::rules
