#include "agent/pods/sources/pod_protobuf.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <utility>

#include "agent/document/protobuf.h"
#include "netlink/base/times.h"

namespace hostnet {
namespace {

enum class Type { text, boolean, integer, time, message, inlined };

// A field to read: its number in generated.proto, its name in JSON.
struct Shape {
  std::uint32_t number;
  std::string_view name;
  Type type;
  bool list{};
  std::span<const Shape> members;  // of a message
  bool masked_whole{};             // a field mask names the field, not its members
};

constexpr std::array kOwner{Shape{1, "kind", Type::text}, Shape{3, "name", Type::text},
                            Shape{6, "controller", Type::boolean}};
constexpr std::array kMetadata{
    Shape{1, "name", Type::text},
    Shape{3, "namespace", Type::text},
    Shape{5, "uid", Type::text},
    Shape{9, "deletionTimestamp", Type::time},
    Shape{10, "deletionGracePeriodSeconds", Type::integer},
    Shape{13, "ownerReferences", Type::message, true, kOwner, true},
};
constexpr std::array kPort{
    Shape{1, "name", Type::text},
    Shape{2, "hostPort", Type::integer},
    Shape{3, "containerPort", Type::integer},
    Shape{4, "protocol", Type::text},
    Shape{5, "hostIP", Type::text},
};
constexpr std::array kContainer{
    Shape{1, "name", Type::text},
    Shape{6, "ports", Type::message, true, kPort, true},
    Shape{24, "restartPolicy", Type::text},
};
constexpr std::array kEphemeralContainer{
    Shape{1, "", Type::inlined, false, kContainer},
};
constexpr std::array kSpec{
    Shape{2, "containers", Type::message, true, kContainer},
    Shape{6, "dnsPolicy", Type::text},
    Shape{10, "nodeName", Type::text},
    Shape{11, "hostNetwork", Type::boolean},
    Shape{20, "initContainers", Type::message, true, kContainer},
    Shape{34, "ephemeralContainers", Type::message, true, kEphemeralContainer},
};
constexpr std::array kIp{Shape{1, "ip", Type::text}};
constexpr std::array kCondition{
    Shape{1, "type", Type::text},
    Shape{2, "status", Type::text},
    Shape{4, "lastTransitionTime", Type::time},
};
constexpr std::array kWaiting{Shape{1, "reason", Type::text}};
constexpr std::array kRunning{Shape{1, "startedAt", Type::time}};
constexpr std::array kTerminated{
    Shape{1, "exitCode", Type::integer}, Shape{3, "reason", Type::text},
    Shape{5, "startedAt", Type::time},   Shape{6, "finishedAt", Type::time},
    Shape{7, "containerID", Type::text},
};
constexpr std::array kState{
    Shape{1, "waiting", Type::message, false, kWaiting},
    Shape{2, "running", Type::message, false, kRunning},
    Shape{3, "terminated", Type::message, false, kTerminated},
};
constexpr std::array kContainerStatus{
    Shape{1, "name", Type::text},
    Shape{2, "state", Type::message, false, kState},
    Shape{3, "lastState", Type::message, false, kState},
    Shape{4, "ready", Type::boolean},
    Shape{5, "restartCount", Type::integer},
    Shape{8, "containerID", Type::text},
};
constexpr std::array kStatus{
    Shape{1, "phase", Type::text},
    Shape{2, "conditions", Type::message, true, kCondition},
    Shape{4, "reason", Type::text},
    Shape{5, "hostIP", Type::text},
    Shape{6, "podIP", Type::text},
    Shape{7, "startTime", Type::time},
    Shape{8, "containerStatuses", Type::message, true, kContainerStatus},
    Shape{10, "initContainerStatuses", Type::message, true, kContainerStatus},
    Shape{12, "podIPs", Type::message, true, kIp, true},
    Shape{13, "ephemeralContainerStatuses", Type::message, true, kContainerStatus},
    Shape{16, "hostIPs", Type::message, true, kIp, true},
};
constexpr std::array kPod{
    Shape{1, "metadata", Type::message, false, kMetadata},
    Shape{2, "spec", Type::message, false, kSpec},
    Shape{3, "status", Type::message, false, kStatus},
};

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// metav1.Time: seconds since 1970; an empty message means no time.
std::optional<std::string> time_text(std::string_view message) {
  ProtobufReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number != 1 || field->has_bytes) continue;
    constexpr std::int64_t kLatest = 253'402'300'799;  // the year 9999
    const auto seconds = static_cast<std::int64_t>(field->integer);
    if (seconds < 0 || seconds > kLatest) return std::nullopt;
    return rfc3339(WallTime(std::chrono::seconds(seconds)));
  }
  return std::nullopt;
}

