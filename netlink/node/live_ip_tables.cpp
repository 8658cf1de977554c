#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "netlink/attributes.h"
#include "netlink/base/unique_fd.h"
#include "netlink/node/ip_tables_source.h"

namespace hostnet {
namespace {

// IPT_SO_GET_INFO and IPT_SO_GET_ENTRIES; IP6T_… have the same numbers.
constexpr int kGetInfo = 64, kGetEntries = 65;
constexpr int kIpTablesReads = 3;
constexpr std::size_t kLargestTable = std::size_t{64} << 20U;

struct TableInfo {  // struct ipt_getinfo
  char name[32];
  std::uint32_t valid_hooks, hook_entry[5], underflow[5], count, size;
};
struct EntriesHead {  // struct ipt_get_entries
  char name[32];
  std::uint32_t size, padding;
};

class LiveIpTables final : public IpTables {
 public:
  Result<IpTableBytes> table(AddressFamily family, const std::string& name) const override {
    const bool ipv4 = family == AddressFamily::ipv4;
    const std::string doing =
        std::string("reading ") + (ipv4 ? "iptables' " : "ip6tables' ") + name + " table";
    const UniqueFd fd(socket(ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd) return system_failure(errno, doing);
    int refused = EAGAIN;  // its size changed between the two requests
    for (int attempt = 0; attempt < kIpTablesReads && refused == EAGAIN; ++attempt) {
      IpTableBytes out;
      refused = ask(fd.get(), ipv4 ? IPPROTO_IP : IPPROTO_IPV6, name, out);
      if (refused == 0) return out;
    }
    return system_failure(refused, doing);
  }

 private:
  static int ask(int fd, int level, const std::string& name, IpTableBytes& out) {
    TableInfo info{};
    name.copy(info.name, sizeof info.name - 1);
    socklen_t length = sizeof info;
    if (getsockopt(fd, level, kGetInfo, &info, &length) < 0) return errno;
    if (info.size > kLargestTable) return EFBIG;
    EntriesHead head{};
    name.copy(head.name, sizeof head.name - 1);
    head.size = info.size;
    std::vector<std::byte> answer(sizeof head + info.size);
    std::memcpy(answer.data(), &head, sizeof head);
    length = static_cast<socklen_t>(answer.size());
    if (getsockopt(fd, level, kGetEntries, answer.data(), &length) < 0) return errno;
    out.valid_hooks = info.valid_hooks;
    std::ranges::copy(info.hook_entry, out.hook_entry.begin());
    std::ranges::copy(info.underflow, out.underflow.begin());
    answer.erase(answer.begin(), answer.begin() + sizeof head);
    out.entries = std::move(answer);
    return 0;
  }
};

class AbsentIpTables final : public IpTables {
 public:
  Result<IpTableBytes> table(AddressFamily, const std::string& name) const override {
    return failure(Reason::unsupported, "reading iptables' " + name + " table: there is none here");
  }
};

}  // namespace

std::shared_ptr<const IpTables> live_ip_tables() {
  return std::make_shared<const LiveIpTables>();
}

std::shared_ptr<const IpTables> no_ip_tables() {
  return std::make_shared<const AbsentIpTables>();
}

}  // namespace hostnet
