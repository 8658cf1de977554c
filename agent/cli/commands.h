#pragma once

// The one-shot commands: look, print, exit (interface.md, section 1).

#include <memory>

#include "agent/cli/command_line.h"
#include "agent/pods/pod_feed.h"
#include "netlink/node/node.h"

namespace hostnet {

// This machine, or the recording of --replay.
Result<Node> open_node(const CommandLine& line);

// What the pod source says right now; of --replay, what it recorded.
Result<std::shared_ptr<const PodSnapshot>> pods_now(const CommandLine& line,
                                                    const std::string& node_name, WallTime now);

// Runs what the command line asks for and returns the exit code. Answers go to
// stdout, errors, one line each, to stderr.
int run_command(const CommandLine& line);

}  // namespace hostnet
