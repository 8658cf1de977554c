// bind() refused a port to a container, as the kernel reported at that moment. A conflict of the
// declaration takes precedence and gets the observation.

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "agent/findings/context/holders.h"
#include "agent/findings/context/remedy.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"
#include "agent/ports/pod_index.h"

namespace hostnet::rules {
namespace {

constexpr std::string_view kInUse = "EADDRINUSE";

bool is_of(const Refusal& refusal, const DeclaredPort& port) {
  const std::string& uid = refusal.binder.pod_uid;
  if (!same_pod_uid(uid, port.uid) && !same_pod_uid(uid, port.config_hash)) return false;
  if (port.protocol != refusal.protocol || port.port != refusal.port) return false;
  return refusal.container.empty() || refusal.container == port.container;
}

Observed observed_of(const Refusal& refusal) {
  Observed observed{
      .first = refusal.first, .last = refusal.last, .count = refusal.count, .error = refusal.error};
  if (!refusal.binder.processes.empty()) {
    const Process& process = refusal.binder.processes.front();
    if (process.pid > 0) observed.pid = process.pid;
    observed.comm = process.comm;
  }
  return observed;
}

void observe(Finding& finding, const Refusal& refusal) {
  finding.observed = observed_of(refusal);
  // That the container was ready for long proves nothing any more: bind() failed.
  const bool certain = refusal.error == kInUse && finding.severity == Severity::warning;
  if (certain) finding.severity = info_of(finding.verdict).severity;
}

// Whether a conflict was found for that container and port; if so, it gets the observation.
bool already_reported(const Refusal& refusal, std::vector<Finding>& found) {
  bool reported = false;
  for (Finding& finding : found) {
    if (class_of(finding.verdict) != FindingClass::conflict || finding.declared_by.empty()) {
      continue;
    }
    if (!is_of(refusal, finding.declared_by.front())) continue;
    observe(finding, refusal);
    reported = true;
  }
  return reported;
}

const DeclaredPort* declaration_of(const Refusal& refusal, const FindingContext& context) {
  const auto at = context.declared.find({refusal.protocol, refusal.port});
  if (at == context.declared.end()) return nullptr;
  for (const Declaration* declaration : at->second) {
    const bool own_network = declaration->port.mode == PortMode::host_port;
    if (!own_network && is_of(refusal, declaration->port)) return &declaration->port;
  }
  return nullptr;
}

// The declaration that the container would have if it declared the port.
DeclaredPort undeclared_port(const Refusal& refusal, const FindingContext& context) {
  DeclaredPort port;
  port.namespace_ = refusal.namespace_;
  port.pod = refusal.pod;
  port.uid = refusal.binder.pod_uid;
  port.container = refusal.container.empty() ? refusal.container_key : refusal.container;
  port.mode = PortMode::host_network;
  port.protocol = refusal.protocol;
  port.port = port.container_port = refusal.port;
  port.host_ip = refusal.address.to_string();
  port.address = refusal.address;
  const Pod* pod =
      context.table.pods ? context.table.pods->by_uid(refusal.binder.pod_uid) : nullptr;
  if (pod == nullptr) return port;
  port.uid = pod->uid;
  port.config_hash = pod->config_hash;
  port.workload = pod->workload;
  port.phase = pod->phase;
  port.terminating = pod->deleted_at.has_value();
  port.dns_policy = pod->dns_policy;
  port.source = pod->source;
  const auto container = std::ranges::find(pod->containers, refusal.container, &Container::name);
  if (container == pod->containers.end()) return port;
  port.container_type = container->type;
  port.container_state = container->state;
  port.reason = container->reason;
  port.restarts = container->restarts;
  port.ready = container->ready;
  port.ready_since = container->ready_since;
  return port;
}

std::string who_was_refused(const Refusal& refusal, const DeclaredPort& port) {
  if (!refusal.pod.empty() && !refusal.container.empty()) return declarer(port);
  if (!refusal.pod.empty()) return fmt::format("{}/{}", refusal.namespace_, refusal.pod);
  const std::string_view id = short_id(refusal.binder);
  return fmt::format("a container{}{} of an unknown pod, UID {}", id.empty() ? "" : " ", id,
                     refusal.binder.pod_uid);
}

std::string why(const Refusal& refusal) {
  if (refusal.error == "EACCES") {
    return fmt::format("port {} is privileged and the process lacks NET_BIND_SERVICE",
                       refusal.port);
  }
  if (refusal.error == "EADDRNOTAVAIL") {
    return fmt::format("this node has no address {}", refusal.address.to_string());
  }
  if (refusal.error == "EPERM") return "another BPF program on its cgroup refuses it";
  if (refusal.holders.empty()) return "the holder was gone before it could be identified";
  const Holder& holder = refusal.holders.front();
  if (!refusal.gone_after) return describe_holder(holder);
  return fmt::format("{} had it, gone {} ms later", who(holder), refusal.gone_after->count());
}

std::string how_to_get_it_back(const Refusal& refusal, const DeclaredPort& port) {
  if (!refusal.holders.empty() && !refusal.gone_after) {
    return remedy_against(refusal.holders.front(), port);
  }
  return fmt::format("inspect with: ss -{}anp 'sport = :{}'",
                     refusal.protocol == Protocol::udp ? "u" : "t", refusal.port);
}

std::string remedy_for_refusal(const Refusal& refusal, const DeclaredPort& port, bool declared) {
  if (refusal.error == "EACCES") {
    return "add NET_BIND_SERVICE to the container's securityContext.capabilities, or change the "
           "port to one from 1024 up";
  }
  if (refusal.error == "EADDRNOTAVAIL") {
    return "bind an address of this node or 0.0.0.0; inspect with: ip address show";
  }
  if (refusal.error == "EPERM") return "inspect with: bpftool cgroup tree";
  if (declared) return how_to_get_it_back(refusal, port);
  return fmt::format(
      "declare containerPort {} ({}) in the pod, so that the scheduler knows of it; {}",
      refusal.port, refusal.protocol == Protocol::udp ? "UDP" : "TCP",
      how_to_get_it_back(refusal, port));
}

Severity severity_of(const Refusal& refusal, const FindingContext& context) {
  if (refusal.error != kInUse) return Severity::warning;
  const bool leaves = !refusal.holders.empty() && leaves_in_grace(refusal.holders.front(), context);
  return refusal.serious && !leaves ? Severity::critical : Severity::info;
}

}  // namespace

void bind_refused(const FindingContext& context, std::vector<Finding>& found) {
  if (!context.table.refusals) return;
  for (const Refusal& refusal : *context.table.refusals) {
    if (already_reported(refusal, found)) continue;
    const DeclaredPort* declared = declaration_of(refusal, context);
    const DeclaredPort port = declared != nullptr ? *declared : undeclared_port(refusal, context);
    Finding finding =
        make_finding(Verdict::bind_refused, refusal.protocol, refusal.port,
                     refusal.address.to_string(), refusal.binder.pod_uid, refusal.container_key);
    finding.severity = severity_of(refusal, context);
    finding.declared_by = {port};
    finding.held_by = refusal.holders;
    for (Holder& holder : finding.held_by) {
      if (context.table.pods) context.table.pods->name(holder);
    }
    finding.observed = observed_of(refusal);
    finding.explanation = fmt::format("bind() refused {} to {} ({}): {}.",
                                      port_name(PortKey{refusal.protocol, refusal.port}),
                                      who_was_refused(refusal, port), refusal.error, why(refusal));
    finding.remedy = remedy_for_refusal(refusal, port, declared != nullptr);
    found.push_back(std::move(finding));
  }
}

}  // namespace hostnet::rules
