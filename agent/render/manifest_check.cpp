#include "agent/render/manifest_check.h"

#include <fmt/format.h>

#include <vector>

#include "agent/render/table/table.h"
#include "agent/render/words.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

std::string place(const std::string& file, unsigned line) {
  return line == 0 ? file : fmt::format("{}:{}", file, line);
}

std::string port_words_of(const ManifestCheck::Port& port) {
  return port_words(port.declared.port, port.declared.protocol);
}

// The ports of the table's rows.
std::string names_of(const ManifestCheck& check) {
  std::vector<std::string> names;
  for (const Lint& lint : check.lints) {
    if (lint.port) names.push_back(port_words(lint.port, lint.protocol));
  }
  for (const ManifestCheck::Port& port : check.ports) {
    if (port.answer && port.answer->verdict != CheckVerdict::free) {
      names.push_back(port_words_of(port));
    }
  }
  return name_lines(names);
}

}  // namespace

std::string manifest_check_text(const ManifestCheck& check, const TextStyle& style) {
  if (style.names) return names_of(check);
  TextTable table({"WHERE", "SEVERITY", "WHAT", "PORT", "DECLARED BY", "WHY", "WHAT TO DO"});
  for (const ManifestError& error : check.errors) {
    // An error of the file itself: it cannot be read.
    const bool whole = error.line == 0 && error.document == 0;
    table.add({place(error.file, error.line), "critical", whole ? "unreadable" : "malformed", "",
               "", error.message, whole ? "check the path and the file" : "correct the manifest"});
  }
  for (const Lint& lint : check.lints) {
    const std::string pod = fmt::format("{}/{}", lint.namespace_, lint.pod);
    table.add({place(lint.file, lint.line), std::string(to_string(lint.severity)), lint.code,
               port_words(lint.port, lint.port ? lint.protocol : std::nullopt),
               lint.container.empty() ? pod : fmt::format("{} ({})", pod, lint.container),
               lint.message, lint.remedy});
  }
  std::size_t bindable = 0;
  for (const ManifestCheck::Port& port : check.ports) {
    if (!port.answer) continue;
    if (port.answer->verdict == CheckVerdict::free) {
      ++bindable;
      continue;
    }
    table.add({place(port.file, port.line), std::string(to_string(severity_of(*port.answer))),
               std::string(to_string(port.answer->verdict)), port_words_of(port),
               declared_words(port.declared), port.answer->explanation, remedy_of(port)});
  }
  const SeverityCounts counts = count_severities(check);
  const std::string declared = counted(check.ports.size(), "declared port", "declared ports");
  return (table.empty() ? "" : table.text(style)) +
         fmt::format("{} critical, {}, {} info; {}\n", counts.critical,
                     counted(counts.warning, "warning", "warnings"), counts.info,
                     check.offline ? declared + ", this node was not scanned"
                                   : fmt::format("{} of {} free on this node", bindable, declared));
}

Severity severity_of(const CheckAnswer& answer) {
  switch (answer.verdict) {
    case CheckVerdict::free:
    case CheckVerdict::filtered:
    case CheckVerdict::unknown: return Severity::info;
    case CheckVerdict::diverted: return Severity::warning;
    case CheckVerdict::in_use:
    case CheckVerdict::no_such_address: return Severity::critical;
  }
  return Severity::info;
}

SeverityCounts count_severities(const ManifestCheck& check) {
  SeverityCounts counts{.critical = check.errors.size()};
  const auto count = [&](Severity severity) {
    switch (severity) {
      case Severity::critical: ++counts.critical; break;
      case Severity::warning: ++counts.warning; break;
      case Severity::info: ++counts.info; break;
    }
  };
  for (const Lint& lint : check.lints) count(lint.severity);
  for (const ManifestCheck::Port& port : check.ports) {
    if (port.answer && port.answer->verdict != CheckVerdict::free) {
      count(severity_of(*port.answer));
    }
  }
  return counts;
}

std::string remedy_of(const ManifestCheck::Port& port) {
  switch (port.answer->verdict) {
    case CheckVerdict::no_such_address: return "write an address of this node, or leave hostIP out";
    case CheckVerdict::filtered:
      return "open the port in the node's firewall where it is to be reached";
    case CheckVerdict::unknown: return "find out what cannot be seen: hostnet-agent doctor";
    default:
      return fmt::format("choose another port; who has it: hostnet-agent ports {}",
                         port_words_of(port));
  }
}

}  // namespace hostnet
