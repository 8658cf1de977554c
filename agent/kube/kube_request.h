#pragma once

// Requests to the API server and its answers, as data: the code that decides what to ask knows
// nothing about connections.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/base/error.h"

namespace hostnet {

enum class KubeMethod { get, post, patch };
std::string_view to_string(KubeMethod method);  // "GET"

inline constexpr std::string_view kJson = "application/json";
// Lists are merged by their key: conditions of a node by `type`.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-update
inline constexpr std::string_view kStrategicMergePatch = "application/strategic-merge-patch+json";

struct KubeRequest {
  KubeMethod method{};
  std::string path;          // including the query
  std::string content_type;  // of the body; "" if there is none
  std::string body;
  bool operator==(const KubeRequest&) const = default;
};

struct KubeReply {
  int status{};  // of HTTP; 0: there was no answer
  std::optional<std::chrono::seconds> retry_after;
  // "" when status is 200 or 201 and the body ended properly; else one line that says what went
  // wrong, with the server's address, never with a credential.
  std::string problem;
  // The body was received completely: neither cut short nor given up.
  bool whole{};
};

// No Node is larger: etcd keeps at most 1.5 MiB of an object.
inline constexpr std::size_t kLargestAnswer = std::size_t{4} << 20;

struct KubeAnswer {
  KubeReply reply;
  std::string body;  // of refusals too; at most kLargestAnswer
};

// The reason for a reply that is not as wanted, as in our metrics.
Reason reason_of(const KubeReply& reply);

// ": MESSAGE", for people: the message in the body of a refusal (`member` of its JSON), else the
// whole body, shortened; "" if it is empty.
std::string refusal_words(std::string_view body, const std::vector<std::string>& member);

// Percent-encodes a text for a URL's path or query (RFC 3986).
std::string percent_encoded(std::string_view text);

}  // namespace hostnet
