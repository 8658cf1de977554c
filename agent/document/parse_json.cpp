#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "agent/document/tree_builder.h"

namespace hostnet {
namespace {

// The lexer's position; the library copies its iterators, so they share one.
struct JsonCursor {
  const char* position{};
  unsigned line{};       // of the character read last
  bool after_newline{};  // that character ended a line
};

class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(JsonCursor* cursor, const char* end) : cursor_(cursor), end_(end) {}
  reference operator*() const { return *cursor_->position; }
  CountingIterator& operator++() {
    if (cursor_->after_newline) ++cursor_->line;
    cursor_->after_newline = *cursor_->position == '\n';
    ++cursor_->position;
    return *this;
  }
  // The library only ever compares with the end.
  bool operator==(const CountingIterator&) const { return cursor_->position == end_; }
  bool operator!=(const CountingIterator& other) const { return !(*this == other); }

 private:
  JsonCursor* cursor_;
  const char* end_;
};

// nlohmann's SAX interface, with the library's names. Values that the filter does not want never
// reach the builder.
class JsonEvents {
 public:
  using Json = nlohmann::json;

  JsonEvents(const JsonCursor& cursor, JsonFilter* filter) : cursor_(cursor), filter_(filter) {}

  bool null() { return skipped() || (builder_.null(cursor_.line) && value_done()); }
  bool boolean(bool value) { return plain(value ? "true" : "false"); }
  bool number_integer(Json::number_integer_t value) { return plain(std::to_string(value)); }
  bool number_unsigned(Json::number_unsigned_t value) { return plain(std::to_string(value)); }
  bool number_float(Json::number_float_t, const Json::string_t& text) { return plain(text); }
  bool string(Json::string_t& text) {
    if (skipped()) return true;
    if (filter_ != nullptr && text.size() > filter_->longest_text()) {
      text.resize(filter_->longest_text());
      text.shrink_to_fit();
    }
    return builder_.scalar(cursor_.line, std::move(text), false) && value_done();
  }
  bool binary(Json::binary_t&) { return false; }
  bool start_object(std::size_t) { return start(false); }
  bool start_array(std::size_t) { return start(true); }
  bool end_object() { return end(); }
  bool end_array() { return end(); }
  bool key(Json::string_t& text) {
    if (skip_depth_ > 0) return true;
    if (filter_ != nullptr) {
      const std::string_view parent = frames_.empty() ? std::string_view() : frames_.back().key;
      skip_value_ = !filter_->keep_member(parent, text);
      if (skip_value_) return true;
      key_ = text;
    }
    return builder_.scalar(cursor_.line, std::move(text), false);
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) {
    std::string_view what = error.what();
    // "[json.exception.parse_error.101] parse error at ...: syntax error ...; last read: ..."
    const auto detail = what.find(": ");
    if (detail != std::string_view::npos) what.remove_prefix(detail + 2);
    error_ = Complaint{.line = cursor_.line, .message = "JSON: " + std::string(what)};
    return false;
  }

  TreeBuilder& builder() { return builder_; }
  Complaint failure() const {
    if (builder_.failure()) return *builder_.failure();
    return error_.value_or(Complaint{.line = cursor_.line, .message = "JSON: not readable"});
  }

 private:
  struct Frame {
    std::string key;  // of the member that holds it
    bool list{};
  };

  // Whether this value, or one that contains it, is filtered out.
  bool skipped() {
    if (skip_depth_ > 0) return true;
    return std::exchange(skip_value_, false);
  }
  bool plain(std::string text) {
    return skipped() || (builder_.scalar(cursor_.line, std::move(text), true) && value_done());
  }
  bool start(bool list) {
    if (skipped()) {
      ++skip_depth_;
      return true;
    }
    if (filter_ != nullptr) frames_.push_back({.key = std::exchange(key_, {}), .list = list});
    return list ? builder_.start_list(cursor_.line) : builder_.start_map(cursor_.line);
  }
  bool end() {
    if (skip_depth_ > 0) {
      --skip_depth_;
      return true;
    }
    if (!frames_.empty()) frames_.pop_back();
    return builder_.end() && value_done();
  }
  bool value_done() {
    if (filter_ == nullptr || frames_.empty() || !frames_.back().list) return true;
    const Value* item = builder_.last_item();
    if (item != nullptr && !filter_->keep_item(frames_.back().key, *item)) {
      builder_.drop_last_item();
    }
    return true;
  }

  const JsonCursor& cursor_;
  JsonFilter* filter_;
  TreeBuilder builder_;
  std::vector<Frame> frames_;  // with a filter only
  std::string key_;            // of the next value
  bool skip_value_{};
  std::size_t skip_depth_{};
  std::optional<Complaint> error_;
};

bool is_json_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

ParsedDocuments parse_json(std::string_view text, unsigned first_line, JsonFilter* filter) {
  ParsedDocuments parsed;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  JsonCursor cursor{.position = begin, .line = first_line};
  JsonEvents events(cursor, filter);
  try {
    while (true) {
      CountingIterator here(&cursor, end);
      while (cursor.position != end && is_json_space(*cursor.position)) ++here;
      if (cursor.position == end) break;
      const bool whole =
          nlohmann::json::sax_parse(here, here, &events, nlohmann::json::input_format_t::json,
                                    /*strict=*/false);
      if (!whole || !events.builder().complete()) {
        parsed.failure = events.failure();
        break;
      }
      parsed.documents.push_back(events.builder().take());
    }
  } catch (const std::exception& error) {
    parsed.failure =
        Complaint{.line = cursor.line, .message = std::string("JSON: ") + error.what()};
  }
  return parsed;
}

}  // namespace hostnet