class JsonWriter {
 public:
  bool malformed() const { return malformed_; }
  std::string take() { return std::move(out_); }

  void write_message(std::span<const Shape> shapes, std::string_view message) {
    out_ += '{';
    write_members(shapes, message);
    out_ += '}';
  }

 private:
  void write_members(std::span<const Shape> shapes, std::string_view message) {
    for (const Shape& shape : shapes) write_member(shape, message);
  }

  // If a field that is no list occurs more than once, the last one counts.
  void write_member(const Shape& shape, std::string_view message) {
    std::optional<ProtobufField> last;
    bool opened = false;
    ProtobufReader reader(message);
    while (const auto field = reader.next()) {
      if (field->number != shape.number) continue;
      if (field->has_bytes != has_bytes(shape.type)) {
        malformed_ = true;
        return;
      }
      last = *field;
      if (!shape.list) continue;
      if (!std::exchange(opened, true)) {
        write_name(shape.name);
        out_ += '[';
      } else {
        out_ += ',';
      }
      write_message(shape.members, field->bytes);
    }
    malformed_ = malformed_ || reader.malformed();
    if (opened) out_ += ']';
    if (last && !shape.list) write_value(shape, *last);
  }

  static bool has_bytes(Type type) { return type != Type::boolean && type != Type::integer; }

  void write_value(const Shape& shape, const ProtobufField& field) {
    switch (shape.type) {
      case Type::inlined: write_members(shape.members, field.bytes); return;
      case Type::text:
        if (!field.bytes.empty()) write(shape.name, json_string(field.bytes));
        return;
      case Type::time:
        if (const auto time = time_text(field.bytes)) write(shape.name, json_string(*time));
        return;
      case Type::boolean: write(shape.name, field.integer != 0 ? "true" : "false"); return;
      case Type::integer:
        write(shape.name, fmt::to_string(static_cast<std::int64_t>(field.integer)));
        return;
      case Type::message:
        write_name(shape.name);
        write_message(shape.members, field.bytes);
        return;
    }
  }

  void write(std::string_view name, std::string_view value) {
    write_name(name);
    out_ += value;
  }

  void write_name(std::string_view name) {
    if (out_.back() != '{' && out_.back() != '[') out_ += ',';
    fmt::format_to(std::back_inserter(out_), "\"{}\":", name);
  }

  std::string out_;
  bool malformed_{};
};

void append_paths(std::span<const Shape> shapes, const std::string& before, std::string& paths) {
  for (const Shape& shape : shapes) {
    const bool inlined = shape.type == Type::inlined;
    const std::string path = inlined ? before : fmt::format("{}{}", before, shape.name);
    if (shape.members.empty() || shape.masked_whole) {
      paths += paths.empty() ? path : "," + path;
    } else {
      append_paths(shape.members, inlined ? path : path + ".", paths);
    }
  }
}

}  // namespace

Result<std::string> pod_json_from_protobuf(std::string_view pod) {
  JsonWriter writer;
  writer.write_message(kPod, pod);
  if (writer.malformed()) return failure(Reason::malformed, "reading a pod: broken protobuf");
  return writer.take();
}

std::string pod_field_mask() {
  std::string paths;
  append_paths(kPod, "", paths);
  return paths;
}

}  // namespace hostnet
