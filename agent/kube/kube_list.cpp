#include "agent/kube/kube_list.h"

#include "agent/kube/json_cutter.h"

namespace hostnet {

KubeReply read_list(KubeClient& client, const std::string& path, std::size_t longest_item,
                    const KubeListParts& parts) {
  JsonCutter cutter({.members = {"metadata"}, .list = "items", .limit = longest_item},
                    {.on_member =
                         [&](std::string_view, std::string_view value) {
                           if (parts.on_metadata) parts.on_metadata(value);
                           return true;
                         },
                     .on_element =
                         [&](std::string_view item) {
                           parts.on_item(item);
                           return true;
                         },
                     .on_end = {},
                     .on_too_long = parts.on_too_long});
  Result<> cut;
  KubeReply reply = client.get(
      path, [] {},
      [&](std::string_view bytes) {
        cut = cutter.feed(bytes);
        return cut.has_value();
      });
  if (!cut) {
    reply.problem = cut.error().message;
  } else if (reply.problem.empty() && (cutter.objects() != 1 || !cutter.between_objects())) {
    reply.problem = "the list was cut short";
  }
  return reply;
}

}  // namespace hostnet
