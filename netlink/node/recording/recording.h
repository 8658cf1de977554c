#pragma once

// What a recording directory holds, besides the files themselves; the format
// is told in README.md of this folder.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "netlink/base/clock.h"
#include "netlink/base/error.h"
#include "netlink/bind_events/bind_events.h"
#include "netlink/netlink.h"
#include "netlink/node/files.h"
#include "netlink/node/identity.h"
#include "netlink/node/ip_tables_source.h"
#include "netlink/node/socket_options.h"

namespace hostnet {

inline constexpr std::string_view kIndexName = "index.json";
inline constexpr std::string_view kRecordingFormat = "hostnet-recording";
inline constexpr int kRecordingVersion = 2;  // version 1 is read too
inline constexpr int kRecordingVersionWithOwners = 2;

// A netlink request that was asked, and the file below netlink/ that holds the
// messages of its answer, or how it failed.
struct RecordedDump {
  NetlinkRequest request;
  std::string file;
  std::optional<Error> error;
};

// Written as "ipv4 raw"; of the nat table, the only one in older recordings, as "ipv4".
struct IpTableKey {
  AddressFamily family{};
  std::string table;
  auto operator<=>(const IpTableKey&) const = default;
};

// index.json.
struct RecordingIndex {
  template <class Key, class T>
  using Answers = std::map<Key, Result<T>, std::less<>>;

  int version = kRecordingVersion;  // that it was written in
  SteadyTime steady;
  WallTime wall;
  std::optional<Result<ClockDiscipline>> discipline;
  Identity identity;
  std::map<std::string, Error, std::less<>> failed_reads;  // the others are files
  Answers<std::string, std::vector<std::string>> lists;
  Answers<std::string, std::string> links;
  Answers<std::string, std::uint64_t> inodes;
  Answers<std::string, FileOwner> owners;
  std::map<std::string, bool, std::less<>> existence;
  Answers<std::uint64_t, std::string> cgroups;
  Answers<int, std::vector<SocketDescriptor>> descriptors;            // by pid
  Answers<std::pair<int, int>, std::uint64_t> descriptor_inodes;      // by pid and fd
  Answers<std::uint64_t, BindOptions> socket_options;                 // by socket inode
  Answers<std::pair<std::string, std::string>, std::string> ethtool;  // bytes, by ethtool_key()
  Answers<IpTableKey, IpTableBytes> ip_tables;
  std::vector<RecordedDump> dumps;
  std::optional<std::vector<BindEvent>> bind_events;  // unset: nobody heard of binds
};

// JSON text is UTF-8, names in /proc and /sys are any bytes: what is not
// printable ASCII is written %XX.
std::string escaped_text(std::string_view text);

std::string to_json(const RecordingIndex& index);
// Reason::malformed with the place in the document ("links/proc/1/exe: ...").
Result<RecordingIndex> parse_recording_index(std::string_view json);

// The question of Ethtool::ask: the request in hexadecimal without the zeros at
// its end, and the device.
std::pair<std::string, std::string> ethtool_key(std::string_view device,
                                                std::span<const std::byte> request);

// "listing-links-0123456789abcdef.bin": from what is asked, for humans, and a
// hash that keeps different requests apart.
std::string dump_file_name(const NetlinkRequest& request);
// The same question, whoever asks: `doing` does not count.
bool same_request(const NetlinkRequest& a, const NetlinkRequest& b);

// Whether `name` may stand directly in a recording beside what is always there:
// 1 to 64 of [A-Za-z0-9._-], not beginning with a dot, none of ours.
bool is_attachment_name(std::string_view name);

// The query whose answer is recorded in place of every narrower one.
SocketQuery every_socket(Protocol protocol, AddressFamily family);
// The sockets among recorded `messages` that the query asks for.
Result<> sockets_in(std::string_view messages, const SocketQuery& query, const SocketSink& sink);

}  // namespace hostnet
