#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "agent/document/flow_limits.h"
#include "agent/document/tree_builder.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

// A message of yaml-cpp, and its meaning for the author of the text.
struct Saying {
  std::string_view library, words;
};

std::string in_words(const std::string& library) {
  static const std::array kSayings{
      Saying{YAML::ErrorMsg::MAP_VALUE,
             "a \": \" where no value can begin: wrong indentation, or text that needs quotes"},
      Saying{YAML::ErrorMsg::END_OF_MAP,
             "this line does not fit the mapping above it: wrong indentation, or a key without "
             "\": \""},
      Saying{
          YAML::ErrorMsg::END_OF_SEQ,
          "this line does not fit the list above it: wrong indentation, or an item without \"- \""},
      Saying{YAML::ErrorMsg::END_OF_MAP_FLOW, "a \"{\" that is not closed, or a comma is missing"},
      Saying{YAML::ErrorMsg::END_OF_SEQ_FLOW, "a \"[\" that is not closed, or a comma is missing"},
      Saying{YAML::ErrorMsg::FLOW_END, "a \"]\" or \"}\" that closes nothing"},
      Saying{YAML::ErrorMsg::BLOCK_ENTRY, "a \"- \" where no list item can begin"},
      Saying{YAML::ErrorMsg::MAP_KEY, "a \"? \" where no key can begin"},
      Saying{YAML::ErrorMsg::UNKNOWN_TOKEN,
             "a character that cannot begin a value (@, ` or %): put the value in quotes"},
      Saying{YAML::ErrorMsg::TAB_IN_INDENTATION, "a tab where spaces must be"},
      Saying{YAML::ErrorMsg::DOC_IN_SCALAR, "a quote that is not closed"},
      Saying{YAML::ErrorMsg::UNKNOWN_ANCHOR,
             "an alias (*NAME) without its anchor (&NAME) before it"},
  };
  const auto* const found = std::ranges::find_if(
      kSayings, [&](const Saying& saying) { return library.starts_with(saying.library); });
  return fmt::format("YAML: {}", found == kSayings.end() ? library : found->words);
}

// Tags whose values may be other than text; after any other tag a value is text.
constexpr std::array<std::string_view, 4> kTypedTags{
    "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool",
    "tag:yaml.org,2002:null"};

struct StopParsing {};  // unwinds the library's parser from inside an event

// Uses yaml-cpp's events instead of its Node: they still have lines and duplicate keys, and limits
// apply while reading.
class YamlEvents : public YAML::EventHandler {
 public:
  explicit YamlEvents(unsigned first_line) : first_line_(first_line) {}

  void OnDocumentStart(const YAML::Mark& mark) override { document_line_ = line(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    go_on(builder_.null(line(mark), anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    go_on(builder_.alias(line(mark), anchor));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    // "!" is a quoted scalar, "?" a plain one without a tag.
    const bool plain = tag == "?" || contains(kTypedTags, tag);
    if (plain && (value.empty() || value == "~" || value == "Null" || value == "NULL")) {
      go_on(builder_.null(line(mark), anchor));
    } else {
      go_on(builder_.scalar(line(mark), value, plain, anchor));
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    go_on(builder_.start_list(line(mark), anchor));
  }
  void OnSequenceEnd() override { go_on(builder_.end()); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    go_on(builder_.start_map(line(mark), anchor));
  }
  void OnMapEnd() override { go_on(builder_.end()); }

  TreeBuilder& builder() { return builder_; }
  unsigned document_line() const { return document_line_; }
  unsigned line(const YAML::Mark& mark) const {
    return mark.line < 0 ? 0 : first_line_ + static_cast<unsigned>(mark.line);
  }

 private:
  static void go_on(bool accepted) {
    if (!accepted) throw StopParsing{};
  }

  unsigned first_line_;
  unsigned document_line_{};
  TreeBuilder builder_;
};

// A document begins at the start of the text, after "---" and after "...". If the library finds
// more, it is at a token that it cannot handle ("a: b" and then "]"), and it would keep finding
// documents there forever.
std::size_t most_documents(std::string_view text) {
  std::size_t count = 1;
  while (!text.empty()) {
    if (text.starts_with("---") || text.starts_with("...")) ++count;
    const auto end = text.find('\n');
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return count;
}

unsigned last_line(std::string_view text, unsigned first_line) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return first_line + static_cast<unsigned>(std::ranges::count(text, '\n'));
}

}  // namespace

ParsedDocuments parse_yaml(std::string_view text, unsigned first_line) {
  ParsedDocuments parsed;
  YamlEvents events(first_line);
  parsed.failure = flow_past_limits(text, first_line);
  if (parsed.failure) return parsed;
  try {
    // The library accepts the end of the text as a missing closing quote, but not a document's end.
    std::istringstream stream(fmt::format("{}{}...\n", text, text.ends_with('\n') ? "" : "\n"));
    YAML::Parser parser(stream);
    const std::size_t most = most_documents(text);
    for (std::size_t count = 0; parser.HandleNextDocument(events); ++count) {
      if (count == most) {
        parsed.failure = Complaint{.line = events.document_line(),
                                   .message = "YAML: the document ends before this"};
        break;
      }
      if (events.builder().complete()) parsed.documents.push_back(events.builder().take());
    }
  } catch (const StopParsing&) {
    parsed.failure = events.builder().failure();
  } catch (const YAML::DeepRecursion& error) {
    parsed.failure = Complaint{.line = events.line(error.mark), .message = "nested too deeply"};
  } catch (const YAML::Exception& error) {
    // An error at the end is reported on the last line.
    parsed.failure =
        Complaint{.line = std::min(events.line(error.mark), last_line(text, first_line)),
                  .message = in_words(error.msg)};
  } catch (const std::exception& error) {
    parsed.failure = Complaint{.message = std::string("YAML: ") + error.what()};
  }
  return parsed;
}

}  // namespace hostnet
