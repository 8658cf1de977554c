#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "agent/http/peers/recent_use.h"

namespace hostnet {

// One queue per peer. The next turn goes to the peer whose site had least recently, among those
// to the one that itself had least; equal peers take turns. A peer behind one with many items, or
// behind many peers that keep coming back, waits for one item of theirs. For a peer with a kept
// place only 1/kKeptWeight of what it had counts. One thread at a time.
template <class T>
class FairQueue {
 public:
  using Time = RecentUse::Time;
  static constexpr double kKeptWeight = 16;

  void push(const PeerShare& who, T item, bool kept = false) {
    Line& line = line_of(who);
    line.items.push_back(std::move(item));
    line.kept = line.kept || kept;
    ++size_;
  }

  // Takes the first item with `fits(who, item)` of the peer whose turn it is.
  template <class Fits>
  std::optional<T> take(Fits fits, Time now) {
    auto next = lines_.end();
    auto next_at = typename Items::iterator();
    Much least;
    for (auto line = lines_.begin(); line != lines_.end(); ++line) {
      const Much much = had(*line, now);
      if (next != lines_.end() && least <= much) continue;
      const auto at = std::ranges::find_if(
          line->items, [&](const T& item) { return fits(std::as_const(line->who), item); });
      if (at == line->items.end()) continue;
      next = line;
      least = much;
      next_at = at;
    }
    if (next == lines_.end()) return std::nullopt;
    uses_.add(next->who, now);
    if (next->who.site() != next->who) uses_.add(next->who.site(), now);
    T item = remove(*next, next_at);
    end_turn(next);
    return item;
  }

  // Takes every item that fits, of all peers.
  template <class Fits>
  std::vector<T> take_all(Fits fits) {
    std::vector<T> taken;
    for (auto line = lines_.begin(); line != lines_.end();) {
      for (auto at = line->items.begin(); at != line->items.end();) {
        if (!fits(std::as_const(line->who), std::as_const(*at))) {
          ++at;
          continue;
        }
        taken.push_back(std::move(*at));
        at = line->items.erase(at);
        --size_;
      }
      line = line->items.empty() ? lines_.erase(line) : std::next(line);
    }
    return taken;
  }

  // Takes the newest item of the peer that has most, waiting and recently, if that is more
  // than `who` would have with one more item. A peer with a kept place and nothing waiting
  // may displace any other.
  std::optional<T> take_newest_of_greediest(const PeerShare& who, bool kept, Time now) {
    auto greediest = lines_.end();
    for (auto line = lines_.begin(); line != lines_.end(); ++line) {
      if (line->who == who) continue;
      if (greediest == lines_.end() || wants(*line, now) > wants(*greediest, now)) greediest = line;
    }
    if (greediest == lines_.end()) return std::nullopt;
    const Much would_have = much_of(who, kept, size_of_site(who) + 1, size_of(who) + 1, now);
    const bool takes_anybodys = kept && size_of(who) == 0;
    if (!takes_anybodys && wants(*greediest, now) <= would_have) return std::nullopt;
    T item = remove(*greediest, std::prev(greediest->items.end()));
    if (greediest->items.empty()) lines_.erase(greediest);
    return item;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t size_of(const PeerShare& who) const {
    const auto line = std::ranges::find(lines_, who, &Line::who);
    return line == lines_.end() ? 0 : line->items.size();
  }

 private:
  using Items = std::deque<T>;
  struct Line {
    PeerShare who;
    bool kept{};
    Items items;
  };
  using Lines = std::list<Line>;
  using Much = std::pair<double, double>;  // of the site, of the peer

  Much much_of(const PeerShare& who, bool kept, std::size_t of_site, std::size_t own,
               Time now) const {
    const double weight = kept ? kKeptWeight : 1;
    return {(uses_.of(who.site(), now) + static_cast<double>(of_site)) / weight,
            (uses_.of(who, now) + static_cast<double>(own)) / weight};
  }
  Much had(const Line& line, Time now) const { return much_of(line.who, line.kept, 0, 0, now); }
  Much wants(const Line& line, Time now) const {
    return much_of(line.who, line.kept, size_of_site(line.who), line.items.size(), now);
  }
  std::size_t size_of_site(const PeerShare& who) const {
    std::size_t size = 0;
    for (const Line& line : lines_) {
      if (line.who.site() == who.site()) size += line.items.size();
    }
    return size;
  }

  // A new peer comes after equal peers that already wait.
  Line& line_of(const PeerShare& who) {
    const auto line = std::ranges::find(lines_, who, &Line::who);
    return line == lines_.end() ? lines_.emplace_back(Line{.who = who, .kept = false, .items = {}})
                                : *line;
  }

  T remove(Line& line, const typename Items::iterator& at) {
    T item = std::move(*at);
    line.items.erase(at);
    --size_;
    return item;
  }

  void end_turn(typename Lines::iterator line) {
    if (line->items.empty()) {
      lines_.erase(line);
    } else {
      lines_.splice(lines_.end(), lines_, line);
    }
  }

  Lines lines_;  // peers that had equally much take turns in this order
  RecentUse uses_;
  std::size_t size_{};
};

}  // namespace hostnet
