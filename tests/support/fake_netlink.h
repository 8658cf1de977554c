#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "netlink/netlink.h"

namespace hostnet {

// A kernel made of facts. Replies are real message bytes, so what reads them
// decodes them. Fill the members, then only read.
class FakeNetlink final : public Netlink {
 public:
  std::vector<Socket> sockets_here;
  std::vector<Link> links;
  std::vector<Address> addresses;
  std::vector<Route> routes;
  // Other dumps, by (netlink family, message type): whole messages. A table
  // that is not here is empty for NETLINK_ROUTE, else Reason::unsupported.
  std::map<std::pair<int, std::uint16_t>, std::vector<std::vector<std::byte>>> answers;
  // Dumps that fail, by (netlink family, message type).
  std::map<std::pair<int, std::uint16_t>, Error> failures;
  // nf_tables without any rules, in this generation; `answers` may have some.
  std::uint32_t nf_tables_generation{1};
  // Socket dumps that fail, by protocol ("no SCTP here").
  std::map<Protocol, Error> socket_failures;

  Result<> dump(const NetlinkRequest& request, const DumpSink& sink) override;
  Result<> sockets(const SocketQuery& query, const SocketSink& sink) override;
  // Never has anything to read.
  Result<std::unique_ptr<Subscription>> subscribe(int family,
                                                  std::span<const unsigned> groups) override;

 private:
  Result<std::vector<std::vector<std::byte>>> reply_to(const NetlinkRequest& request) const;
  Result<std::vector<std::vector<std::byte>>> nf_tables_reply(const NetlinkRequest& request) const;
  Result<std::vector<std::vector<std::byte>>> sockets_reply(const NetlinkRequest& request) const;
};

}  // namespace hostnet
