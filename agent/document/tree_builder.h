#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/document/parse_document.h"

namespace hostnet {

// Builds one document's tree from the events of a parser, within the limits of
// parse_document.h. Every call says false once the document is refused: then
// failure() says why and nothing more may be added.
class TreeBuilder {
 public:
  using Anchor = std::uint64_t;  // 0: none

  bool start_map(unsigned line, Anchor anchor = 0);
  bool start_list(unsigned line, Anchor anchor = 0);
  bool end();  // of the innermost map or list
  // In a map the first of two is the key.
  bool scalar(unsigned line, std::string text, bool plain, Anchor anchor = 0);
  bool null(unsigned line, Anchor anchor = 0);
  bool alias(unsigned line, Anchor anchor);

  // Takes the last item out of the innermost list again, as if it had never been.
  const Value* last_item() const;
  void drop_last_item();

  bool complete() const { return complete_; }
  const std::optional<Complaint>& failure() const { return failure_; }
  ParsedDocument take();  // after complete(); the builder is as new

 private:
  struct Frame {
    Value value;
    Anchor anchor{};
    std::optional<Member> open;  // a key that waits for its value
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
