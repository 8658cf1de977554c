#include "tests/support/fake_netlink.h"

#include <linux/inet_diag.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include <cstring>

#include "netlink/sock_diag.h"
#include "tests/support/encode_netlink.h"

namespace hostnet {
namespace {

using Messages = std::vector<std::vector<std::byte>>;

template <class Fact>
Messages encoded(const std::vector<Fact>& facts, std::vector<std::byte> (*encode)(const Fact&)) {
  Messages out;
  out.reserve(facts.size());
  for (const auto& fact : facts) out.push_back(encode(fact));
  return out;
}

class SilentSubscription final : public Subscription {
 public:
  int descriptor() const override { return -1; }
  Result<Batch> drain(const std::function<void(const NetlinkMessage&)>&) override {
    return Batch{};
  }
};

Socket as_asked(Socket socket, bool memory) {
  if (!memory) socket.drops.reset();
  return socket;
}

}  // namespace

Result<Messages> FakeNetlink::sockets_reply(const NetlinkRequest& request) const {
  inet_diag_req_v2 asked{};
  if (request.body.size() < sizeof asked) {
    return failure(Reason::malformed, request.doing + ": a short request");
  }
  std::memcpy(&asked, request.body.data(), sizeof asked);
  SocketQuery query{
      .protocol = asked.sdiag_protocol == IPPROTO_TCP   ? Protocol::tcp
                  : asked.sdiag_protocol == IPPROTO_UDP ? Protocol::udp
                                                        : Protocol::sctp,
      .family = asked.sdiag_family == AF_INET ? AddressFamily::ipv4 : AddressFamily::ipv6,
      .states = asked.idiag_states,
      .ports = {},
      .memory = (asked.idiag_ext & 1U << (INET_DIAG_SKMEMINFO - 1)) != 0};
  if (const auto failed = socket_failures.find(query.protocol); failed != socket_failures.end()) {
    return std::unexpected(failed->second);
  }
  Messages out;
  for (const auto& socket : sockets_here) {
    if (matches(query, socket)) out.push_back(encode_socket(as_asked(socket, query.memory)));
  }
  return out;
}

Result<Messages> FakeNetlink::nf_tables_reply(const NetlinkRequest& request) const {
  if (request.type >> 8U != NFNL_SUBSYS_NFTABLES) {
    return failure(Reason::unsupported, request.doing + ": this kernel does not have it");
  }
  if ((request.type & 0xFFU) != NFT_MSG_GETGEN) return Messages{};
  struct {
    nlmsghdr header;
    nfgenmsg netfilter;
    nlattr attribute;
    std::uint32_t number;
  } message{};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = NFNL_SUBSYS_NFTABLES << 8U | NFT_MSG_NEWGEN;
  message.attribute = {.nla_len = sizeof(nlattr) + sizeof message.number, .nla_type = NFTA_GEN_ID};
  message.number = htonl(nf_tables_generation);
  const auto bytes = std::as_bytes(std::span(&message, 1));
  return Messages{{bytes.begin(), bytes.end()}};
}

Result<Messages> FakeNetlink::reply_to(const NetlinkRequest& request) const {
  const std::pair key{request.family, request.type};
  if (const auto failed = failures.find(key); failed != failures.end()) {
    return std::unexpected(failed->second);
  }
  if (const auto answer = answers.find(key); answer != answers.end()) return answer->second;
  if (request.family == NETLINK_SOCK_DIAG && request.type == SOCK_DIAG_BY_FAMILY) {
    return sockets_reply(request);
  }
  if (request.family == NETLINK_ROUTE) {
    switch (request.type) {
      case RTM_GETLINK: return encoded(links, encode_link);
      case RTM_GETADDR: return encoded(addresses, encode_address);
      case RTM_GETROUTE: return encoded(routes, encode_route);
      default: return Messages{};
    }
  }
  if (request.family == NETLINK_NETFILTER) return nf_tables_reply(request);
  return failure(Reason::unsupported, request.doing + ": this kernel does not have it");
}

Result<> FakeNetlink::dump(const NetlinkRequest& request, const DumpSink& sink) {
  const auto reply = reply_to(request);
  if (!reply) return std::unexpected(reply.error());
  for (const auto& message : *reply) {
    auto done = for_each_message(message, sink.on_message);
    if (!done) return done;
  }
  return {};
}

Result<> FakeNetlink::sockets(const SocketQuery& query, const SocketSink& sink) {
  if (const auto failed = socket_failures.find(query.protocol); failed != socket_failures.end()) {
    return std::unexpected(failed->second);
  }
  for (const auto& socket : sockets_here) {
    if (matches(query, socket)) sink.on_socket(as_asked(socket, query.memory));
  }
  return {};
}

Result<std::unique_ptr<Subscription>> FakeNetlink::subscribe(int, std::span<const unsigned>) {
  return std::make_unique<SilentSubscription>();
}

}  // namespace hostnet
