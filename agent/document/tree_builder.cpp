#include "agent/document/tree_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace hostnet {
namespace {

void measure_tree(const Value& value, std::size_t& values, std::size_t& bytes) {
  ++values;
  bytes += value.text.size();
  for (const Value& item : value.items) measure_tree(item, values, bytes);
  for (const Member& member : value.members) {
    bytes += member.key.size();
    measure_tree(member.value, values, bytes);
  }
}

bool is_merge_key(const Member& member) {
  return member.key == "<<";
}

}  // namespace

bool TreeBuilder::refuse(unsigned line, std::string message) {
  if (!failure_) failure_ = Complaint{.line = line, .message = std::move(message)};
  return false;
}

bool TreeBuilder::start_map(unsigned line, Anchor anchor) {
  return start(Value{.kind = Value::Kind::map, .line = line}, anchor);
}

bool TreeBuilder::start_list(unsigned line, Anchor anchor) {
  return start(Value{.kind = Value::Kind::list, .line = line}, anchor);
}

bool TreeBuilder::scalar(unsigned line, std::string text, bool plain, Anchor anchor) {
  return add(
      Value{.kind = Value::Kind::scalar, .plain = plain, .line = line, .text = std::move(text)},
      anchor);
}

bool TreeBuilder::null(unsigned line, Anchor anchor) {
  return add(Value{.kind = Value::Kind::null, .plain = true, .line = line}, anchor);
}

bool TreeBuilder::start(Value value, Anchor anchor) {
  if (failure_) return false;
  if (frames_.size() >= kMaxDocumentDepth) {
    return refuse(value.line, fmt::format("nested deeper than {} levels", kMaxDocumentDepth));
  }
  if (!frames_.empty() && frames_.back().value.is_map() && !frames_.back().open) {
    return refuse(value.line, "a mapping's key must be text, not a list or a mapping");
  }
  frames_.push_back(Frame{.value = std::move(value), .anchor = anchor});
  return true;
}

bool TreeBuilder::end() {
  if (failure_ || frames_.empty()) return false;
  Frame done = std::move(frames_.back());
  frames_.pop_back();
  if (done.value.is_map() && !finish_map(done.value)) return false;
  return add(std::move(done.value), done.anchor);
}

bool TreeBuilder::alias(unsigned line, Anchor anchor) {
  if (failure_) return false;
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) return refuse(line, "an alias inside of what it stands for");
  if (!charge_alias(found->second, line)) return false;
  return add(found->second, 0);
}

bool TreeBuilder::charge_alias(const Value& value, unsigned line) {
  measure_tree(value, alias_values_, alias_bytes_);
  if (alias_values_ <= kMaxAliasValues && alias_bytes_ <= kMaxAliasBytes) return true;
  return refuse(line, fmt::format("aliases stand for more than {} values or {} MiB",
                                  kMaxAliasValues, kMaxAliasBytes >> 20));
}

bool TreeBuilder::add(Value value, Anchor anchor) {
  if (failure_) return false;
  if (++values_ > kMaxDocumentValues) {
    return refuse(value.line, fmt::format("more than {} values", kMaxDocumentValues));
  }
  if (anchor != 0) {
    if (!charge_alias(value, value.line)) return false;
    anchors_.insert_or_assign(anchor, value);
  }
  if (frames_.empty()) {
    document_.root = std::move(value);
    complete_ = true;
    return true;
  }
  Frame& frame = frames_.back();
  if (frame.value.is_list()) {
    frame.value.items.push_back(std::move(value));
  } else if (frame.open) {
    frame.open->value = std::move(value);
    frame.value.members.push_back(*std::move(frame.open));
    frame.open.reset();
  } else if (value.is_scalar() || value.is_null()) {
    frame.open = Member{.key = std::move(value.text), .line = value.line};
  } else {
    return refuse(value.line, "a mapping's key must be text, not a list or a mapping");
  }
  return true;
}

// Complains about duplicate keys and keeps the last one, as the kubelet does; merge keys only add
// keys that the map does not have.
bool TreeBuilder::finish_map(Value& map) {
  std::unordered_map<std::string_view, std::size_t> last;
  std::vector<bool> replaced(map.members.size());
  for (std::size_t i = 0; i < map.members.size(); ++i) {
    const auto [known, fresh] = last.try_emplace(map.members[i].key, i);
    if (fresh) continue;
    document_.complaints.push_back(
        {.line = map.members[i].line,
         .message = fmt::format("duplicate key \"{}\", first on line {}; the last one counts",
                                map.members[i].key, map.members[known->second].line)});
    replaced[known->second] = true;
    known->second = i;
  }
  if (last.size() != map.members.size()) {
    std::vector<Member> kept;
    kept.reserve(last.size());
    for (std::size_t i = 0; i < map.members.size(); ++i) {
      if (!replaced[i]) kept.push_back(std::move(map.members[i]));
    }
    map.members = std::move(kept);
  }

  const auto merge = std::ranges::find_if(map.members, is_merge_key);
  if (merge == map.members.end()) return true;
  const Member source = std::move(*merge);
  map.members.erase(merge);
  if (source.value.is_map()) return merge_into(map, source.value);
  if (!source.value.is_list()) {
    return refuse(source.line, "\"<<\" merges a mapping or a list of mappings");
  }
  for (const Value& item : source.value.items) {
    if (!item.is_map()) return refuse(item.line, "\"<<\" merges mappings only");
    if (!merge_into(map, item)) return false;
  }
  return true;
}

bool TreeBuilder::merge_into(Value& map, const Value& source) {
  if (!charge_alias(source, source.line)) return false;
  // A linear search for each member would be quadratic.
  std::unordered_map<std::string_view, bool> known;
  for (const Member& member : map.members) known.emplace(member.key, true);
  std::vector<const Member*> fresh;
  for (const Member& member : source.members) {
    if (known.emplace(member.key, true).second) fresh.push_back(&member);
  }
  for (const Member* member : fresh) map.members.push_back(*member);
  return true;
}

const Value* TreeBuilder::last_item() const {
  const bool any = !frames_.empty() && !frames_.back().value.items.empty();
  return any ? &frames_.back().value.items.back() : nullptr;
}

void TreeBuilder::drop_last_item() {
  std::size_t values = 0, bytes = 0;
  measure_tree(frames_.back().value.items.back(), values, bytes);
  values_ -= std::min(values_, values);
  frames_.back().value.items.pop_back();
}

ParsedDocument TreeBuilder::take() {
  ParsedDocument done = std::move(document_);
  *this = TreeBuilder();
  return done;
}

}  // namespace hostnet
