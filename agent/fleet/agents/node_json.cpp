#include "agent/fleet/agents/node_json.h"

#include "agent/render/json_parts.h"
#include "netlink/base/times.h"

namespace hostnet {
namespace {

Json json_of_node(const NodeAnswer& node) {
  return {{"node", node.node},         {"agent", node.agent},       {"answered", node.answered},
          {"complete", node.complete}, {"problems", node.problems}, {"error", node.error}};
}

}  // namespace

std::string fleet_envelope(std::string_view from, WallTime generated_at, bool complete) {
  std::string text = json_text({{"api_version", kApiVersion},
                                {"generated_at", rfc3339(generated_at)},
                                {"from", from},
                                {"complete", complete}});
  text.pop_back();
  return text;
}

std::string node_json(const NodeAnswer& node) {
  return json_text(json_of_node(node));
}

std::string nodes_json(const std::vector<NodeAnswer>& nodes) {
  return json_text(json_array(nodes, json_of_node));
}

std::string with_node(const std::string& node, const std::string& object) {
  std::string text = R"({"node":)" + json_text(Json(node));
  if (object != "{}") text += ',';
  return text + object.substr(1);
}

}  // namespace hostnet
