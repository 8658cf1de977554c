#include "agent/pods/find_pod_templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "netlink/base/text.h"

namespace hostnet {
namespace {

bool has_containers(const Value& spec) {
  const Value* containers = spec.find("containers");
  return containers != nullptr && containers->is_list() &&
         std::ranges::any_of(containers->items, &Value::is_map);
}

bool is_pod_template(const Value& value) {
  const Value* spec = value.is_map() ? value.find("spec") : nullptr;
  return spec != nullptr && spec->is_map() && has_containers(*spec);
}

std::string joined(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

// A task's name, or the key of a map of replicas ("Worker").
std::string name_beside(const Value& parent, std::string_view parent_key) {
  const Value* name = parent.find("name");
  if (name != nullptr && name->is_scalar()) return name->text;
  return parent_key == "spec" ? std::string() : std::string(parent_key);
}

struct TemplateSearch {
  std::vector<FoundTemplate> found;

  void search_below(const Value& value, const std::string& path, std::string_view key) {
    for_each_child(
        value, path, [&](const Value& child, const std::string& child_path, std::string_view name) {
          if (found.size() >= kMostFound || name == "metadata" || name == "status") {
            return;
          }
          if (!is_pod_template(child)) return search_below(child, child_path, name);
          found.push_back(
              {.pod_template = &child,
               .path = child_path,
               .name = name.empty() ? name_beside(child, key) : name_beside(value, key)});
        });
  }
};

}  // namespace

void for_each_child(
    const Value& value, const std::string& path,
    const std::function<void(const Value&, const std::string&, std::string_view)>& visit) {
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    visit(value.items[i], fmt::format("{}[{}]", path, i), "");
  }
  for (const Member& member : value.members) {
    visit(member.value, joined(path, member.key), member.key);
  }
}

const Value* at_path(const Value& from, std::string_view path) {
  const Value* value = &from;
  while (value != nullptr && !path.empty()) value = value->find(take_until(path, '.'));
  return value;
}

std::vector<FoundTemplate> find_pod_templates(const Value& object) {
  TemplateSearch search;
  search.search_below(object, "", "");
  return std::move(search.found);
}

}  // namespace hostnet
