#include "netlink/request.h"

#include <libmnl/libmnl.h>

#include <cstring>
#include <utility>

#include "netlink/attributes.h"

namespace hostnet {

RequestBuilder::RequestBuilder(int family, std::uint16_t type, std::uint16_t flags,
                               std::string doing)
    : message_(sizeof(nlmsghdr)) {
  request_.family = family;
  request_.type = type;
  request_.flags = flags;
  request_.doing = std::move(doing);
  mnl_nlmsg_put_header(message_.data());
}

void* RequestBuilder::grow(std::size_t bytes) {
  message_.resize(message_.size() + bytes);
  return message_.data();
}

RequestBuilder& RequestBuilder::put_fixed(std::span<const std::byte> value) {
  auto* header = static_cast<nlmsghdr*>(grow(netlink_aligned(value.size())));
  std::memcpy(mnl_nlmsg_put_extra_header(header, value.size()), value.data(), value.size());
  return *this;
}

RequestBuilder& RequestBuilder::attribute(std::uint16_t type, std::span<const std::byte> value) {
  auto* header = static_cast<nlmsghdr*>(grow(netlink_aligned(value.size() + sizeof(nlattr))));
  mnl_attr_put(header, type, value.size(), value.data());
  return *this;
}

NetlinkRequest RequestBuilder::build() && {
  request_.body.assign(message_.begin() + sizeof(nlmsghdr), message_.end());
  return std::move(request_);
}

}  // namespace hostnet
