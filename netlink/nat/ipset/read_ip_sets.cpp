#include "netlink/nat/ipset/read_ip_sets.h"

#include <fmt/format.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "netlink/nat/packets/netfilter.h"
#include "netlink/read_facts.h"
#include "netlink/request.h"

namespace hostnet {
namespace {

RequestBuilder ip_set_request(unsigned command, std::uint16_t flags, std::string doing) {
  RequestBuilder request(NETLINK_NETFILTER,
                         static_cast<std::uint16_t>(NFNL_SUBSYS_IPSET << 8U | command), flags,
                         std::move(doing));
  request.fixed(nfgenmsg{.nfgen_family = NFPROTO_IPV4, .version = NFNETLINK_V0, .res_id = 0});
  request.attribute(IPSET_ATTR_PROTOCOL, std::uint8_t{IPSET_PROTOCOL});
  return request;
}

}  // namespace

NetlinkRequest ip_set_name_request(std::uint16_t index) {
  auto request = ip_set_request(IPSET_CMD_GET_BYINDEX, 0, fmt::format("naming ipset {}", index));
  request.attribute(IPSET_ATTR_INDEX, htons(index));
  return std::move(request).build();
}

NetlinkRequest ip_set_list_request(const std::string& name) {
  auto request = ip_set_request(IPSET_CMD_LIST, NLM_F_DUMP, "listing ipset " + name);
  request.attribute(IPSET_ATTR_SETNAME, std::as_bytes(std::span(name.c_str(), name.size() + 1)));
  return std::move(request).build();
}

Result<const IpSet*> IpSets::find(std::uint16_t index) {
  auto known = known_.find(index);
  if (known == known_.end()) known = known_.emplace(index, read(index)).first;
  if (!known->second) return std::unexpected(known->second.error());
  return &*known->second;
}

Result<IpSet> IpSets::read(std::uint16_t index) {
  const auto asked = ip_set_name_request(index);
  const auto names = read_facts<std::string>(netlink_, asked, decode_ip_set_name);
  if (!names) return std::unexpected(names.error());
  if (names->empty()) return failure(Reason::malformed, asked.doing + ": an answer without a name");
  const auto request = ip_set_list_request(names->front());
  IpSet set;
  const DumpSink sink{[&] { set = {}; },
                      [&](const NetlinkMessage& message) -> Result<> {
                        auto done = decode_ip_set(message, set);
                        if (!done)
                          done.error().message = request.doing + ": " + done.error().message;
                        // The rest is not needed: an error ends the dump.
                        if (done && set.too_large) return failure(Reason::exhausted, request.doing);
                        return done;
                      }};
  auto done = netlink_.dump(request, sink);
  if (!done && !set.too_large) return std::unexpected(std::move(done).error());
  if (set.elements.size() > left_) {
    set.too_large = true;
    set.elements = std::vector<IpSetElement>();  // {} would keep its memory
  }
  set.elements.shrink_to_fit();
  left_ -= set.elements.size();
  return set;
}

}  // namespace hostnet
