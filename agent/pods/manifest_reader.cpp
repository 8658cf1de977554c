#include "agent/pods/manifest_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/document/fields.h"
#include "agent/pods/argo_workflow.h"
#include "agent/pods/find_pod_templates.h"
#include "agent/pods/object_kind.h"
#include "agent/pods/openshift_template.h"
#include "agent/pods/pod_limits.h"
#include "agent/pods/read_pod.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

std::string text_at(const Value& from, std::string_view path) {
  const Value* value = at_path(from, path);
  return value != nullptr && value->is_scalar() ? value->text : std::string();
}

// Kubernetes, OpenShift's DeploymentConfig and Argo's Rollout; Kruise's CloneSet has the parameters
// directly in it.
UpdateStrategy read_update_strategy(const Value& spec) {
  UpdateStrategy update;
  for (const std::string_view key : {"strategy", "updateStrategy"}) {
    const Value* strategy = spec.find(key);
    if (strategy == nullptr || !strategy->is_map()) continue;
    update.line = strategy->line;
    update.type = text_at(*strategy, "type");
    update.side_by_side = strategy->find("blueGreen") != nullptr;
    for (const std::string_view path : {"rollingUpdate", "rollingParams", "canary", ""}) {
      const Value* parameters = at_path(*strategy, path);
      if (parameters == nullptr) continue;
      if (const Value* surge = parameters->find("maxSurge")) {
        update.max_surge = surge->text;
        update.max_surge_line = surge->line;
      }
      if (update.max_unavailable.empty()) {
        update.max_unavailable = text_at(*parameters, "maxUnavailable");
      }
    }
  }
  return update;
}

Labels labels_at(const Value& from, std::string_view path) {
  Labels labels;
  const Value* map = at_path(from, path);
  if (map == nullptr) return labels;
  for (const Member& member : map->members) {
    if (member.value.is_scalar()) labels.emplace_back(member.key, member.value.text);
  }
  return labels;
}

// A top-level field of a known kind, or one in its spec: anything elsewhere (a place for anchors,
// such as "x-common") was not meant for a pod.
bool is_in_spec(std::string_view path) {
  return !path.contains('.') || path.starts_with("spec.") || path.starts_with("template.");
}

// kustomize: api/types/kustomization.go, FixKustomizationPostUnmarshalling().
bool may_lack_api_version(std::string_view kind) {
  return kind == "Kustomization" || kind == "Component";
}

// Explains placeholders of charts and documentation in place of a value.
Complaint explained(Complaint failure, const DocumentText& text, bool as_yaml) {
  if (const unsigned line = template_line(text, failure.line); line != 0) {
    return {.line = line,
            .message =
                "\"{{\" is a template's: render it first (helm template CHART | "
                "hostnet-agent check -f -) (" +
                failure.message + ")"};
  }
  if (const unsigned line = as_yaml ? placeholder_line(text, failure.line) : 0; line != 0) {
    return {.line = line,
            .message = "\"...\" stands for something that was left out: fill it in or remove it (" +
                       failure.message + ")"};
  }
  return failure;
}

}  // namespace

void ManifestReader::add_error(int document, const Complaint& complaint) {
  result_.errors.push_back(
      {.file = file_, .document = document, .line = complaint.line, .message = complaint.message});
}

void ManifestReader::read_text(const DocumentText& text) {
  const auto first = text.text.find_first_not_of(kWhitespace);
  const bool braces = first != std::string_view::npos && text.text[first] == '{';
  ParsedDocuments parsed;
  bool as_yaml = !braces;
  if (braces) {
    const std::string_view json = text.text.substr(first);
    const auto lines_before = std::ranges::count(text.text.substr(0, first), '\n');
    parsed = parse_json(json, text.first_line + static_cast<unsigned>(lines_before));
    // A YAML flow mapping begins with a brace, too.
    if (parsed.failure && parsed.documents.empty() && !file_.ends_with(".json")) {
      ParsedDocuments yaml = parse_yaml(text.text, text.first_line);
      as_yaml = !yaml.failure;
      if (as_yaml) parsed = std::move(yaml);
    }
  } else {
    parsed = parse_yaml(text.text, text.first_line);
  }

  read_documents(parsed.documents, as_yaml, text.refused);
  if (parsed.failure) {
    const Complaint failure = explained(*std::move(parsed.failure), text, as_yaml);
    add_error(++result_.documents, failure);
  }
}

