#include "netlink/rtnetlink/libnl_object.h"

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <cstring>

namespace hostnet {
namespace {

struct NlMsgDeleter {
  void operator()(nl_msg* message) const { nlmsg_free(message); }
};

void keep_object(nl_object* object, void* out) {
  nl_object_get(object);
  static_cast<LibnlObject*>(out)->reset(object);
}

}  // namespace

LibnlMessage::LibnlMessage(std::uint16_t type, std::span<const std::byte> fixed)
    : bytes_(sizeof(nlmsghdr)) {
  bytes_.reserve(512);
  nlmsghdr header{};
  header.nlmsg_type = type;
  std::memcpy(bytes_.data(), &header, sizeof header);
  bytes_.insert(bytes_.end(), fixed.begin(), fixed.end());
  bytes_.resize(netlink_aligned(bytes_.size()));
}

void LibnlMessage::attribute(std::uint16_t type, std::span<const std::byte> value) {
  nlattr header{};
  header.nla_type = type;
  header.nla_len = static_cast<std::uint16_t>(sizeof header + value.size());
  const auto header_bytes = std::as_bytes(std::span(&header, 1));
  bytes_.insert(bytes_.end(), header_bytes.begin(), header_bytes.end());
  bytes_.insert(bytes_.end(), value.begin(), value.end());
  bytes_.resize(netlink_aligned(bytes_.size()));
}

LibnlObject LibnlMessage::parse() {
  const auto length = static_cast<std::uint32_t>(bytes_.size());
  std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
  // operator new aligns the vector's memory for every header.
  void* start = bytes_.data();
  const std::unique_ptr<nl_msg, NlMsgDeleter> message(nlmsg_convert(static_cast<nlmsghdr*>(start)));
  LibnlObject object;
  if (!message) return object;
  nlmsg_set_proto(message.get(), NETLINK_ROUTE);
  if (nl_msg_parse(message.get(), keep_object, &object) < 0) object.reset();
  return object;
}

}  // namespace hostnet
