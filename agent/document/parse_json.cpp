#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/document/tree_builder.h"

namespace hostnet {
namespace {

// Where the library's lexer is; its iterators are copied, so they share one.
struct JsonCursor {
  const char* position{};
  unsigned line{};       // of the character read last
  bool after_newline{};  // that one was a line's end
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
  // The only comparison that the library makes is with the end.
  bool operator==(const CountingIterator&) const { return cursor_->position == end_; }
  bool operator!=(const CountingIterator& other) const { return !(*this == other); }

 private:
  JsonCursor* cursor_;
  const char* end_;
};

// nlohmann's SAX interface; its names are the library's.
class JsonEvents {
 public:
  using Json = nlohmann::json;

  explicit JsonEvents(const JsonCursor& cursor) : cursor_(cursor) {}

  bool null() { return builder_.null(cursor_.line); }
  bool boolean(bool value) { return builder_.scalar(cursor_.line, value ? "true" : "false", true); }
  bool number_integer(Json::number_integer_t value) {
    return builder_.scalar(cursor_.line, std::to_string(value), true);
  }
  bool number_unsigned(Json::number_unsigned_t value) {
    return builder_.scalar(cursor_.line, std::to_string(value), true);
  }
  bool number_float(Json::number_float_t, const Json::string_t& text) {
    return builder_.scalar(cursor_.line, text, true);
  }
  bool string(Json::string_t& text) {
    return builder_.scalar(cursor_.line, std::move(text), false);
  }
  bool binary(Json::binary_t&) { return false; }
  bool start_object(std::size_t) { return builder_.start_map(cursor_.line); }
  bool key(Json::string_t& text) { return builder_.scalar(cursor_.line, std::move(text), false); }
  bool end_object() { return builder_.end(); }
  bool start_array(std::size_t) { return builder_.start_list(cursor_.line); }
  bool end_array() { return builder_.end(); }
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
  const JsonCursor& cursor_;
  TreeBuilder builder_;
  std::optional<Complaint> error_;
};

bool is_json_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

ParsedDocuments parse_json(std::string_view text, unsigned first_line) {
  ParsedDocuments parsed;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  JsonCursor cursor{.position = begin, .line = first_line};
  JsonEvents events(cursor);
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