void ManifestReader::read_documents(std::span<ParsedDocument> documents, bool as_yaml,
                                    const std::optional<Complaint>& refused) {
  bool first = true;
  for (ParsedDocument& document : documents) {
    if (document.root.is_null()) continue;
    ++result_.documents;
    complaints_ = std::move(document.complaints);
    if (first && refused) complaints_.insert(complaints_.begin(), *refused);
    if (first || !as_yaml) {
      read_object(document.root, {});
    } else {
      complain(document.root.line,
               "what follows a \"...\" line is not read by kubectl and kubelet: begin it with ---");
    }
    first = false;
    for (const Complaint& complaint : complaints_) add_error(result_.documents, complaint);
  }
}

void ManifestReader::read_object(const Value& object, const Identity& defaults) {
  if (!object.is_map()) {
    complain(object.line, fmt::format("not a Kubernetes object: {} where a mapping with "
                                      "apiVersion and kind must be",
                                      object.what()));
    return;
  }
  const Fields fields(object, "", complaints_);
  Identity identity{.api_version = fields.text("apiVersion"),
                    .kind = fields.text("kind"),
                    .api_version_line = fields.line_of("apiVersion")};
  if (identity.api_version.empty()) identity.api_version = defaults.api_version;
  if (identity.kind.empty()) identity.kind = defaults.kind;
  if (identity.kind.empty()) return read_fragment(object);
  if (identity.api_version.empty() && !may_lack_api_version(identity.kind)) {
    result_.refused.push_back({.file = file_,
                               .document = result_.documents,
                               .line = fields.line_of("kind"),
                               .message = "apiVersion is missing: kubectl refuses it"});
  }
  if (read_known(object, identity)) return;
  if (is_about_others(identity.api_version, identity.kind)) return;
  read_any_templates(object, identity);
}

// False: the kind is unknown.
bool ManifestReader::read_known(const Value& object, const Identity& identity) {
  const auto& [api_version, kind, line] = identity;
  if (kind == "Pod" && is_core(api_version)) {
    const Value* spec = object.find("spec");
    ManifestObject& added =
        add_object(read_pod(object, complaints_), identity, spec == nullptr ? object : *spec);
    added.nodes = read_node_requirements(spec);
    added.labels = labels_at(object, "metadata.labels");
    if (spec != nullptr) {
      name_unread(object, identity, {spec}, true);
      name_misplaced(object, identity, find_misplaced_access(*spec, "spec", *spec));
    }
  } else if (const ObjectKind* known = find_object_kind(api_version, kind)) {
    read_workload(object, identity, *known);
  } else if (kind == "Namespace" && is_core(api_version)) {
    read_namespace(object);
  } else if (kind == "Service" && is_core(api_version)) {
    read_service(object);
    name_unread(object, identity, {}, true);
  } else if (kind.ends_with("List") && object.find("items") != nullptr) {
    read_list(object, identity);
  } else if (is_openshift_template(api_version, kind)) {
    for (const Value& made : template_objects(object)) read_object(made, {});
  } else if (is_argo_workflow(api_version, kind)) {
    read_workflow(object, identity);
  } else {
    return false;
  }
  return true;
}

void ManifestReader::read_list(const Value& list, const Identity& identity) {
  const Value* items = Fields(list, "", complaints_).list("items");
  if (items == nullptr) return;
  // The items of a PodList have no kind of their own, those of a List do.
  Identity of_items{.kind = identity.kind.substr(0, identity.kind.size() - 4)};
  if (!of_items.kind.empty()) of_items.api_version = identity.api_version;
  for (const Value& item : items->items) read_object(item, of_items);
}

