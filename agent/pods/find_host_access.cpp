// Requests for the host's network in the parts of an object that are not read as a pod.

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>
#include <utility>

#include "agent/document/decode_data.h"
#include "agent/document/parse_document.h"
#include "agent/document/split_documents.h"
#include "agent/pods/find_pod_templates.h"
#include "agent/pods/read_pod.h"
#include "netlink/base/ranges.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

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

// "path: /spec/template/spec/hostNetwork" of a JSON patch, also as a single line of it.
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

// Settings of operators and charts that are mappings, unlike a pod's fields: "hostPort: {enabled:
// true}", "hostNetwork: {httpPort: 80}".
bool switches_something_on(const Value& value) {
  if (value.is_scalar()) return value.boolean().value_or(false) || is_port(value);
  return std::ranges::any_of(value.items, switches_something_on) ||
         std::ranges::any_of(value.members, [](const Member& member) {
           return switches_something_on(member.value);
         });
}

// For texts that are not parsed as YAML: templates, scripts.
bool says_so(std::string_view text) {
  return says(text, "hostNetwork",
              [](std::string_view value) { return value.starts_with("true"); }) ||
         says(text, "hostPort", [](std::string_view value) {
           return !value.empty() && value.front() >= '1' && value.front() <= '9';
         });
}

enum class AccessKey { none, network, port };

// hostNetwork and its variants in operators and charts: useHostNetwork, hostNetworking,
// controller.hostPort, hostPortConfig; but not a policy's allowHostPorts.
AccessKey access_key(std::string_view key) {
  if (is_commented_out(key)) return AccessKey::none;
  static constexpr std::array<std::string_view, 3> kNetwork{"hostnetwork", "hostnetworking",
                                                            "hostnetworkenabled"};
  static constexpr std::array<std::string_view, 4> kPort{"hostport", "hostports", "hostportconfig",
                                                         "hostportenabled"};
  std::string letters;
  for (const char c : key.substr(key.rfind('.') + 1)) {
    if (c != '_' && c != '-') letters += ascii_lower(c);
  }
  const auto ends_so = [&](std::string_view ending) { return letters.ends_with(ending); };
  if (letters.contains("allow") || letters.starts_with("dis")) return AccessKey::none;
  if (std::ranges::any_of(kNetwork, ends_so)) return AccessKey::network;
  return std::ranges::any_of(kPort, ends_so) ? AccessKey::port : AccessKey::none;
}

bool asks(AccessKey key, const Value& value) {
  if (key == AccessKey::none) return false;
  if (!value.is_scalar()) return switches_something_on(value);
  const bool on = value.boolean().value_or(false) || value.text == "true";
  return on || (key == AccessKey::port && is_port(value));
}

// Helm's parameters of an Argo CD Application: {name: controller.hostNetwork, value: "true"}.
bool is_parameter_that_asks(const Value& value) {
  const Value* name = value.find("name");
  const Value* set = value.find("value");
  return name != nullptr && set != nullptr && name->is_scalar() && set->is_scalar() &&
         asks(access_key(name->text), *set);
}

// Texts may contain texts (a ConfigMap in a chart's values): parsed as YAML down to this depth.
constexpr int kDeepestText = 2;

bool asks_in_text(std::string_view text, int depth);

struct Content {
  std::string text;
  int depth{};
};

// Packed content inside packed content stays packed: the cost would be unbounded.
Content unpacked_content(std::string bytes, int depth) {
  if (depth >= kDeepestText) return {std::move(bytes), depth};
  std::string text = unpacked(bytes);
  const bool was_packed = text != bytes;
  return {std::move(text), was_packed ? kDeepestText : depth};
}

// Ignition's files, in an object or in a text: {"source": "data:;base64,…"}.
bool asks_in_data_urls(std::string_view text, int depth) {
  constexpr std::string_view kScheme = "data:";
  for (auto at = text.find(kScheme); at != std::string_view::npos; at = text.find(kScheme)) {
    text.remove_prefix(at);
    const std::string_view url = text.substr(0, text.find_first_of("\"' \t\r\n"));
    if (auto bytes = from_data_url(url)) {
      const Content content = unpacked_content(*std::move(bytes), depth);
      if (asks_in_text(content.text, content.depth)) return true;
    }
    text.remove_prefix(url.size());  // a URL inside it is part of its content
  }
  return false;
}

// cloud-init's write_files, Cluster API's KubeadmConfig: {content: …, encoding: gz+b64}.
bool is_encoded_content(const Value* parent, std::string_view key) {
  static constexpr std::array<std::string_view, 6> kEncodings{
      "b64", "base64", "gz+b64", "gz+base64", "gzip+b64", "gzip+base64"};
  const Value* encoding = parent == nullptr ? nullptr : parent->find("encoding");
  return key == "content" && encoding != nullptr &&
         contains(kEncodings, std::string_view(encoding->text));
}

// The fields in which Kubernetes stores bytes as base64.
std::string_view base64_of_kind(const Value& object) {
  const Value* kind = object.find("kind");
  if (kind == nullptr) return {};
  return kind->text == "Secret" ? "data." : kind->text == "ConfigMap" ? "binaryData." : "";
}

