#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/document/parse_document.h"

namespace hostnet {

// Builds one document's tree from a parser's events, within the limits of parse_document.h. Once
// the document is refused, every call returns false: then failure() says why and nothing more may
// be added.
class TreeBuilder {
 public:
  using Anchor = std::uint64_t;  // 0: none

  bool start_map(unsigned line, Anchor anchor = 0);
  bool start_list(unsigned line, Anchor anchor = 0);
  bool end();  // closes the innermost map or list
  // In a map keys and values alternate, a key first.
  bool scalar(unsigned line, std::string text, bool plain, Anchor anchor = 0);
  bool null(unsigned line, Anchor anchor = 0);
  bool alias(unsigned line, Anchor anchor);

  // drop_last_item() removes the last item of the innermost list without a trace.
  const Value* last_item() const;
  void drop_last_item();

  bool complete() const { return complete_; }
  const std::optional<Complaint>& failure() const { return failure_; }
  ParsedDocument take();  // after complete(); resets the builder

 private:
  struct Frame {
    Value value;
    Anchor anchor{};
    std::optional<Member> open;  // a key whose value has yet to come
  };

  bool refuse(unsigned line, std::string message);
  bool start(Value value, Anchor anchor);
  bool add(Value value, Anchor anchor);
  bool charge_alias(const Value& value, unsigned line);
  bool finish_map(Value& map);
  bool merge_into(Value& map, const Value& source);

  std::vector<Frame> frames_;
  std::map<Anchor, Value> anchors_;
  ParsedDocument document_;
  std::optional<Complaint> failure_;
  std::size_t values_{};
  std::size_t alias_values_{}, alias_bytes_{};
  bool complete_{};
};

}  // namespace hostnet
