#pragma once

// What is asked of the API server and what it answers, as data: whoever decides
// what to ask knows nothing of connections.

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
  std::string path;          // with its query
  std::string content_type;  // of the body; "" where there is none
  std::string body;
  bool operator==(const KubeRequest&) const = default;
};

struct KubeReply {
  int status{};  // of HTTP; 0: there was no answer
  std::optional<std::chrono::seconds> retry_after;
  // "" when status is 200 or 201 and the body ended as it should; else one line
  // that says what went wrong, with the server's address, never with a credential.
  std::string problem;
  // The body's end came in order: not cut, not given up.
  bool whole{};
};

// No Node is larger: etcd keeps at most 1.5 MiB of an object.
inline constexpr std::size_t kLargestAnswer = std::size_t{4} << 20;

struct KubeAnswer {
  KubeReply reply;
  std::string body;  // of refusals too; at most kLargestAnswer
};

// What a reply that is not as wanted means, in the words of our metrics.
Reason reason_of(const KubeReply& reply);

// ": MESSAGE", for people: the message in the body of a refusal (`member` of its JSON), else all of
// it, shortened; "" where it says nothing.
std::string refusal_words(std::string_view body, const std::vector<std::string>& member);

// A text as part of a URL's path or query (RFC 3986).
std::string percent_encoded(std::string_view text);

}  // namespace hostnet
