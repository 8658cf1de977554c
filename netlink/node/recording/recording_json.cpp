#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "netlink/node/recording/recorded_binds.h"
#include "netlink/node/recording/recording.h"

namespace hostnet {
namespace {

using Json = nlohmann::json;

std::string hex_text(const std::vector<std::byte>& bytes) {
  std::string out;
  for (const std::byte byte : bytes) out += fmt::format("{:02x}", std::to_integer<int>(byte));
  return out;
}

Json json_of(const Error& error) {
  return {{"error",
           {{"reason", to_string(error.reason)},
            {"errno", error.system_error},
            {"message", escaped_text(error.message)}}}};
}
Json json_of(std::uint64_t value) {
  return value;
}
Json json_of(const std::string& value) {
  return escaped_text(value);
}
Json json_of(const std::vector<std::string>& values) {
  Json out = Json::array();
  for (const auto& value : values) out.push_back(escaped_text(value));
  return out;
}
Json json_of(const std::vector<SocketDescriptor>& values) {
  Json out = Json::array();
  for (const auto& value : values) out.push_back({value.fd, value.inode});
  return out;
}

Json json_of(const FileOwner& value) {
  return {value.uid, value.gid, value.mode};
}

Json json_of(const BindOptions& value) {
  Json out{{"reuse_address", value.reuse_address},
           {"reuse_port", value.reuse_port},
           {"device", escaped_text(value.device)}};
  if (value.v6only) out["v6only"] = *value.v6only;
  return out;
}

Json json_of(const IpTableBytes& value) {
  return {{"valid_hooks", value.valid_hooks},
          {"hook_entry", value.hook_entry},
          {"underflow", value.underflow},
          {"entries", hex_text(value.entries)}};
}

Json json_of(const ClockDiscipline& value) {
  Json out = Json::object();
  for (const auto& [name, member] : kClockDisciplineFields) out[name] = value.*member;
  return out;
}

std::string key_text(const IpTableKey& key) {
  const std::string family(to_string(key.family));
  return key.table == "nat" ? family : family + " " + key.table;
}
std::string key_text(const std::string& key) {
  return escaped_text(key);
}
std::string key_text(std::uint64_t key) {
  return std::to_string(key);
}
std::string key_text(int key) {
  return std::to_string(key);
}
std::string key_text(const std::pair<int, int>& key) {
  return fmt::format("{}/{}", key.first, key.second);
}

std::string key_text(const std::pair<std::string, std::string>& key) {
  return escaped_text(key.first) + "/" + escaped_text(key.second);
}

template <class Key, class T>
Json json_of(const RecordingIndex::Answers<Key, T>& answers) {
  Json out = Json::object();
  for (const auto& [key, answer] : answers) {
    out[key_text(key)] = answer ? json_of(*answer) : json_of(answer.error());
  }
  return out;
}

Json json_of(const Identity& identity) {
  Json out{{"sysname", identity.sysname},
           {"nodename", identity.nodename},
           {"release", identity.release},
           {"version", identity.version},
           {"machine", identity.machine},
           {"domainname", identity.domainname},
           {"effective_capabilities", fmt::format("{:016x}", identity.effective_capabilities)},
           {"page_size", identity.page_size},
           {"pid", identity.pid}};
  for (const auto* name : {"sysname", "nodename", "release", "version", "machine", "domainname"}) {
    out[name] = escaped_text(out[name].get_ref<const std::string&>());
  }
  const auto put = [&](const char* name, const std::optional<std::uint64_t>& value) {
    if (value) out[name] = *value;
  };
  put("own_net_namespace", identity.own_net_namespace);
  put("init_net_namespace", identity.init_net_namespace);
  put("own_pid_namespace", identity.own_pid_namespace);
  put("init_pid_namespace", identity.init_pid_namespace);
  if (identity.shows_bound_inactive) out["shows_bound_inactive"] = *identity.shows_bound_inactive;
  return out;
}

Json json_of(const RecordedDump& dump) {
  Json out{{"doing", escaped_text(dump.request.doing)},
           {"family", dump.request.family},
           {"type", dump.request.type},
           {"flags", dump.request.flags},
           {"body", hex_text(dump.request.body)}};
  if (dump.error) {
    out.update(json_of(*dump.error));
  } else {
    out["file"] = dump.file;
  }
  return out;
}

}  // namespace

std::string escaped_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '%') {
      out += fmt::format("%{:02X}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string to_json(const RecordingIndex& index) {
  Json failed = Json::object();
  for (const auto& [path, error] : index.failed_reads) failed[key_text(path)] = json_of(error);
  Json existence = Json::object();
  for (const auto& [path, there] : index.existence) existence[key_text(path)] = there;
  Json dumps = Json::array();
  for (const RecordedDump& dump : index.dumps) dumps.push_back(json_of(dump));
  Json clock{{"steady_ns", index.steady.time_since_epoch().count()},
             {"wall_ms", index.wall.time_since_epoch().count()}};
  if (const auto& read = index.discipline) {
    clock["adjtimex"] = *read ? json_of(**read) : json_of(read->error());
  }
  Json out{{"format", kRecordingFormat},
           {"version", kRecordingVersion},
           {"clock", std::move(clock)},
           {"identity", json_of(index.identity)},
           {"failed_reads", std::move(failed)},
           {"lists", json_of(index.lists)},
           {"links", json_of(index.links)},
           {"inodes", json_of(index.inodes)},
           {"owners", json_of(index.owners)},
           {"existence", std::move(existence)},
           {"cgroups", json_of(index.cgroups)},
           {"descriptors", json_of(index.descriptors)},
           {"descriptor_inodes", json_of(index.descriptor_inodes)},
           {"socket_options", json_of(index.socket_options)},
           {"ethtool", json_of(index.ethtool)},
           {"ip_tables", json_of(index.ip_tables)},
           {"netlink", std::move(dumps)}};
  if (index.bind_events) out["bind_events"] = json_of_binds(*index.bind_events);
  return out.dump(1) + "\n";
}

}  // namespace hostnet
