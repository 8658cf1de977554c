#pragma once

// The one-shot commands: scan, print, exit (the README's table of calls).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/binds/open_bind_events.h"
#include "agent/hardening/hardening.h"
#include "agent/ports/parse_port.h"
#include "agent/render/exit_codes.h"
#include "agent/render/output_format.h"
#include "agent/serve/metrics_page.h"
#include "agent/watch/scan_sources.h"

namespace hostnet {

// --from: the running agent of this node, or a scan by this call itself.
enum class AnswerFrom { automatic, agent, scan };

enum class ColorWhen { automatic, always, never };

struct CommandOptions {
  AnswerFrom from{AnswerFrom::automatic};
  ScanSources sources;
  OutputFormat format{OutputFormat::text};  // text, json
  TextStyle style;                          // width and color: terminal.h
  std::optional<std::size_t> width;         // unset: the terminal's
  ColorWhen color{ColorWhen::automatic};
  bool watch{};                         // conflicts, risks, ports
  std::optional<PortAndProtocol> port;  // ports, check
  std::optional<IpAddress> address;     // check
  bool v6only{};                        // check
  std::vector<std::string> files;       // check -f
  bool offline{}, recursive{};          // check -f
  std::string directory;                // record
  MetricsOptions metrics;               // record
  HardeningOptions hardening;           // doctor
  BpfMode bpf{BpfMode::automatic};      // doctor
};

// Writes an answer to stdout; returns `code`, or 2 if it could not be written.
int print_answer(std::string_view answer, int code);
// Writes to stderr why there is no answer; returns 2.
int could_not(const Error& error);
int print_call(const Result<CallAnswer>& answer);  // one of the two

// Each runs its command and returns the exit code. Answers go to stdout, errors, one line each, to
// stderr.
int run_conflicts(const CommandOptions& options);
int run_risks(const CommandOptions& options);
int run_history(const CommandOptions& options);  // only a running agent has one
int run_ports(const CommandOptions& options);
int run_check(const CommandOptions& options);  // of a port
int run_record(const CommandOptions& options);
int run_doctor(const CommandOptions& options);

}  // namespace hostnet