void ManifestReader::read_namespace(const Value& object) {
  const Value* metadata = object.find("metadata");
  if (metadata == nullptr) return complain(object.line, "metadata is missing");
  const Value* labels = metadata->find("labels");
  const Value* enforce =
      labels == nullptr ? nullptr : labels->find("pod-security.kubernetes.io/enforce");
  result_.namespaces.push_back({.name = Fields(*metadata, "metadata", complaints_).text("name"),
                                .enforce = enforce == nullptr ? std::string() : enforce->text,
                                .file = file_,
                                .document = result_.documents,
                                .line = enforce == nullptr ? object.line : enforce->line});
}

void ManifestReader::read_service(const Value& object) {
  const Value* ports = at_path(object, "spec.ports");
  const std::string type = text_at(object, "spec.type");
  if (ports == nullptr || (type != "NodePort" && type != "LoadBalancer")) return;
  const Labels selector = labels_at(object, "spec.selector");
  for (const Value& port : ports->items) {
    const std::string protocol = text_at(port, "protocol");
    add_node_port(object, port, "nodePort",
                  {.selector = selector,
                   .protocol = protocol == "UDP"    ? Protocol::udp
                               : protocol == "SCTP" ? Protocol::sctp
                                                    : Protocol::tcp});
  }
  // The API server has one for no other Service (kubernetes:pkg/api/service/util.go).
  if (type == "LoadBalancer" && text_at(object, "spec.externalTrafficPolicy") == "Local") {
    add_node_port(object, *object.find("spec"), "healthCheckNodePort", {.health_check = true});
  }
}

void ManifestReader::add_node_port(const Value& service, const Value& from, std::string_view field,
                                   ManifestNodePort node_port) {
  const Value* written = from.find(field);
  if (written == nullptr || written->integer() == 0) return;
  const std::string_view path = node_port.health_check ? "spec" : "spec.ports";
  const auto number = Fields(from, std::string(path), complaints_).port(field);
  if (!number) return;
  const std::string name_space = text_at(service, "metadata.namespace");
  node_port.namespace_ = name_space.empty() ? "default" : name_space;
  node_port.service = text_at(service, "metadata.name");
  node_port.port = *number;
  node_port.file = file_;
  node_port.document = result_.documents;
  node_port.line = written->line;
  result_.node_ports.push_back(std::move(node_port));
}

// Documentation shows fragments: a spec, a list of containers, only a dnsPolicy.
void ManifestReader::read_fragment(const Value& object) {
  complain(object.line,
           "kind is missing: not a whole Kubernetes object, its ports are not counted");
  for (const std::string_view path : {"spec.template.spec", "spec", "template.spec", ""}) {
    const Value* spec = at_path(object, path);
    if (spec == nullptr || !spec->is_map()) continue;
    if (spec->find("containers") == nullptr && spec->find("dnsPolicy") == nullptr &&
        spec->find("hostNetwork") == nullptr) {
      continue;
    }
    std::vector<Complaint> ignored;  // a fragment may lack parts
    add_object(read_pod_spec(*spec, path, ignored), {}, object).fragment = true;
    return;
  }
}

void ManifestReader::read_workload(const Value& object, const Identity& identity,
                                   const ObjectKind& kind) {
  const Value* pod_template = at_path(object, kind.pod_template);
  if (pod_template != nullptr && pod_template->is_map()) {
    add_template(object, identity, *pod_template, kind.pod_template, "");
    name_unread(object, identity, {pod_template}, is_builtin(kind));
    return;
  }
  // Other kinds may have it elsewhere: a Rollout's workloadRef.
  if (!is_builtin(kind)) return name_unread(object, identity, {}, false);
  complain(pod_template == nullptr ? object.line : pod_template->line,
           fmt::format("{} {}", kind.pod_template,
                       pod_template == nullptr ? "is missing" : "must be a mapping"));
}

void ManifestReader::read_workflow(const Value& object, const Identity& identity) {
  for (const WorkflowPod& pod : workflow_pods(object)) {
    Value pod_template{.kind = Value::Kind::map, .line = pod.spec.line};
    pod_template.members.push_back({.key = "spec", .line = pod.spec.line, .value = pod.spec});
    add_template(object, identity, pod_template, pod.path, pod.name);
  }
  name_unread(object, identity, parts_of_workflow(object), false);
}

