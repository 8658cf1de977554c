#include "agent/render/port_story.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "agent/render/host_ports.h"
#include "agent/render/port_path.h"
#include "agent/render/table/fold.h"
#include "agent/render/words.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

constexpr std::size_t kLabel = 12;
constexpr std::size_t kMostEvents = 5;
constexpr std::size_t kMostHolders = 8;
constexpr std::size_t kMostDeclarations = 100;  // and findings

using Lines = std::vector<StoryLine>;

void add(Lines& lines, std::string_view label, std::string text) {
  lines.push_back({label, std::move(text)});
}

std::string declaration_story(const DeclaredPort& declared) {
  std::string words = declared_words(declared) + ":";
  const auto add = [&words](std::string_view part) {
    if (part.empty()) return;
    words += words.ends_with(':') ? " " : ", ";
    words += part;
  };
  add(declared.workload);
  add(to_string(declared.mode));
  if (!declared.host_ip.empty()) add("at " + declared.host_ip);
  add(declared.phase);
  add(declared.reason.empty() ? declared.container_state
                              : declared.container_state + " " + declared.reason);
  if (declared.restarts.value_or(0) > 0) {
    add(counted(static_cast<std::size_t>(*declared.restarts), "restart", "restarts"));
  }
  if (declared.terminating) add("terminating");
  add("from " + declared.source);
  return words;
}

std::string holder_story(const Holder& holder) {
  std::string words = holder_words(holder);
  if (holder.owner.kind == HolderKind::nat_rule) return words;
  words +=
      fmt::format(" has {} ({})", endpoint_words(holder.socket.local, holder.socket.local_port),
                  state_words(holder));
  if (!holder.owner.exe.empty()) words += ", " + holder.owner.exe;
  if (!holder.owner.cgroup.empty()) words += ", cgroup " + holder.owner.cgroup;
  return words;
}

void tell_holders(const HostPort* port, Lines& lines) {
  std::size_t told = 0;
  std::size_t more = 0;
  const auto all = port == nullptr ? std::vector<const Holder*>{} : port->holders;
  const auto shown = shown_holders(all);
  for (const Holder* holder : shown) {
    if (holder->owner.kind == HolderKind::nat_rule) continue;
    if (told == kMostHolders) {
      ++more;
      continue;
    }
    ++told;
    add(lines, "held by", holder_story(*holder));
  }
  if (more > 0) add(lines, "held by", counted(more, "more socket", "more sockets"));
  if (shown.size() < all.size())
    add(lines, "held by", "connections of clients, established or in TIME_WAIT");
  if (told == 0) add(lines, "held by", "nobody");
}

std::vector<const Finding*> findings_on(const Report& report, const CheckAnswer& bind) {
  std::vector<const Finding*> found;
  for (const Finding& finding : report.findings) {
    const bool here = finding.port == bind.port && finding.protocol == bind.protocol;
    if (here && !finding.ignored) found.push_back(&finding);
  }
  return found;
}

void tell_declarations(const HostPort* port, Lines& lines) {
  const auto all = port == nullptr ? std::vector<const DeclaredPort*>{} : port->declared_by;
  const auto told = std::min(all.size(), kMostDeclarations);
  for (const DeclaredPort* declared : std::span(all).first(told)) {
    add(lines, "declared", declaration_story(*declared));
  }
  if (all.size() > told) {
    add(lines, "declared", counted(all.size() - told, "more container", "more containers"));
  }
  if (all.empty()) add(lines, "declared", "by no pod");
}

using Findings = std::span<const Finding* const>;

void tell_since(const PortStory& story, Findings findings, Lines& lines) {
  for (const Finding* finding : findings) {
    const std::string_view verdict = to_string(finding->verdict);
    if (!finding->since) {
      add(lines, "since", fmt::format("unknown for {}: this is a single scan", verdict));
    } else {
      add(lines, "since",
          fmt::format("{} ({} ago) {} ({})", rfc3339(*finding->since),
                      age(story.report.generated_at - *finding->since), verdict,
                      to_string(finding->severity)));
    }
  }
  if (findings.empty()) add(lines, "since", "no finding");
}

std::string bind_words(const CheckAnswer& bind) {
  const std::string at = endpoint_words(bind.address, bind.port);
  if (bind.verdict == CheckVerdict::no_such_address) {
    return fmt::format("EADDRNOTAVAIL: {}", bind.explanation);
  }
  if (bind.bindable == false) return fmt::format("EADDRINUSE at {}: {}", at, bind.explanation);
  if (bind.bindable == true) return fmt::format("works at {}", at);
  return fmt::format("unknown at {}: {}", at, bind.explanation);
}

