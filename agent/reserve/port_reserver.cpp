#include "agent/reserve/port_reserver.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/ports/port_ranges.h"

namespace hostnet {
namespace {

// The delay after a failure: somebody may fix it, or another agent may end.
constexpr std::chrono::seconds kRetry{10};

Problem cannot_reserve(const Error& error, std::string remedy) {
  return {.code = "ports_not_reserved",
          .message = fmt::format("declared ports are not reserved: {}", error.message),
          .remedy = std::move(remedy)};
}

Problem list_problem(const Error& error) {
  if (error.system_error == EROFS) {
    return cannot_reserve(error,
                          "mount this file of the host there, writable, as "
                          "deploy/overlays/reserve-ports does; under systemd set "
                          "ProtectKernelTunables=no");
  }
  if (error.reason == Reason::denied) {
    return cannot_reserve(error, "run as uid 0, or add NET_ADMIN");
  }
  return cannot_reserve(error, "make it readable and writable");
}

Problem state_problem(const Error& error) {
  if (error.reason == Reason::exhausted) {
    return cannot_reserve(error, "let one hostnet-agent of this node do it");
  }
  return cannot_reserve(error,
                        "what is added is written down first: name a writable folder with "
                        "--fix.state-folder (a hostPath below /run)");
}

PortSet declared_in_ephemeral_range(const Report& report) {
  PortSet wanted;
  for (const DeclaredPort& declared : report.declared) {
    if (report.table->ranges.ephemeral.contains(declared.port)) wanted.set(declared.port);
  }
  return wanted;
}

}  // namespace

PortReserver::PortReserver(std::shared_ptr<const Node> node,
                           std::unique_ptr<ReservedPortsFile> file, ReserverSettings settings)
    : node_(std::move(node)), file_(std::move(file)), settings_(std::move(settings)) {}

Reservations PortReserver::see(const Report& report, SteadyTime now) {
  Reservations done;
  if (!report.host_network_namespace) {
    done.problem =
        cannot_reserve({.reason = Reason::unsupported,
                        .message = "net.ipv4.ip_local_reserved_ports here is not that of the host"},
                       "set hostNetwork: true");
    return done;
  }
  if (report.pods == pods_ && ranges_ == report.table->ranges && now < due_) {
    done.problem = problem_;
    return done;
  }
  pods_ = report.pods;
  ranges_ = report.table->ranges;
  due_ = SteadyTime::max();

  problem_ = open(done);
  if (!problem_) {
    const PodSnapshot& pods = *report.pods;
    ReservationFacts facts{.wanted = declared_in_ephemeral_range(report),
                           .may_release = pods.synced && !pods.stale && pods.errors.empty()};
    remember_who_left(facts, now);
    facts.keep = lately_wanted(now);
    plan_and_write(facts, done);
    problem_ = done.problem;
  }
  for (const auto& [port, left] : left_) {
    if (const auto due = left + settings_.release_after; due > now) due_ = std::min(due_, due);
  }
  if (problem_) due_ = now + kRetry;
  done.problem = problem_;
  return done;
}

Reservations PortReserver::restore() {
  Reservations done;
  done.problem = open(done);
  if (!done.problem) {
    plan_and_write({.may_release = true}, done);
  }
  return done;
}

// Prepares what every attempt needs; does nothing after it succeeded once.
std::optional<Problem> PortReserver::open(Reservations& done) {
  if (folder_) return std::nullopt;
  if (const auto writable = file_->try_open(); !writable) return list_problem(writable.error());
  auto list = file_->read();
  if (!list) return list_problem(list.error());
  const auto reserved = parse_port_list(*list);
  if (!reserved) return list_problem(reserved.error());
  auto boot = node_->files->read("proc/sys/kernel/random/boot_id");
  if (!boot) return state_problem(boot.error());
  auto folder = StateFolder::open(settings_.state_folder);
  if (!folder) return state_problem(folder.error());
  const auto text = (*folder)->read();
  if (!text) return state_problem(text.error());

  boot_ = boot->substr(0, boot->find('\n'));
  own_ = {.result = port_set(*reserved)};
  if (*text) {
    if (const auto state = parse_kept_state(**text)) {
      own_ = own_reservation(*state, boot_, node_->identity.own_net_namespace.value_or(0),
                             own_.result);
    } else {
      done.forgotten = state.error();
    }
  }
  folder_ = *std::move(folder);
  return std::nullopt;
}

void PortReserver::plan_and_write(ReservationFacts facts, Reservations& done) {
  const auto fail = [&](Problem problem) { done.problem = std::move(problem); };
  // Reads the list again, as the scan's is older: changes by others since are kept.
  const auto list = file_->read();
  if (!list) return fail(list_problem(list.error()));
  const auto reserved = parse_port_list(*list);
  if (!reserved) return fail(list_problem(reserved.error()));
  facts.reserved = port_set(*reserved);

  const ReservationPlan plan = plan_reservation(facts, own_);
  if (!plan.writes() && plan.then == own_) return;
  // Saved before and after the write, so that whenever the agent is killed the next one knows which
  // ports are its own.
  if (plan.writes()) {
    const PortSet added = plan.then.added | plan.released;
    if (auto kept = keep(added, facts.reserved, plan.then.result); !kept) {
      return fail(state_problem(kept.error()));
    }
    if (auto written = file_->write(port_list(ranges_of(plan.then.result))); !written) {
      return fail(list_problem(written.error()));
    }
  }
  own_ = plan.then;
  done.added = plan.missing;
  done.released = plan.released;
  done.taken_over = plan.taken_over;
  if (auto kept = keep(own_.added, own_.result, own_.result); !kept) {
    fail(state_problem(kept.error()));
  }
}

void PortReserver::remember_who_left(const ReservationFacts& facts, SteadyTime now) {
  std::erase_if(left_, [&](const auto& entry) {
    return facts.wanted.test(entry.first) || !own_.added.test(entry.first);
  });
  if (!facts.may_release) return;
  for (const auto& [first, last] : ranges_of(own_.added & ~facts.wanted)) {
    for (unsigned port = first; port <= last; ++port) {
      left_.try_emplace(static_cast<std::uint16_t>(port), now);
    }
  }
}

PortSet PortReserver::lately_wanted(SteadyTime now) const {
  PortSet ports;
  for (const auto& [port, left] : left_) {
    if (now < left + settings_.release_after) ports.set(port);
  }
  return ports;
}

Result<> PortReserver::keep(const PortSet& added, const PortSet& before,
                            const PortSet& after) const {
  return folder_->write(to_text({.boot = boot_,
                                 .network_namespace = node_->identity.own_net_namespace.value_or(0),
                                 .added = added,
                                 .before = before,
                                 .after = after}));
}

}  // namespace hostnet