void ManifestReader::read_any_templates(const Value& object, const Identity& identity) {
  const std::vector<FoundTemplate> found = find_pod_templates(object);
  std::vector<const Value*> read;
  for (const FoundTemplate& one : found) {
    add_template(object, identity, *one.pod_template, one.path,
                 found.size() > 1 || !one.name.empty() ? one.name : std::string_view());
    read.push_back(one.pod_template->find("spec"));
  }
  name_unread(object, identity, read, false);
}

// `name` distinguishes it from the object's other templates; "" if it is the only one.
void ManifestReader::add_template(const Value& object, const Identity& identity,
                                  const Value& pod_template, std::string_view path,
                                  std::string_view name) {
  ReadPod read = read_pod_template(object, identity.kind, pod_template, path, complaints_);
  if (!name.empty()) read.pod.name += fmt::format("-{}", name);
  const Value* spec = object.find("spec");
  ManifestObject& added = add_object(std::move(read), identity, spec == nullptr ? object : *spec);
  added.nodes = read_node_requirements(pod_template.find("spec"));
  added.labels = labels_at(pod_template, "metadata.labels");
  const Value* pod_spec = pod_template.find("spec");
  if (pod_spec == nullptr) return;
  // Of an unknown kind only the pod spec's fields are known, not what is beside it.
  const bool known = find_object_kind(identity.api_version, identity.kind) != nullptr;
  const std::string at(path);
  name_misplaced(object, identity,
                 known ? find_misplaced_access(pod_template, at, *pod_spec)
                       : find_misplaced_access(*pod_spec, at + ".spec", *pod_spec));
}

void ManifestReader::read_replicas(const Value& spec, ManifestObject& object) {
  const Value* replicas = spec.find("replicas");
  if (replicas == nullptr) return;
  const auto number = replicas->integer();
  object.replicas_line = replicas->line;
  object.replicas_given = number.has_value();
  object.replicas = number.value_or(1);
  const ObjectKind* kind = find_object_kind(object.api_version, object.kind);
  if (kind == nullptr || !kind->has_replicas || (number && *number >= 0)) return;
  complain(replicas->line, fmt::format("spec.replicas must be a number from 0 up, not {}",
                                       number ? replicas->text : std::string(replicas->what())));
}

ManifestObject& ManifestReader::add_object(ReadPod read, const Identity& identity,
                                           const Value& spec) {
  if (kept_ports(read.pod) > kMostPortsOfAPod) {
    complain(read.notes.line,
             fmt::format("more than {} ports: what is beyond is not read", kMostPortsOfAPod));
    limit_ports(read.pod);
  }
  ManifestObject& object =
      result_.objects.emplace_back(ManifestObject{.api_version = identity.api_version,
                                                  .kind = identity.kind,
                                                  .api_version_line = identity.api_version_line,
                                                  .file = file_,
                                                  .document = result_.documents,
                                                  .pod = std::move(read.pod),
                                                  .notes = std::move(read.notes)});
  object.pod.source = "manifests";
  object.pod.origin = fmt::format("{}: document {}", file_, result_.documents);
  read_replicas(spec, object);
  object.update = read_update_strategy(spec);
  return object;
}

void ManifestReader::name_unread(const Value& object, const Identity& identity,
                                 const std::vector<const Value*>& read, bool known) {
  for (const HostAccess& access : find_host_access(object, read)) {
    if (known && !is_in_spec(access.path)) continue;
    add_unread(object, identity, access, known && !access.text);
  }
}

void ManifestReader::name_misplaced(const Value& object, const Identity& identity,
                                    const std::vector<HostAccess>& misplaced) {
  for (const HostAccess& access : misplaced) add_unread(object, identity, access, true);
}

void ManifestReader::add_unread(const Value& object, const Identity& identity,
                                const HostAccess& access, bool misplaced) {
  const std::string name_space = text_at(object, "metadata.namespace");
  result_.unread.push_back({.file = file_,
                            .document = result_.documents,
                            .line = access.line,
                            .kind = identity.kind,
                            .namespace_ = name_space.empty() ? "default" : name_space,
                            .name = text_at(object, "metadata.name"),
                            .path = access.path,
                            .text = access.text,
                            .misplaced = misplaced});
}

}  // namespace hostnet
