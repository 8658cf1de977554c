#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "netlink/base/text.h"
#include "netlink/node/recording/json_place.h"
#include "netlink/node/recording/recorded_binds.h"
#include "netlink/node/recording/recording.h"
#include "netlink/node/rooted.h"

namespace hostnet {
namespace {

using Json = nlohmann::json;

Error error_from(const At& at) {
  Error error;
  const auto reason = at.member("reason").text();
  for (int i = 0; i <= static_cast<int>(Reason::internal); ++i) {
    if (to_string(static_cast<Reason>(i)) != reason) continue;
    error.reason = static_cast<Reason>(i);
    error.system_error = at.member("errno").number<int>();
    error.message = at.member("message").text();
    return error;
  }
  at.member("reason").wrong("a reason");
}

std::optional<Error> maybe_error(const At& at) {
  if (!at.value.is_object() || !at.value.contains("error")) return std::nullopt;
  return error_from(at.member("error"));
}

void value_from(const At& at, std::uint64_t& out) {
  out = at.number<std::uint64_t>();
}
void value_from(const At& at, std::string& out) {
  out = at.text();
}
void value_from(const At& at, std::vector<std::string>& out) {
  if (!at.value.is_array()) at.wrong("an array");
  for (const auto& item : at.value) out.push_back(At{item, at.place}.text());
}
void value_from(const At& at, std::vector<SocketDescriptor>& out) {
  if (!at.value.is_array()) at.wrong("an array");
  for (const auto& item : at.value) {
    if (!item.is_array() || item.size() != 2) at.wrong("pairs [fd, inode]");
    out.push_back(
        {At{item[0], at.place}.number<int>(), At{item[1], at.place}.number<std::uint64_t>()});
  }
}

void value_from(const At& at, BindOptions& out) {
  out.reuse_address = at.member("reuse_address").truth();
  out.reuse_port = at.member("reuse_port").truth();
  if (at.find("v6only") != nullptr) out.v6only = at.member("v6only").truth();
  if (at.find("device") != nullptr) out.device = at.member("device").text();
}

template <std::size_t Size>
std::array<std::uint32_t, Size> numbers_from(const At& at, std::string_view what) {
  std::array<std::uint32_t, Size> out{};
  if (!at.value.is_array() || at.value.size() != out.size()) at.wrong(what);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out.at(i) = At{at.value[i], at.place}.number<std::uint32_t>();
  }
  return out;
}
void value_from(const At& at, FileOwner& out) {
  const auto numbers = numbers_from<3>(at, "uid, gid and mode");
  out = {.uid = numbers[0], .gid = numbers[1], .mode = numbers[2]};
}
void value_from(const At& at, IpTableBytes& out) {
  out.valid_hooks = at.member("valid_hooks").number<std::uint32_t>();
  out.hook_entry = numbers_from<5>(at.member("hook_entry"), "five offsets");
  out.underflow = numbers_from<5>(at.member("underflow"), "five offsets");
  out.entries = at.member("entries").hex();
}

template <class Int>
Int number_from_key(const At& at, std::string_view text) {
  const auto number = parse_number<Int>(text);
  if (!number) at.wrong("a number as its key");
  return *number;
}

void key_from(const At& at, const std::string& text, std::string& out) {
  const Json as_value = text;
  out = At{as_value, at.place}.text();
  if (!SeamPath::of(out, "key")) at.wrong("a path below proc/ or sys/ as its key");
}
void key_from(const At& at, const std::string& text, IpTableKey& out) {
  const auto space = std::min(text.find(' '), text.size());
  for (const AddressFamily family : {AddressFamily::ipv4, AddressFamily::ipv6}) {
    if (text.substr(0, space) != to_string(family)) continue;
    out = {family, space == text.size() ? "nat" : text.substr(space + 1)};
    return;
  }
  at.wrong("ipv4 or ipv6 as its key");
}
void key_from(const At& at, const std::string& text, std::uint64_t& out) {
  out = number_from_key<std::uint64_t>(at, text);
}
void key_from(const At& at, const std::string& text, int& out) {
  out = number_from_key<int>(at, text);
}
void key_from(const At& at, const std::string& text, std::pair<int, int>& out) {
  const auto slash = std::min(text.find('/'), text.size() - 1);
  out.first = number_from_key<int>(at, std::string_view(text).substr(0, slash));
  out.second = number_from_key<int>(at, std::string_view(text).substr(slash + 1));
}

void key_from(const At& at, const std::string& text, std::pair<std::string, std::string>& out) {
  const auto slash = std::min(text.find('/'), text.size() - 1);
  out.first = At{text.substr(0, slash), at.place}.text();
  out.second = At{text.substr(slash + 1), at.place}.text();
}

// Every table may be missing: a recording made by hand contains what it needs.
template <class Key, class OnEntry>
void each_entry(const At& root, const char* name, OnEntry&& on_entry) {
  const Json* found = root.find(name);
  if (found == nullptr) return;
  if (!found->is_object()) At{*found, name}.wrong("an object");
  for (const auto& [text, value] : found->items()) {
    const At at{value, fmt::format("{}/{}", name, text)};
    Key key{};
    if (text.empty()) at.wrong("a key that is not empty");
    key_from(at, text, key);
    on_entry(std::move(key), at);
  }
}

template <class Key, class T>
void answers_from(const At& root, const char* name, RecordingIndex::Answers<Key, T>& out) {
  each_entry<Key>(root, name, [&](Key key, const At& at) {
    if (auto error = maybe_error(at)) {
      out.insert_or_assign(std::move(key), std::unexpected(*std::move(error)));
      return;
    }
    T value{};
    value_from(at, value);
    out.insert_or_assign(std::move(key), std::move(value));
  });
}

Result<ClockDiscipline> discipline_from(const At& at) {
  if (auto error = maybe_error(at)) return std::unexpected(*std::move(error));
  ClockDiscipline out;
  for (const auto& [name, member] : kClockDisciplineFields) {
    out.*member = at.member(std::string(name).c_str()).number<std::int64_t>();
  }
  return out;
}

Identity identity_from(const At& at) {
  Identity out;
  out.sysname = at.member("sysname").text();
  out.nodename = at.member("nodename").text();
  out.release = at.member("release").text();
  out.version = at.member("version").text();
  out.machine = at.member("machine").text();
  out.domainname = at.member("domainname").text();
  const At capabilities = at.member("effective_capabilities");
  const auto mask = parse_number<std::uint64_t>(capabilities.text(), 16);
  if (!mask) capabilities.wrong("a hexadecimal mask");
  out.effective_capabilities = *mask;
  out.page_size = at.member("page_size").number<std::uint64_t>();
  out.pid = at.member("pid").number<int>();
  const auto get = [&](const char* name, std::optional<std::uint64_t>& value) {
    if (at.find(name) != nullptr) value = at.member(name).number<std::uint64_t>();
  };
  get("own_net_namespace", out.own_net_namespace);
  get("init_net_namespace", out.init_net_namespace);
  get("own_pid_namespace", out.own_pid_namespace);
  get("init_pid_namespace", out.init_pid_namespace);
  if (at.find("shows_bound_inactive") != nullptr) {
    out.shows_bound_inactive = at.member("shows_bound_inactive").truth();
  }
  return out;
}

RecordedDump dump_from(const At& at) {
  RecordedDump out;
  out.request.family = at.member("family").number<int>();
  out.request.type = at.member("type").number<std::uint16_t>();
  out.request.flags = at.member("flags").number<std::uint16_t>();
  out.request.body = at.member("body").hex();
  out.request.doing = at.member("doing").text();
  out.error = maybe_error(at);
  if (out.error) return out;
  out.file = at.member("file").text();
  // No slash, no "..": it cannot leave netlink/.
  if (out.file.find('/') != std::string::npos || out.file.empty() || out.file.front() == '.') {
    at.member("file").wrong("a file name");
  }
  return out;
}

void clock_from(const At& at, RecordingIndex& out) {
  out.steady = SteadyTime(std::chrono::nanoseconds(at.member("steady_ns").number<std::int64_t>()));
  out.wall = WallTime(std::chrono::milliseconds(at.member("wall_ms").number<std::int64_t>()));
  if (at.find("adjtimex") != nullptr) out.discipline = discipline_from(at.member("adjtimex"));
}

void files_from(const At& root, RecordingIndex& out) {
  each_entry<std::string>(root, "failed_reads", [&](std::string path, const At& at) {
    out.failed_reads.insert_or_assign(std::move(path), error_from(at.member("error")));
  });
  each_entry<std::string>(root, "existence", [&](std::string path, const At& at) {
    out.existence.insert_or_assign(std::move(path), at.truth());
  });
  answers_from(root, "lists", out.lists);
  answers_from(root, "links", out.links);
  answers_from(root, "inodes", out.inodes);
  answers_from(root, "owners", out.owners);
}

void dumps_from(const At& root, std::vector<RecordedDump>& out) {
  const Json* dumps = root.find("netlink");
  if (dumps == nullptr) return;
  if (!dumps->is_array()) At{*dumps, "netlink"}.wrong("an array");
  for (std::size_t i = 0; i < dumps->size(); ++i) {
    out.push_back(dump_from({(*dumps)[i], fmt::format("netlink/{}", i)}));
  }
}

Result<RecordingIndex> index_from(const Json& document) {
  const At root{document, ""};
  if (!document.is_object() || root.member("format").text() != kRecordingFormat) {
    return failure(Reason::malformed, "format: expected \"hostnet-recording\"");
  }
  RecordingIndex out;
  out.version = root.member("version").number<int>();
  if (out.version < 1 || out.version > kRecordingVersion) {
    return failure(Reason::unsupported,
                   fmt::format("version: {} is none of those known here, 1 to {}", out.version,
                               kRecordingVersion));
  }
  clock_from(root.member("clock"), out);
  out.identity = identity_from(root.member("identity"));
  files_from(root, out);
  answers_from(root, "cgroups", out.cgroups);
  answers_from(root, "descriptors", out.descriptors);
  answers_from(root, "descriptor_inodes", out.descriptor_inodes);
  answers_from(root, "socket_options", out.socket_options);
  answers_from(root, "ethtool", out.ethtool);
  answers_from(root, "ip_tables", out.ip_tables);
  if (const Json* binds = root.find("bind_events")) {
    out.bind_events = binds_from(At{*binds, "bind_events"});
  }
  dumps_from(root, out.dumps);
  return out;
}

}  // namespace

Result<RecordingIndex> parse_recording_index(std::string_view json) {
  return read_json(json, index_from);
}

}  // namespace hostnet