std::string path_words(const PortPath& path) {
  std::string words;
  for (const PathStep& step : path.steps) {
    if (!words.empty()) words += " -> ";
    words += step.text;
    if (!step.detail.empty()) words += fmt::format(" ({})", step.detail);
  }
  if (!path.instead_of.empty()) words += ", not " + path.instead_of;
  return words;
}

void tell_paths(const PortStory& story, Lines& lines) {
  const auto paths = port_paths(story.report, story.bind.port, story.bind.protocol);
  for (const PortPath& path : paths) add(lines, "client", path_words(path));
}

void tell_rules(const PortStory& story, const HostPort* port, Lines& lines) {
  const auto& table = story.report.table;
  if (!table || !table->nat) return add(lines, "rules", "unknown: NAT rules cannot be read");
  bool any = false;
  for (const Holder* holder : port == nullptr ? std::vector<const Holder*>{} : port->holders) {
    if (!holder->nat) continue;
    any = true;
    add(lines, "rules", holder->nat->text + (holder->nat->shadowed ? " (shadowed)" : ""));
  }
  if (!any) add(lines, "rules", "none for this port");
}

// Adds the newest bind()s that were refused there; returns whether there were any.
bool tell_refusals(const PortStory& story, Lines& lines) {
  std::size_t told = 0;
  for (const auto& refused : story.history->refusals) {
    const bool here = refused->port == story.bind.port && refused->protocol == story.bind.protocol;
    if (!here || told == kMostEvents) continue;
    ++told;
    add(lines, "lately",
        fmt::format("{} bind() of {} refused: {}, {}", rfc3339(refused->last),
                    binder_words(*refused), refused->error,
                    counted(refused->times, "time", "times")));
  }
  return told > 0;
}

void tell_history(const PortStory& story, Lines& lines) {
  if (story.history == nullptr) {
    return add(lines, "lately", "unknown: this is a single scan, a running agent remembers");
  }
  const auto events =
      events_of_port(story.history->events, story.bind.port, story.bind.protocol, kMostEvents);
  for (const FindingEvent* event : events) {
    add(lines, "lately",
        fmt::format("{} {} {}{}", rfc3339(event->at), to_string(event->finding.verdict),
                    event->opened ? "opened" : "closed",
                    event->opened ? "" : fmt::format(" after {}", age(event->lasted))));
  }
  const bool refused = tell_refusals(story, lines);
  if (events.empty() && !refused) {
    add(lines, "lately", "no events since the agent started");
  }
}

void tell_remedies(Findings findings, Lines& lines) {
  for (const Finding* finding : findings) {
    add(lines, "what to do", finding->remedy.empty() ? finding->explanation : finding->remedy);
  }
  if (findings.empty()) add(lines, "what to do", "nothing");
}

}  // namespace

std::vector<const FindingEvent*> events_of_port(const FindingEvents& events, std::uint16_t port,
                                                Protocol protocol, std::size_t most) {
  std::vector<const FindingEvent*> found;
  for (const auto& event : events) {
    if (found.size() == most) break;
    if (event->finding.port == port && event->finding.protocol == protocol) {
      found.push_back(event.get());
    }
  }
  return found;
}

std::vector<StoryLine> story_lines(const PortStory& story) {
  const auto ports =
      host_ports(story.report, {.port = story.bind.port, .protocol = story.bind.protocol});
  const HostPort* port = ports.empty() ? nullptr : &ports.front();
  const auto all = findings_on(story.report, story.bind);
  const auto findings = std::span(all).first(std::min(all.size(), kMostDeclarations));
  Lines lines;
  tell_declarations(port, lines);
  tell_holders(port, lines);
  tell_since(story, findings, lines);
  if (all.size() > findings.size()) {
    add(lines, "since", counted(all.size() - findings.size(), "more finding", "more findings"));
  }
  add(lines, "bind()", bind_words(story.bind));
  tell_paths(story, lines);
  tell_rules(story, port, lines);
  tell_history(story, lines);
  tell_remedies(findings, lines);
  return lines;
}

std::string port_story(const PortStory& story, const TextStyle& style) {
  std::string text;
  std::string_view last;
  for (const StoryLine& line : story_lines(story)) {
    std::string row(line.label == last ? "" : line.label);
    last = line.label;
    row.append(kLabel - std::min(kLabel, row.size()), ' ');
    text += folded(row + terminal_text(line.text), style.width, kLabel);
  }
  return text;
}

}  // namespace hostnet
