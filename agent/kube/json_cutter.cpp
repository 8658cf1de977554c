#include "agent/kube/json_cutter.h"

#include <fmt/format.h>

#include <utility>

#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

// No wanted member has a longer name.
constexpr std::size_t kLongestKey = 64;
// The capacity that the buffer may keep between values.
constexpr std::size_t kKeptBuffer = std::size_t{64} << 10;

bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

}  // namespace

JsonCutter::JsonCutter(JsonCut cut, JsonPieces pieces)
    : cut_(std::move(cut)), pieces_(std::move(pieces)) {}

Result<> JsonCutter::feed(std::string_view bytes) {
  for (const char c : bytes) {
    step(c);
    if (state_ == State::failed) return std::unexpected(error_);
  }
  return {};
}

void JsonCutter::fail(Reason reason, std::string message) {
  state_ = State::failed;
  error_ = {.reason = reason, .message = std::move(message)};
}

bool JsonCutter::wanted(std::string_view member) const {
  return contains(cut_.members, member);
}

void JsonCutter::keep(char c) {
  if (!capture_) return;
  if (value_.size() >= cut_.limit) {
    capture_ = false;
    std::string().swap(value_);
    if (pieces_.on_too_long) {
      too_long_ = true;
    } else {
      fail(Reason::malformed,
           "JSON: a value is longer than " + std::to_string(cut_.limit) + " bytes");
    }
    return;
  }
  value_.push_back(c);
}

void JsonCutter::begin_value(char c, bool element) {
  capture_ = element ? pieces_.on_element != nullptr : wanted(key_) && pieces_.on_member;
  state_ = element ? State::in_element : State::in_value;
  value_.clear();
  in_string_ = text_ = c == '"';
  escaped_ = false;
  depth_ = c == '{' || c == '[' ? 1 : 0;
  scalar_ = depth_ == 0 && !text_;
  if (scalar_ && (c == ',' || c == ':' || c == '}' || c == ']')) {
    return fail(Reason::malformed, "JSON: a value is missing");
  }
  keep(c);
}

bool JsonCutter::continue_value(char c) {
  if (scalar_) {
    if (c == ',' || c == '}' || c == ']' || is_blank(c)) {
      end_value();
      return false;
    }
    keep(c);
    return true;
  }
  keep(c);
  if (state_ == State::failed) return true;
  if (in_string_) {
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
      if (text_) end_value();
    }
    return true;
  }
  if (c == '"') {
    in_string_ = true;
  } else if (c == '{' || c == '[') {
    ++depth_;
  } else if ((c == '}' || c == ']') && --depth_ == 0) {
    end_value();
  }
  return true;
}

void JsonCutter::end_value() {
  const bool element = state_ == State::in_element;
  state_ = element ? State::after_element : State::after_value;
  if (std::exchange(too_long_, false)) pieces_.on_too_long();
  if (!capture_) return;
  const bool more = element ? pieces_.on_element(value_) : pieces_.on_member(key_, value_);
  if (value_.capacity() > kKeptBuffer) std::string().swap(value_);
  if (!more) fail(Reason::vanished, "JSON: no more is wanted");
}

void JsonCutter::continue_key(char c) {
  if (escaped_) {
    escaped_ = false;
  } else if (c == '\\') {
    escaped_ = true;
  } else if (c == '"') {
    state_ = State::colon;
    return;
  }
  if (key_.size() <= kLongestKey) key_.push_back(c);
}

void JsonCutter::end_object() {
  ++objects_;
  state_ = State::between;
  if (pieces_.on_end && !pieces_.on_end()) fail(Reason::vanished, "JSON: no more is wanted");
}

void JsonCutter::expect(char c, char wanted, State next, const char* what) {
  if (c != wanted) return fail(Reason::malformed, fmt::format("JSON: {} was expected", what));
  state_ = next;
}

void JsonCutter::step(char c) {
  if (state_ == State::in_key) return continue_key(c);
  // A scalar ends only at the character after it.
  if (state_ == State::in_value || state_ == State::in_element) {
    if (continue_value(c) || state_ == State::failed) return;
  }
  if (!is_blank(c)) step_between_tokens(c);
}

void JsonCutter::step_between_tokens(char c) {
  switch (state_) {
    case State::between: return expect(c, '{', State::first_key, "an object");
    case State::first_key:
      if (c == '}') return end_object();
      [[fallthrough]];
    case State::key:
      key_.clear();
      escaped_ = false;
      return expect(c, '"', State::in_key, "a member's name");
    case State::colon: return expect(c, ':', State::value, "a colon");
    case State::value:
      if (c != '[' || cut_.list.empty() || key_ != cut_.list) return begin_value(c, false);
      state_ = State::first_element;
      return;
    case State::first_element:
    case State::after_element:
      if (c == ']') {
        state_ = State::after_value;
        return;
      }
      if (state_ == State::after_element) {
        return expect(c, ',', State::element, "a comma or the list's end");
      }
      [[fallthrough]];
    case State::element: return begin_value(c, true);
    case State::after_value:
      if (c == '}') return end_object();
      return expect(c, ',', State::key, "a comma or the object's end");
    case State::in_key:
    case State::in_value:
    case State::in_element:
    case State::failed: return;
  }
}

std::string json_member(std::string_view object, const std::vector<std::string>& members) {
  std::string found(object);
  for (const std::string& member : members) {
    std::string value;
    JsonCutter cutter({.members = {member}},
                      {.on_member = [&](std::string_view, std::string_view text) {
                        value = text;
                        return false;
                      }});
    // An error here means that no more is wanted, or that this is no JSON: then nothing was found.
    [[maybe_unused]] const auto fed = cutter.feed(found);
    found = std::move(value);
  }
  if (found.size() >= 2 && found.front() == '"') return found.substr(1, found.size() - 2);
  return found;
}

std::string json_words(std::string_view object, const std::vector<std::string>& members) {
  const std::string text = json_member(object, members);
  std::string words;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size();
    if (escape && (text[i + 1] == '"' || text[i + 1] == '\\')) ++i;
    words.push_back(text[i]);
  }
  return words;
}

}  // namespace hostnet
