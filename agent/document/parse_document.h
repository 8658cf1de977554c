#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/document/value.h"

namespace hostnet {

// What a hostile document may cost. Real ones stay far below: the longest CRDs
// nest 50 deep, a node's pods are some 50,000 values.
inline constexpr std::size_t kMaxDocumentDepth = 100;
inline constexpr std::size_t kMaxDocumentValues = 150'000;
// Of "[...]" or "{...}" in YAML, which is kept whole before the first of it is read; what
// begins with "{" is read as JSON.
inline constexpr std::size_t kMaxFlowBytes = std::size_t{256} << 10;
// What aliases and merge keys may add to a document.
inline constexpr std::size_t kMaxAliasValues = 100'000;
inline constexpr std::size_t kMaxAliasBytes = std::size_t{4} << 20;

// What is wrong with a text, and where.
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
  std::vector<ParsedDocument> documents;  // those before the failure are whole
  std::optional<Complaint> failure;       // why the rest could not be read
};

// The documents of a YAML text (a stream without "---" lines in practice; see
// read_manifests()). Aliases are copied and merge keys ("<<") applied within
// the limits above; "line" counts from `first_line`. Pure, nothing is thrown.
ParsedDocuments parse_yaml(std::string_view text, unsigned first_line = 1);

// What is kept of a JSON text while it is read, so that a large one costs no more
// than what is wanted of it. Owned by whoever reads.
class JsonFilter {
 public:
  JsonFilter() = default;
  virtual ~JsonFilter() = default;
  JsonFilter(const JsonFilter&) = delete;
  JsonFilter& operator=(const JsonFilter&) = delete;

  // Whether the member `key` of the mapping that is the member `parent` ("" in a list,
  // and outermost) is read at all.
  virtual bool keep_member(std::string_view parent, std::string_view key) = 0;
  // Whether an item of the list `key`, which was read, stays.
  virtual bool keep_item(std::string_view key, const Value& item) = 0;
  // Longer texts are cut.
  virtual std::size_t longest_text() const = 0;
};

// The same for JSON: any number of values one after the other.
ParsedDocuments parse_json(std::string_view text, unsigned first_line = 1,
                           JsonFilter* filter = nullptr);

}  // namespace hostnet
