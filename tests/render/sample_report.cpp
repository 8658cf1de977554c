#include "tests/render/sample_report.h"

#include <chrono>
#include <memory>

namespace hostnet {
namespace {

Holder sample_sshd(std::string_view address, std::uint64_t inode) {
  Holder holder;
  holder.socket = {.protocol = Protocol::tcp,
                   .state = SocketState::listen,
                   .local = parse_ip(address).value(),
                   .local_port = 22,
                   .inode = inode,
                   .cookie = inode};
  if (address == "::") holder.socket.v6only = true;
  holder.owner = {.kind = HolderKind::unmanaged_process,
                  .processes = {{.pid = 640, .comm = "sshd"}},
                  .exe = "/usr/sbin/sshd",
                  .unit = "ssh.service",
                  .cgroup = "/system.slice/ssh.service"};
  holder.name = "ssh.service";
  return holder;
}

Holder sample_dns() {
  Holder holder;
  holder.socket = {.protocol = Protocol::udp,
                   .state = SocketState::close,
                   .local = parse_ip("127.0.0.53").value(),
                   .local_port = 53,
                   .interface = 1,
                   .uid = 101,
                   .inode = 301,
                   .cookie = 301};
  holder.owner = {.kind = HolderKind::unmanaged_process,
                  .processes = {{.pid = 411, .comm = "systemd-resolve"}},
                  .exe = "/usr/lib/systemd/systemd-resolved",
                  .unit = "systemd-resolved.service",
                  .cgroup = "/system.slice/systemd-resolved.service"};
  holder.name = "systemd-resolved.service";
  holder.device = "lo";
  return holder;
}

Finding sample_risk(bool ignored) {
  auto declared = sample_declaration();
  declared.pod = "grid-0";
  declared.container = "grid";
  declared.workload = "StatefulSet/grid";
  declared.port = 30003;
  Finding finding{.id = ignored ? "ignored-id" : "risk-id",
                  .verdict = ignored ? Verdict::reserved_port : Verdict::in_node_port_range,
                  .severity = ignored ? Severity::info : Severity::warning,
                  .protocol = Protocol::tcp,
                  .port = 30003,
                  .host_ip = "0.0.0.0",
                  .since = sample_time() - std::chrono::hours{26},
                  .ignored = ignored,
                  .ignored_because = ignored ? "agreed with the platform team" : "",
                  .declared_by = {declared},
                  .explanation = "30003 is inside the NodePort range 30000-32767.",
                  .remedy = "use a port outside 30000-32767"};
  return finding;
}

}  // namespace

WallTime sample_time() {
  return WallTime{std::chrono::milliseconds{1'795'291'200'123}};
}

Holder sample_nginx() {
  Holder holder;
  holder.socket = {.protocol = Protocol::tcp,
                   .state = SocketState::listen,
                   .local = parse_ip("0.0.0.0").value(),
                   .local_port = 8080,
                   .inode = 48211,
                   .cookie = 7};
  holder.owner = {.kind = HolderKind::unmanaged_process,
                  .processes = {{.pid = 812, .comm = "nginx"}},
                  .exe = "/usr/sbin/nginx",
                  .unit = "nginx.service",
                  .cgroup = "/system.slice/nginx.service"};
  holder.name = "nginx.service";
  return holder;
}

DeclaredPort sample_declaration() {
  return {.namespace_ = "default",
          .pod = "web-1",
          .uid = "0f1e",
          .workload = "DaemonSet/web",
          .container = "web",
          .container_type = ContainerType::container,
          .mode = PortMode::host_network,
          .protocol = Protocol::tcp,
          .port = 8080,
          .container_port = 8080,
          .host_ip = "0.0.0.0",
          .phase = "Running",
          .container_state = "waiting",
          .reason = "CrashLoopBackOff",
          .restarts = 4,
          .ready = false,
          .source = "apiserver"};
}

Finding sample_conflict() {
  return {.id = "8f3c",
          .verdict = Verdict::unmanaged_process,
          .severity = Severity::critical,
          .protocol = Protocol::tcp,
          .port = 8080,
          .host_ip = "0.0.0.0",
          .since = sample_time() - std::chrono::seconds{192},
          .declared_by = {sample_declaration()},
          .held_by = {sample_nginx()},
          .explanation = "nginx.service listens on 0.0.0.0:8080, which the pod wants to bind.",
          .remedy = "systemctl stop nginx.service, or change the pod's port"};
}

CheckAnswer sample_check() {
  return {.protocol = Protocol::tcp,
          .port = 8080,
          .address = parse_ip("::").value(),
          .verdict = CheckVerdict::in_use,
          .bindable = false,
          .holders = {sample_nginx()},
          .declared_by = {sample_declaration()},
          .risks = {Verdict::reserved_port},
          .explanation = "nginx.service listens on 0.0.0.0:8080."};
}

Report sample_report() {
  auto table = std::make_shared<PortSnapshot>();
  table->holders = {sample_sshd("0.0.0.0", 201), sample_sshd("::", 202), sample_nginx(),
                    sample_dns()};
  table->coverage.every_owner = true;
  auto pods = std::make_shared<PodSnapshot>();
  pods->source = "apiserver";
  pods->synced = true;
  pods->last_success = sample_time() - std::chrono::seconds{4};

  Report report;
  report.node = "n1";
  report.generated_at = sample_time();
  report.complete = true;
  report.findings = {sample_conflict(), sample_risk(false), sample_risk(true)};
  report.table = table;
  report.declared = {sample_declaration(), report.findings[1].declared_by[0]};
  report.pods = pods;
  return report;
}

}  // namespace hostnet