// An IngressController's {type: HostNetwork}, a CephCluster's network: {provider: host}, the path
// of a JSON patch.
bool is_word_for_it(std::string_view path, std::string_view key, std::string_view text) {
  return (key == "type" && text == "HostNetwork") ||
         (path.ends_with("network.provider") && text == "host") ||
         (key == "path" && is_path_to_host_access(text));
}

// Maps of labels and annotations, whatever the kind.
bool has_free_keys(std::string_view field) {
  static constexpr std::array<std::string_view, 5> kFields{"annotations", "labels", "matchLabels",
                                                           "nodeSelector", "selector"};
  return contains(kFields, field);
}

struct AccessSearch {
  const std::vector<const Value*>& read;
  std::string_view base64;  // path prefix of base64 values; "": none
  int depth{};              // nesting depth of the text
  std::vector<HostAccess> found;

  bool asks_in(const std::string& text, const Value* parent, std::string_view path,
               std::string_view key) const {
    if (asks_in_text(text, depth) || asks_in_data_urls(text, depth)) return true;
    const bool kept_so = !base64.empty() && path.starts_with(base64);
    if (!kept_so && !is_encoded_content(parent, key)) return false;
    auto bytes = from_base64_lines(text);
    if (!bytes) return false;
    const Content content = unpacked_content(*std::move(bytes), depth);
    return asks_in_text(content.text, content.depth) ||
           asks_in_data_urls(content.text, content.depth);
  }

  void search(const Value& value, const Value* parent, const std::string& path,
              std::string_view key) {
    if (found.size() >= kMostFound) return;
    if (contains(read, &value)) return;
    if (has_free_keys(key) || key == "status") return;
    const bool setting = asks(access_key(key), value) || is_parameter_that_asks(value);
    const bool word = value.is_scalar() && is_word_for_it(path, key, value.text);
    const bool text =
        value.is_scalar() && !setting && !word && asks_in(value.text, parent, path, key);
    if (setting || word || text) found.push_back({.path = path, .line = value.line, .text = text});
    if (setting) return;
    for_each_child(value, path,
                   [&](const Value& child, const std::string& child_path, std::string_view name) {
                     search(child, &value, child_path, name);
                   });
  }
};

// As in a chart's values: "hostNetwork: {enabled: true}". Unset: the text is not YAML.
std::optional<bool> asks_in_yaml(const DocumentText& text, int depth) {
  const ParsedDocuments parsed = parse_yaml(text.text, 1);
  const bool is_tree =
      !parsed.failure && parsed.documents.size() == 1 && !parsed.documents.front().root.is_scalar();
  if (!is_tree) return std::nullopt;
  const std::vector<const Value*> nothing;
  AccessSearch access{.read = nothing, .base64 = {}, .depth = depth + 1};
  access.search(parsed.documents.front().root, nullptr, "", "");
  return !access.found.empty();
}

bool asks_in_text(std::string_view text, int depth) {
  if (patches_host_access(text)) return true;
  if (!text.contains("ostNetwork") && !text.contains("ostPort")) return false;
  // Anchors and aliases multiply the size, and an object may have thousands of texts.
  const bool multiplies = text.contains('&') && text.contains('*');
  if (depth >= kDeepestText || multiplies) return says_so(text);
  return std::ranges::any_of(split_documents(text), [&](const DocumentText& document) {
    return asks_in_yaml(document, depth).value_or(says_so(document.text));
  });
}

using Places = std::unordered_set<const Value*>;

// Where a pod has these fields. Other spellings, and hostNetwork in a container, are reported by
// others.
Places places_in_pod(const Value& spec) {
  Places places;
  const auto add = [&](const Value& map, std::string_view name) {
    for (const Member& member : map.members) {
      if (is_spelling_of(member.key, name)) places.insert(&member.value);
    }
  };
  add(spec, "hostNetwork");
  for (const std::string_view key : {"initContainers", "containers", "ephemeralContainers"}) {
    const Value* containers = spec.find(key);
    if (containers == nullptr) continue;
    for (const Value& container : containers->items) {
      add(container, "hostNetwork");
      add(container, "ports");
    }
  }
  return places;
}

void search_misplaced(const Value& value, const std::string& path, const Places& places,
                      std::vector<HostAccess>& found) {
  for_each_child(value, path,
                 [&](const Value& child, const std::string& child_path, std::string_view key) {
                   if (found.size() >= kMostFound || places.contains(&child)) return;
                   const bool free_keys = has_free_keys(key) || key == "resources";
                   if (free_keys || key == "volumes" || key == "status") return;
                   if (!asks(access_key(key), child)) {
                     search_misplaced(child, child_path, places, found);
                   } else {
                     found.push_back({.path = child_path, .line = child.line});
                   }
                 });
}

}  // namespace

std::vector<HostAccess> find_misplaced_access(const Value& searched, const std::string& path,
                                              const Value& spec) {
  std::vector<HostAccess> found;
  search_misplaced(searched, path, places_in_pod(spec), found);
  return found;
}

std::vector<HostAccess> find_host_access(const Value& object,
                                         const std::vector<const Value*>& read) {
  AccessSearch access{.read = read, .base64 = base64_of_kind(object)};
  access.search(object, nullptr, "", "");
  return std::move(access.found);
}

}  // namespace hostnet
