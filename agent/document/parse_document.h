#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/document/value.h"

namespace hostnet {

// Limits for hostile documents. Real ones stay far below: the longest CRDs nest 50 deep, a node's
// pods are some 50,000 values.
inline constexpr std::size_t kMaxDocumentDepth = 100;
inline constexpr std::size_t kMaxDocumentValues = 150'000;
// For "[...]" or "{...}" in YAML, which the library buffers whole before its first event; a text
// that begins with "{" is read as JSON.
inline constexpr std::size_t kMaxFlowBytes = std::size_t{256} << 10;
// The most values that aliases and merge keys may add to a document.
inline constexpr std::size_t kMaxAliasValues = 100'000;
inline constexpr std::size_t kMaxAliasBytes = std::size_t{4} << 20;

// A fault in a text, and its line.
struct Complaint {
  unsigned line{};  // 1-based; 0: unknown
  std::string message;
  bool operator==(const Complaint&) const = default;
};

struct ParsedDocument {
  Value root;
  std::vector<Complaint> complaints;  // duplicate keys: the last one counts
};

struct ParsedDocuments {
  std::vector<ParsedDocument> documents;  // those before the failure are complete
  std::optional<Complaint> failure;       // why the rest could not be read
};

// Parses the documents of a YAML text (usually a stream without "---" lines; see read_manifests()).
// Aliases are copied and merge keys ("<<") applied within the limits above; "line" counts from
// `first_line`. Pure, does not throw.
ParsedDocuments parse_yaml(std::string_view text, unsigned first_line = 1);

// Selects the parts of a JSON text that are kept while parsing, so that a large one costs only as
// much as those parts. Owned by the caller.
class JsonFilter {
 public:
  JsonFilter() = default;
  virtual ~JsonFilter() = default;
  JsonFilter(const JsonFilter&) = delete;
  JsonFilter& operator=(const JsonFilter&) = delete;

  // Whether to read the member `key` of the mapping that is the member `parent` ("" in a list, and
  // at the top level) at all.
  virtual bool keep_member(std::string_view parent, std::string_view key) = 0;
  // Whether to keep an item of the list `key` after it was read.
  virtual bool keep_item(std::string_view key, const Value& item) = 0;
  // Longer texts are truncated.
  virtual std::size_t longest_text() const = 0;
};

// Parses JSON in the same way: any number of values one after the other.
ParsedDocuments parse_json(std::string_view text, unsigned first_line = 1,
                           JsonFilter* filter = nullptr);

}  // namespace hostnet
