#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/framework/collector.h"

namespace hostnet {

using Flags = std::map<std::string, std::vector<std::string>, std::less<>>;

// What the collector of that name makes of a node, as text 0.0.4 without the
// HELP lines. Several pages in a row from one collector: make it once.
class TestCollector {
 public:
  explicit TestCollector(std::string_view name, const Flags& flags = {});
  Result<std::string> page(const Node& node) const;

 private:
  Collect collect_;
};

// A node that has this file, beside what every NodeBuilder begins with.
Node node_with_file(std::string path, std::string contents);
// What the collector says of such a node: its error's message, or "no error".
std::string message_of(const TestCollector& collector, std::string path, std::string contents);
// Why it fails on a node; Reason::internal and "no error" where it does not.
Error error_of(const TestCollector& collector, const Node& node);

// The error of a collector's options.
Error refused_options(std::string_view name, const Flags& flags);

// Each reading is 20 s later than the one before: a deadline passes at once.
class LateClock final : public Clock {
 public:
  SteadyTime steady() const override { return SteadyTime(std::chrono::seconds(20 * calls_++)); }
  WallTime wall() const override { return {}; }

 private:
  mutable int calls_{};
};

// A socket in the table of netlink, with these bytes in its queues.
Socket queued_socket(Protocol protocol, SocketState state, std::string_view address,
                     std::uint32_t received, std::uint32_t sent);

}  // namespace hostnet
