#include "netlink/genetlink/generic_netlink.h"

#include <fmt/format.h>
#include <linux/genetlink.h>

#include <cerrno>

#include "netlink/attributes.h"

namespace hostnet {

RequestBuilder generic_request(std::uint16_t family, std::uint8_t command, std::uint16_t flags,
                               std::string doing) {
  RequestBuilder request(NETLINK_GENERIC, family, flags, std::move(doing));
  request.fixed(genlmsghdr{.cmd = command, .version = 1, .reserved = 0});
  return request;
}

std::span<const std::byte> generic_attributes(const NetlinkMessage& message) {
  return after(message.payload, sizeof(genlmsghdr));
}

Result<std::uint16_t> find_generic_family(Netlink& netlink, std::string_view name) {
  const std::string terminated(name);
  auto request = generic_request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0,
                                 fmt::format("finding generic netlink's {}", name));
  request.attribute(CTRL_ATTR_FAMILY_NAME,
                    std::as_bytes(std::span(terminated.c_str(), terminated.size() + 1)));
  const NetlinkRequest asked = std::move(request).build();
  std::optional<std::uint16_t> id;
  const auto done = netlink.dump(
      asked, {[] {},
              [&](const NetlinkMessage& message) -> Result<> {
                const auto attributes =
                    AttributeTable<CTRL_ATTR_FAMILY_NAME>::of(generic_attributes(message));
                if (!attributes) return std::unexpected(attributes.error());
                id = attributes->get<std::uint16_t>(CTRL_ATTR_FAMILY_ID);
                return {};
              }});
  if (!done && done.error().system_error == ENOENT) {
    return failure(Reason::unsupported, done.error().message);
  }
  if (!done) return std::unexpected(done.error());
  if (!id) return failure(Reason::malformed, asked.doing + ": an answer without a number");
  return *id;
}

}  // namespace hostnet
