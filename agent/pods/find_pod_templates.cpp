#include "agent/pods/find_pod_templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "netlink/base/text.h"

namespace hostnet {
namespace {

// What is found in one object; nobody writes more on purpose.
constexpr std::size_t kMostFound = 256;

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

// Calls visit(child, path, key) for what is in a mapping or list; key is "" in a list.
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

bool is_port(const Value& value) {
  const auto number = value.integer();
  return number && *number >= 1 && *number <= 65535;
}

// `hostNetwork: true`, `"hostPort": 80` in a text.
bool says(std::string_view text, std::string_view key, bool (*wanted)(std::string_view)) {
  for (auto at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    std::string_view rest = text.substr(at + key.size());
    if (rest.starts_with('"') || rest.starts_with('\'')) rest.remove_prefix(1);
    rest = rest.substr(0, rest.find('\n'));
    rest = trim(rest, kBlanks);
    if (!rest.starts_with(':')) continue;
    if (wanted(trim(rest.substr(1), kBlanks))) return true;
  }
  return false;
}

// "path: /spec/template/spec/hostNetwork" of a JSON patch, also as one of its lines.
bool is_path_to_host_access(std::string_view text) {
  text = trim(text, " \t\r,'\"");
  return text.ends_with("/hostNetwork") || text.ends_with(".hostNetwork") ||
         text.ends_with("/hostPort") || text.ends_with(".hostPort");
}

bool patches_host_access(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = take_until(text, '\n');
    const auto at = line.find("path");
    if (at != std::string_view::npos && is_path_to_host_access(line.substr(at))) return true;
  }
  return false;
}

// Settings of operators and charts that are more than a field of a pod: "hostPort: {enabled:
// true}", "hostNetwork: {httpPort: 80}".
bool switches_something_on(const Value& value) {
  if (value.is_scalar()) return value.boolean().value_or(false) || is_port(value);
  return std::ranges::any_of(value.items, switches_something_on) ||
         std::ranges::any_of(value.members, [](const Member& member) {
           return switches_something_on(member.value);
         });
}

bool asks_in_text(std::string_view text) {
  return patches_host_access(text) ||
         says(text, "hostNetwork",
              [](std::string_view value) { return value.starts_with("true"); }) ||
         says(text, "hostPort", [](std::string_view value) {
           return !value.empty() && value.front() >= '1' && value.front() <= '9';
         });
}

struct AccessSearch {
  const std::vector<const Value*>& read;
  std::vector<HostAccess> found;

  void search(const Value& value, const std::string& path, std::string_view key) {
    if (found.size() >= kMostFound) return;
    if (std::ranges::find(read, &value) != read.end()) return;
    if (key == "annotations" || key == "status") return;
    const bool network = (key == "hostNetwork" && value.boolean().value_or(false)) ||
                         (key == "type" && value.is_scalar() && value.text == "HostNetwork");
    const bool port = key == "hostPort" && is_port(value);
    const bool settings = (key == "hostNetwork" || key == "hostPort") && value.is_map() &&
                          switches_something_on(value);
    const bool patch = key == "path" && value.is_scalar() && is_path_to_host_access(value.text);
    const bool text = value.is_scalar() && !network && !port && !patch && asks_in_text(value.text);
    if (network || port || settings || patch || text) {
      found.push_back({.path = path, .line = value.line, .text = text});
    }
    if (settings) return;
    for_each_child(value, path,
                   [&](const Value& child, const std::string& child_path, std::string_view name) {
                     search(child, child_path, name);
                   });
  }
};

}  // namespace

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

std::vector<HostAccess> find_host_access(const Value& object,
                                         const std::vector<const Value*>& read) {
  AccessSearch access{.read = read};
  access.search(object, "", "");
  return std::move(access.found);
}

}  // namespace hostnet
