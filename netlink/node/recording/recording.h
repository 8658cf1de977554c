#pragma once

// The contents of a recording directory, besides the files themselves; the format is
// described in README.md of this folder.

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
inline constexpr int kRecordingVersion = 2;  // version 1 is also read
inline constexpr int kRecordingVersionWithOwners = 2;

// A netlink request that was sent, and the file below netlink/ with the messages of
// its answer, or its error.
struct RecordedDump {
  NetlinkRequest request;
  std::string file;
  std::optional<Error> error;
};

// Written as "ipv4 raw"; for the nat table, the only one in older recordings, as "ipv4".
struct IpTableKey {
  AddressFamily family{};
  std::string table;
  auto operator<=>(const IpTableKey&) const = default;
};

// index.json.
struct RecordingIndex {
  template <class Key, class T>
  using Answers = std::map<Key, Result<T>, std::less<>>;

  int version = kRecordingVersion;  // the version of its format
  SteadyTime steady;
  WallTime wall;
  std::optional<Result<ClockDiscipline>> discipline;
  Identity identity;
  std::map<std::string, Error, std::less<>> failed_reads;  // successful reads are files
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
  std::optional<std::vector<BindEvent>> bind_events;  // unset: bind events were not available
};

// JSON text is UTF-8, but names in /proc and /sys are any bytes: all but printable
// ASCII is written as %XX.
std::string escaped_text(std::string_view text);

std::string to_json(const RecordingIndex& index);
// Reason::malformed with the place in the document ("links/proc/1/exe: ...").
Result<RecordingIndex> parse_recording_index(std::string_view json);

// The key of an Ethtool::ask: the request in hexadecimal without trailing zeros, and
// the device.
std::pair<std::string, std::string> ethtool_key(std::string_view device,
                                                std::span<const std::byte> request);

// "listing-links-0123456789abcdef.bin": the request in words, for humans, and a hash
// that distinguishes requests.
std::string dump_file_name(const NetlinkRequest& request);
// Whether the requests are the same; `doing` is ignored.
bool same_request(const NetlinkRequest& a, const NetlinkRequest& b);

// Whether `name` may be a file at the top of a recording: 1 to 64 of [A-Za-z0-9._-],
// not beginning with a dot, not one of our own files.
bool is_attachment_name(std::string_view name);

// The query that is recorded in place of every narrower one.
SocketQuery every_socket(Protocol protocol, AddressFamily family);
// The sockets in recorded `messages` that the query selects.
Result<> sockets_in(std::string_view messages, const SocketQuery& query, const SocketSink& sink);

}  // namespace hostnet
