#include "netlink/node/recording/recorded_binds.h"

#include <array>
#include <chrono>
#include <cstdint>

#include "netlink/base/ranges.h"
#include "netlink/node/recording/recording.h"

namespace hostnet {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostRecordedBinds = 65'536;
constexpr std::string_view kRefused = "refused", kDone = "done";

Json json_of_binder(const Binder& binder) {
  return {{"at_ns", binder.at.time_since_epoch().count()},
          {"cgroup", binder.cgroup},
          {"ancestors", binder.ancestors},
          {"process", binder.process},
          {"thread", binder.thread},
          {"user", binder.user},
          {"comm", escaped_text(binder.comm)}};
}

int process_from(const At& at) {
  const int number = at.number<int>();
  if (number <= 0) at.wrong("the number of a process");
  return number;
}

Binder binder_from(const At& at) {
  Binder binder;
  binder.at = SteadyTime(std::chrono::nanoseconds(at.member("at_ns").number<std::int64_t>()));
  binder.cgroup = at.member("cgroup").number<std::uint64_t>();
  const At ancestors = at.member("ancestors");
  if (!ancestors.value.is_array() || ancestors.value.size() != binder.ancestors.size()) {
    ancestors.wrong(fmt::format("{} cgroups", binder.ancestors.size()));
  }
  for (std::size_t i = 0; i < binder.ancestors.size(); ++i) {
    binder.ancestors.at(i) = At{ancestors.value[i], ancestors.place}.number<std::uint64_t>();
  }
  binder.process = process_from(at.member("process"));
  binder.thread = process_from(at.member("thread"));
  binder.user = at.member("user").number<std::uint32_t>();
  binder.comm = at.member("comm").text();
  return binder;
}

Protocol protocol_from(const At& at) {
  const auto found = find_named(std::array{Protocol::tcp, Protocol::udp}, at.text());
  if (!found) at.wrong("tcp or udp");
  return *found;
}

BindEvent event_from(const At& at) {
  BindEvent event;
  const At kind = at.member("kind");
  if (kind.text() != kRefused && kind.text() != kDone) kind.wrong("refused or done");
  event.kind = kind.text() == kRefused ? BindEvent::Kind::refused : BindEvent::Kind::done;
  event.protocol = protocol_from(at.member("protocol"));
  const At address = at.member("address");
  const auto ip = parse_ip(address.text());
  if (!ip) address.wrong("an address");
  event.address = *ip;
  event.port = at.member("port").number<std::uint16_t>();
  if (event.port == 0) at.member("port").wrong("a port");
  event.error = at.member("error").number<int>();
  event.binder = binder_from(at.member("binder"));
  if (at.find("before") != nullptr) event.before = binder_from(at.member("before"));
  return event;
}

}  // namespace

Json json_of_binds(std::span<const BindEvent> events) {
  Json out = Json::array();
  for (const BindEvent& event : events) {
    Json entry{{"kind", event.kind == BindEvent::Kind::refused ? kRefused : kDone},
               {"protocol", to_string(event.protocol)},
               {"address", event.address.to_string()},
               {"port", event.port},
               {"error", event.error},
               {"binder", json_of_binder(event.binder)}};
    if (event.before) entry["before"] = json_of_binder(*event.before);
    out.push_back(std::move(entry));
  }
  return out;
}

std::vector<BindEvent> binds_from(const At& at) {
  if (!at.value.is_array() || at.value.size() > kMostRecordedBinds) at.wrong("an array of binds");
  std::vector<BindEvent> events;
  for (std::size_t i = 0; i < at.value.size(); ++i) {
    events.push_back(event_from({at.value[i], fmt::format("{}/{}", at.place, i)}));
  }
  return events;
}

std::string recorded_binds_json(std::span<const BindEvent> events) {
  return json_of_binds(events).dump() + "\n";
}

Result<std::vector<BindEvent>> parse_recorded_binds(std::string_view text) {
  return read_json(text, [](const Json& document) -> Result<std::vector<BindEvent>> {
    return binds_from({document, "binds"});
  });
}

}  // namespace hostnet
