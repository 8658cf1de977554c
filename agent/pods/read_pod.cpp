#include "agent/pods/read_pod.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <utility>

#include "agent/document/fields.h"
#include "agent/pods/pod_limits.h"
#include "netlink/base/ascii.h"
#include "netlink/base/text.h"
#include "netlink/base/times.h"

namespace hostnet {
namespace {

// Servers drop or refuse host_network, and fields that differ only in case
// (kubernetes/kubernetes#108861) or in an invisible character.
void complain_about_spelling(const Fields& fields, std::span<const std::string_view> names) {
  for (const Member& member : fields.value().members) {
    for (const std::string_view name : names) {
      if (member.key == name || !is_spelling_of(member.key, name)) continue;
      fields.complain(member.line,
                      fmt::format("{} is no field: write {}", fields.path_of(member.key), name));
    }
  }
}

std::optional<Protocol> parse_protocol_field(const Fields& port) {
  const std::string text = port.text("protocol");
  if (text.empty() || text == "TCP") return Protocol::tcp;
  if (text == "UDP") return Protocol::udp;
  if (text == "SCTP") return Protocol::sctp;
  port.complain(port.line_of("protocol"), fmt::format("{} must be TCP, UDP or SCTP, not {}",
                                                      port.path_of("protocol"), shown_text(text)));
  return std::nullopt;
}

void read_container_port(const Fields& fields, Container& container, ContainerNotes& notes) {
  if (!fields.usable()) return;
  static constexpr std::array<std::string_view, 3> kNames{"containerPort", "hostPort", "hostIP"};
  complain_about_spelling(fields, kNames);
  const auto protocol = parse_protocol_field(fields);
  const auto container_port = fields.port("containerPort");
  if (!fields.has("containerPort")) {
    fields.complain(fields.line(), fmt::format("{} is missing", fields.path_of("containerPort")));
  }
  // 0 means not set (kubernetes/website#44315).
  const Value* written = fields.value().find("hostPort");
  const bool unset = written == nullptr || written->integer() == 0;
  const auto host_port = unset ? std::nullopt : fields.port("hostPort");
  const bool bad_host_port = !unset && !host_port;
  if (!protocol || !container_port || bad_host_port) return;
  ContainerPort port{.name = fields.text("name"),
                     .protocol = *protocol,
                     .container_port = *container_port,
                     .host_port = host_port.value_or(0),
                     .host_ip = fields.text("hostIP")};
  if (!port.host_ip.empty() && !parse_ip(port.host_ip)) {
    fields.complain(fields.line_of("hostIP"),
                    fmt::format("{} must be an IP address, not {}", fields.path_of("hostIP"),
                                shown_text(port.host_ip)));
  }
  container.ports.push_back(std::move(port));
  notes.port_lines.push_back(fields.line());
}

void read_one_container(const Fields& fields, ContainerType type, ReadPod& read) {
  if (!fields.usable()) return;
  Container container;
  container.type = type;
  container.name = fields.text("name");
  if (!fields.has("name")) {
    fields.complain(fields.line(), fmt::format("{} is missing", fields.path_of("name")));
  }
  if (type == ContainerType::init && fields.text("restartPolicy") == "Always") {
    container.type = ContainerType::sidecar;
  }
  ContainerNotes notes{.line = fields.line(), .host_network_line = fields.line_of("hostNetwork")};
  if (const Value* ports = fields.list("ports")) {
    for (std::size_t i = 0; i < ports->items.size(); ++i) {
      read_container_port(Fields(ports->items[i], fmt::format("{}[{}]", fields.path_of("ports"), i),
                                 fields.complaints()),
                          container, notes);
    }
  }
  read.pod.containers.push_back(std::move(container));
  read.notes.containers.push_back(std::move(notes));
}

void read_container_list(const Fields& spec, std::string_view key, ContainerType type,
                         ReadPod& read) {
  const Value* list = spec.list(key);
  if (list == nullptr) return;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    read_one_container(
        Fields(list->items[i], fmt::format("{}[{}]", spec.path_of(key), i), spec.complaints()),
        type, read);
  }
}

void read_spec_into(const Fields& spec, ReadPod& read) {
  if (!spec.usable()) return;
  static constexpr std::array<std::string_view, 3> kNames{"hostNetwork", "dnsPolicy", "hostPID"};
  complain_about_spelling(spec, kNames);
  Pod& pod = read.pod;
  PodNotes& notes = read.notes;
  pod.host_network = spec.boolean("hostNetwork");
  if (pod.host_network) notes.host_network_line = spec.line_of("hostNetwork");
  if (spec.boolean("hostPID")) notes.host_pid_line = spec.line_of("hostPID");
  if (spec.boolean("hostIPC")) notes.host_ipc_line = spec.line_of("hostIPC");
  if (spec.has("hostUsers") && !spec.boolean("hostUsers")) {
    notes.own_users_line = spec.line_of("hostUsers");
  }
  pod.dns_policy = spec.text("dnsPolicy");
  notes.dns_policy_line = spec.line_of("dnsPolicy");
  pod.node_name = spec.text("nodeName");
  if (const Value* volumes = spec.list("volumes")) {
    for (const Value& volume : volumes->items) {
      if (notes.host_path_line == 0 && volume.find("hostPath") != nullptr) {
        notes.host_path_line = volume.member("hostPath")->line;
      }
    }
  }
  read_container_list(spec, "initContainers", ContainerType::init, read);
  read_container_list(spec, "containers", ContainerType::container, read);
  read_container_list(spec, "ephemeralContainers", ContainerType::ephemeral, read);
  const Value* containers = spec.value().find("containers");
  if (containers == nullptr) {
    spec.complain(spec.line(), fmt::format("{} is missing", spec.path_of("containers")));
  } else if (containers->is_list() && containers->items.empty()) {
    spec.complain(containers->line, fmt::format("{} is empty", spec.path_of("containers")));
  }
}

void read_metadata_into(const Fields& object, ReadPod& read) {
  Pod& pod = read.pod;
  pod.namespace_ = "default";
  const std::size_t said = object.complaints().size();
  const Value* map = object.map("metadata");
  if (map != nullptr) {
    const Fields metadata(*map, object.path_of("metadata"), object.complaints());
    if (auto name_space = metadata.text("namespace"); !name_space.empty()) {
      pod.namespace_ = std::move(name_space);
    }
    pod.name = metadata.text("name");
    if (pod.name.empty() && metadata.has("generateName")) {
      pod.name = metadata.text("generateName");
      while (pod.name.ends_with('-')) pod.name.pop_back();
    }
  }
  if (pod.name.empty() && object.complaints().size() == said) {
    object.complain(map == nullptr ? object.line() : map->line,
                    fmt::format("{} is missing", object.path_of("metadata.name")));
  }
}

void read_identity_into(const Value& metadata, Pod& pod) {
  pod.uid = text_of(&metadata, "uid");
  const Value* annotations = metadata.find("annotations");
  pod.config_hash = text_of(annotations, "kubernetes.io/config.hash");
  if (pod.config_hash.empty())
    pod.config_hash = text_of(annotations, "kubernetes.io/config.mirror");
  if (const auto at = parse_rfc3339(text_of(&metadata, "deletionTimestamp"))) pod.deleted_at = at;
  const Value* grace = metadata.find("deletionGracePeriodSeconds");
  if (const auto seconds = grace == nullptr ? std::nullopt : grace->integer()) {
    pod.grace_seconds = static_cast<int>(std::clamp<std::int64_t>(*seconds, 0, 1'000'000'000));
  }
}

}  // namespace

std::string text_of(const Value* map, std::string_view key) {
  const Value* value = map == nullptr ? nullptr : map->find(key);
  return value != nullptr && value->is_scalar() ? value->text : std::string();
}

bool is_commented_out(std::string_view key) {
  return !key.empty() && std::string_view("_#/").contains(key.front());
}

bool is_spelling_of(std::string_view key, std::string_view name) {
  if (is_commented_out(key)) return false;
  std::string letters;
  std::ranges::copy_if(key, std::back_inserter(letters), is_alphanumeric);
  return equals_ignoring_case(letters, name);
}

ReadPod read_pod_spec(const Value& spec, std::string_view path,
                      std::vector<Complaint>& complaints) {
  ReadPod read;
  read.notes.line = spec.line;
  read.pod.namespace_ = "default";
  read_spec_into(Fields(spec, std::string(path), complaints), read);
  return read;
}

ReadPod read_pod(const Value& object, std::vector<Complaint>& complaints) {
  ReadPod read;
  read.notes.line = object.line;
  const Fields fields(object, "", complaints);
  if (!fields.usable()) return read;
  read_metadata_into(fields, read);
  if (const Value* spec = fields.map("spec")) {
    read_spec_into(Fields(*spec, "spec", complaints), read);
  } else if (!fields.has("spec")) {
    fields.complain(object.line, "spec is missing");
  }
  if (const Value* metadata = object.find("metadata"); metadata != nullptr && metadata->is_map()) {
    read_identity_into(*metadata, read.pod);
    read.pod.workload = workload_of(*metadata, read.pod.node_name);
  }
  read_pod_status(object, read.pod);
  return read;
}

ReadPod read_pod_template(const Value& object, std::string_view kind, const Value& pod_template,
                          std::string_view path, std::vector<Complaint>& complaints) {
  ReadPod read;
  read.notes.line = object.line;
  const Fields fields(object, "", complaints);
  read_metadata_into(fields, read);
  const Fields outer(pod_template, std::string(path), complaints);
  if (const Value* spec = outer.map("spec")) {
    read_spec_into(Fields(*spec, outer.path_of("spec"), complaints), read);
  } else if (!outer.has("spec")) {
    outer.complain(pod_template.line, fmt::format("{} is missing", outer.path_of("spec")));
  }
  const Value* metadata = object.find("metadata");
  if (metadata != nullptr) read.pod.workload = workload_of(*metadata, "");
  if (read.pod.workload.empty()) {
    read.pod.workload = fmt::format("{}/{}", kind, read.pod.name);
  } else {
    // A ReplicaSet of a Deployment: its pods are the Deployment's.
    read.pod.name = read.pod.workload.substr(read.pod.workload.find('/') + 1);
  }
  return read;
}

Result<Pod> read_pod_json(std::string_view document) {
  PodFilter filter;
  auto parsed = parse_json(document, 1, &filter);
  if (parsed.failure) {
    return failure(Reason::malformed, "reading a pod: " + parsed.failure->message);
  }
  if (parsed.documents.size() != 1 || !parsed.documents.front().root.is_map()) {
    return failure(Reason::malformed, "reading a pod: not one JSON object");
  }
  std::vector<Complaint> complaints;
  Pod pod = read_pod(parsed.documents.front().root, complaints).pod;
  limit_ports(pod);
  pod.ports_cut += filter.host_ports_cut() + (pod.host_network ? filter.other_ports_cut() : 0);
  return pod;
}

}  // namespace hostnet
