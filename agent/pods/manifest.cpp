#include "agent/pods/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "agent/document/fields.h"
#include "agent/document/split_documents.h"

namespace hostnet {
namespace {

// Where each kind has its pods.
struct TemplateKind {
  std::string_view kind;
  std::string_view path;
};
constexpr std::array<TemplateKind, 7> kTemplateKinds{{
    {"Deployment", "spec.template"},
    {"DaemonSet", "spec.template"},
    {"StatefulSet", "spec.template"},
    {"ReplicaSet", "spec.template"},
    {"ReplicationController", "spec.template"},
    {"Job", "spec.template"},
    {"CronJob", "spec.jobTemplate.spec.template"},
}};

const Value* at_path(const Value& from, std::string_view path) {
  const Value* value = &from;
  while (value != nullptr && !path.empty()) {
    const auto dot = path.find('.');
    value = value->find(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return value;
}

// Reads the documents of one file into a result.
class ManifestReader {
 public:
  ManifestReader(std::string_view file, ManifestResult& result) : file_(file), result_(result) {}

  void read_text(const DocumentText& text);
  void add_error(int document, const Complaint& complaint) {
    result_.errors.push_back({.file = file_,
                              .document = document,
                              .line = complaint.line,
                              .message = complaint.message});
  }

 private:
  void read_object(const Value& object, const std::string& default_kind);
  void read_list(const Value& list, const std::string& kind);
  void read_namespace(const Value& object);
  void read_fragment(const Value& object);
  void read_workload(const Value& object, const TemplateKind& kind);
  void add_object(ReadPod read, std::string kind, const Value& spec, bool fragment);
  void complain(unsigned line, std::string message) {
    complaints_.push_back({.line = line, .message = std::move(message)});
  }

  std::string file_;
  ManifestResult& result_;
  std::vector<Complaint> complaints_;
};

void ManifestReader::read_text(const DocumentText& text) {
  // Past a "---": JSON has no such line.
  const std::size_t marker = text.text.starts_with("---") ? 3 : 0;
  const auto first = text.text.find_first_not_of(" \t\r\n", marker);
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

  for (ParsedDocument& document : parsed.documents) {
    if (document.root.is_null()) continue;
    ++result_.documents;
    complaints_ = std::move(document.complaints);
    read_object(document.root, "");
    for (const Complaint& complaint : complaints_) add_error(result_.documents, complaint);
  }
  if (parsed.failure) {
    Complaint failure = *std::move(parsed.failure);
    if (const unsigned line = as_yaml ? placeholder_line(text, failure.line) : 0; line != 0) {
      failure = {.line = line,
                 .message =
                     "\"...\" stands for something that was left out: fill it in or "
                     "remove it (" +
                     failure.message + ")"};
    }
    add_error(++result_.documents, failure);
  }
}

void ManifestReader::read_object(const Value& object, const std::string& default_kind) {
  if (!object.is_map()) {
    complain(object.line, fmt::format("not a Kubernetes object: {} where a mapping with "
                                      "apiVersion and kind must be",
                                      object.what()));
    return;
  }
  std::string kind = Fields(object, "", complaints_).text("kind");
  if (kind.empty()) kind = default_kind;
  if (kind.empty()) return read_fragment(object);
  if (kind == "Pod") {
    const Value* spec = object.find("spec");
    add_object(read_pod(object, complaints_), kind, spec == nullptr ? object : *spec, false);
    return;
  }
  for (const TemplateKind& known : kTemplateKinds) {
    if (known.kind == kind) return read_workload(object, known);
  }
  if (kind == "Namespace") return read_namespace(object);
  if (kind.ends_with("List") && object.find("items") != nullptr) read_list(object, kind);
}

void ManifestReader::read_list(const Value& list, const std::string& kind) {
  const Value* items = Fields(list, "", complaints_).list("items");
  if (items == nullptr) return;
  // A PodList's items have no kind of their own; a List's have.
  const std::string item_kind = kind.substr(0, kind.size() - 4);
  for (const Value& item : items->items) read_object(item, item_kind);
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

// Documentation shows pieces: a spec, a list of containers, one dnsPolicy.
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
    std::vector<Complaint> ignored;  // of a piece, that something is missing
    add_object(read_pod_spec(*spec, path, ignored), "", object, true);
    return;
  }
}

void ManifestReader::read_workload(const Value& object, const TemplateKind& kind) {
  const Value* pod_template = at_path(object, kind.path);
  if (pod_template == nullptr || !pod_template->is_map()) {
    complain(pod_template == nullptr ? object.line : pod_template->line,
             fmt::format("{} {}", kind.path,
                         pod_template == nullptr ? "is missing" : "must be a mapping"));
    return;
  }
  const Value* spec = object.find("spec");
  add_object(read_pod_template(object, kind.kind, *pod_template, kind.path, complaints_),
             std::string(kind.kind), *spec, false);
}

void ManifestReader::add_object(ReadPod read, std::string kind, const Value& spec, bool fragment) {
  ManifestObject object{.kind = std::move(kind),
                        .file = file_,
                        .document = result_.documents,
                        .fragment = fragment,
                        .pod = std::move(read.pod),
                        .notes = std::move(read.notes)};
  object.pod.source = "manifests";
  object.pod.origin = fmt::format("{}: document {}", file_, result_.documents);
  if (const Value* replicas = spec.find("replicas")) {
    object.replicas_line = replicas->line;
    object.replicas_given = replicas->integer().has_value();
    object.replicas = replicas->integer().value_or(1);
  }
  for (const std::string_view key : {"strategy", "updateStrategy"}) {
    const Value* strategy = spec.find(key);
    if (strategy == nullptr) continue;
    object.strategy_line = strategy->line;
    if (const Value* type = strategy->find("type")) object.strategy_type = type->text;
    if (const Value* surge = at_path(*strategy, "rollingUpdate.maxSurge")) {
      object.max_surge = surge->text;
      object.max_surge_line = surge->line;
    }
  }
  result_.objects.push_back(std::move(object));
}

}  // namespace

std::string manifest_too_long(std::size_t bytes) {
  return fmt::format("{:.1f} MiB long, more than the {} MiB that a manifest may have",
                     static_cast<double>(bytes) / (1 << 20), kMaxManifestBytes >> 20);
}

std::string to_string(const ManifestError& error) {
  std::string text = error.file;
  if (error.document != 0) text += fmt::format(": document {}", error.document);
  if (error.line != 0)
    text += fmt::format("{} line {}", error.document != 0 ? "," : ":", error.line);
  return text + ": " + error.message;
}

std::vector<Pod> ManifestResult::pods() const {
  std::vector<Pod> pods;
  for (const ManifestObject& object : objects) {
    if (!object.fragment) pods.push_back(object.pod);
  }
  return pods;
}

ManifestResult read_manifests(std::string_view text, std::string_view file_name) {
  ManifestResult result;
  ManifestReader reader(file_name, result);
  if (text.size() > kMaxManifestBytes) {
    reader.add_error(0, {.line = 0, .message = manifest_too_long(text.size())});
    return result;
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (const auto complaint = why_not_text(text)) {
    reader.add_error(0, *complaint);
    return result;
  }
  for (const DocumentText& document : split_documents(text)) reader.read_text(document);
  return result;
}

}  // namespace hostnet
