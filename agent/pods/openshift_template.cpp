#include "agent/pods/openshift_template.h"

#include <map>
#include <string>

#include "agent/pods/object_kind.h"

namespace hostnet {
namespace {

using Parameters = std::map<std::string, std::string, std::less<>>;

constexpr std::size_t kLongestValue = 4096;

Parameters parameters_of(const Value& object) {
  Parameters parameters;
  const Value* list = object.find("parameters");
  if (list == nullptr) return parameters;
  for (const Value& item : list->items) {
    const Value* name = item.find("name");
    const Value* value = item.find("value");
    if (name == nullptr || value == nullptr || !name->is_scalar() || !value->is_scalar()) continue;
    if (value->text.size() <= kLongestValue) parameters[name->text] = value->text;
  }
  return parameters;
}

// "${{NAME}}": the replaced value may be a number or a boolean.
bool replace_whole(Value& value, const Parameters& parameters) {
  const std::string_view text = value.text;
  if (!text.starts_with("${{") || !text.ends_with("}}")) return false;
  const auto found = parameters.find(text.substr(3, text.size() - 5));
  if (found == parameters.end()) return false;
  value.text = found->second;
  value.plain = true;
  return true;
}

void replace_within(std::string& text, const Parameters& parameters) {
  for (auto at = text.find("${"); at != std::string::npos; at = text.find("${", at)) {
    const auto end = text.find('}', at);
    if (end == std::string::npos) return;
    const auto found = parameters.find(std::string_view(text).substr(at + 2, end - at - 2));
    if (found == parameters.end()) {
      at = end;
      continue;
    }
    text.replace(at, end - at + 1, found->second);
    at += found->second.size();
    if (text.size() > kLongestValue * 4) return;
  }
}

void replace_parameters(Value& value, const Parameters& parameters) {
  if (value.is_scalar() && !replace_whole(value, parameters)) {
    replace_within(value.text, parameters);
  }
  for (Value& item : value.items) replace_parameters(item, parameters);
  for (Member& member : value.members) replace_parameters(member.value, parameters);
}

}  // namespace

bool is_openshift_template(std::string_view api_version, std::string_view kind) {
  return kind == "Template" &&
         (is_core(api_version) || api_group(api_version) == "template.openshift.io");
}

std::vector<Value> template_objects(const Value& object) {
  const Value* objects = object.find("objects");
  if (objects == nullptr || !objects->is_list()) return {};
  const Parameters parameters = parameters_of(object);
  std::vector<Value> made = objects->items;
  for (Value& one : made) replace_parameters(one, parameters);
  return made;
}

}  // namespace hostnet
