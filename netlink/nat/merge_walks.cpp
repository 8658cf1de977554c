#include "netlink/nat/merge_walks.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "netlink/nat/recognize.h"

namespace hostnet {
namespace {

// The place of the last rule for this machine's own packets that covers given ports.
class LastPlaces {
 public:
  std::size_t before(const PortSpan& ports) const {
    if (is_wide(ports)) return last_;
    std::size_t last = last_wide_;
    for (unsigned port = ports.first; port <= ports.last; ++port) {
      const auto at = by_port_.find(static_cast<std::uint16_t>(port));
      if (at != by_port_.end()) last = std::max(last, at->second);
    }
    return last;
  }

  void put(const PortSpan& ports, std::size_t place) {
    last_ = std::max(last_, place);
    if (is_wide(ports)) last_wide_ = std::max(last_wide_, place);
    if (is_wide(ports)) return;
    for (unsigned port = ports.first; port <= ports.last; ++port) {
      std::size_t& last = by_port_[static_cast<std::uint16_t>(port)];
      last = std::max(last, place);
    }
  }

 private:
  static bool is_wide(const PortSpan& ports) { return ports.last - ports.first > 64; }

  std::unordered_map<std::uint16_t, std::size_t> by_port_;
  std::size_t last_{}, last_wide_{};
};

class Merger {
 public:
  // `own`: the number of rules that will be added.
  Merger(std::vector<NatRule> arriving, std::size_t own) : arriving_(std::move(arriving)) {
    known_.reserve(arriving_.size() + own);
    for (NatRule& rule : arriving_) rule.text = words_of_rule(rule);
    std::erase_if(arriving_, [&](const NatRule& rule) {
      return !known_.emplace(rule.text, known_.size()).second;
    });
    places_.resize(arriving_.size());
    merged_.reserve(arriving_.size() + own);
  }

  void add_own(NatRule rule) {
    rule.text = words_of_rule(rule);
    const auto [at, fresh] = known_.emplace(rule.text, kOwn);
    if (!fresh && at->second == kOwn) return;
    if (!fresh) {
      const std::size_t arriving = std::exchange(at->second, kOwn);
      pass(arriving);
      append_own();
      pass(arriving + 1);
      const std::size_t place = places_[arriving];
      if (place >= last_.before(rule.scope.ports)) {
        merged_[place].output = true;
        last_.put(rule.scope.ports, place);
        return;
      }
    }
    own_.push_back(std::move(rule));
  }

  std::vector<NatRule> take() {
    pass(arriving_.size());
    append_own();
    for (NatRule& rule : merged_) recognize_owner(rule);
    return std::move(merged_);
  }

 private:
  static constexpr auto kOwn = static_cast<std::size_t>(-1);

  // Appends the arriving rules before `end`.
  void pass(std::size_t end) {
    for (; next_ < end; ++next_) {
      places_[next_] = merged_.size();
      merged_.push_back(std::move(arriving_[next_]));
    }
  }

  void append_own() {
    for (NatRule& rule : own_) {
      last_.put(rule.scope.ports, merged_.size());
      merged_.push_back(std::move(rule));
    }
    own_.clear();
  }

  std::vector<NatRule> arriving_, merged_;
  std::vector<NatRule> own_;         // not placed yet: as late as possible
  std::vector<std::size_t> places_;  // in merged_, of the rules before next_
  std::size_t next_{};
  std::unordered_map<std::string, std::size_t> known_;  // index in arriving_, or kOwn
  LastPlaces last_;
};

}  // namespace

std::vector<NatRule> merge_walks(std::vector<NatRule> arriving, std::vector<NatRule> own) {
  Merger merger(std::move(arriving), own.size());
  for (NatRule& rule : own) merger.add_own(std::move(rule));
  return merger.take();
}

}  // namespace hostnet
