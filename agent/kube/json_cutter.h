#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/base/error.h"

namespace hostnet {

// What to extract from each JSON object of a stream.
struct JsonCut {
  std::vector<std::string> members;  // of the outermost object, whose values are wanted whole
  std::string list;                  // a member whose elements are wanted one by one
  std::size_t limit = std::size_t{4} << 20;  // bytes of one value; etcd keeps at most 1.5 MiB
};

// Callbacks for the pieces, as they were written (strings with their quotes). False: no more is
// wanted. Unset ones are not called.
struct JsonPieces {
  std::function<bool(std::string_view member, std::string_view value)> on_member;
  std::function<bool(std::string_view element)> on_element;
  std::function<bool()> on_end;  // called at the end of an outermost object
  // A value was longer than the limit and is skipped; unset: that ends the stream.
  std::function<void()> on_too_long;
};

// Cuts up a body that arrives in pieces of any size and never keeps more than one value of it: LIST
// ({"metadata":…,"items":[…]}) and WATCH (one {"type":…,"object":…} after the other) of the
// Kubernetes API. It reads structure only and does not validate: errors inside a piece are left to
// its reader. Owned by one thread.
class JsonCutter {
 public:
  JsonCutter(JsonCut cut, JsonPieces pieces);

  // Reason::malformed: no stream of objects, or a value beyond the limit; Reason::vanished: a
  // callback wants no more. Both errors are permanent.
  Result<> feed(std::string_view bytes);

  // Whether the stream may end here: not inside an object.
  bool between_objects() const { return state_ == State::between; }
  std::size_t objects() const { return objects_; }

 private:
  enum class State {
    between,
    first_key,  // or the object's end
    key,        // a key must follow
    in_key,
    colon,
    value,
    in_value,
    after_value,
    first_element,  // or the list's end
    element,
    in_element,
    after_element,
    failed,
  };

  void step(char c);
  void step_between_tokens(char c);  // outside keys and values, no blank
  // Moves to `next` if `c` is the wanted character; else the error names `what`.
  void expect(char c, char wanted, State next, const char* what);
  void continue_key(char c);
  void begin_value(char c, bool element);
  // False: `c` is not part of the value, which ended before it.
  bool continue_value(char c);
  void end_value();
  void end_object();
  void keep(char c);
  void fail(Reason reason, std::string message);
  bool wanted(std::string_view member) const;

  JsonCut cut_;
  JsonPieces pieces_;
  State state_{};
  std::size_t objects_{};
  std::string key_, value_;
  bool capture_{}, too_long_{};
  bool escaped_{}, in_string_{}, scalar_{}, text_{};  // of the current value
  std::size_t depth_{};
  Error error_;
};

// The value of members.front().members[1]… in a JSON object, as written, or "" if there is none:
// json_member(pod, {"metadata", "resourceVersion"}). Strings without quotes, escapes not decoded.
std::string json_member(std::string_view object, const std::vector<std::string>& members);

// The same for people: quotes and backslashes without the backslash before them.
std::string json_words(std::string_view object, const std::vector<std::string>& members);

}  // namespace hostnet
