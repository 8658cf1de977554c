#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "agent/http/peers/peer_share.h"

namespace hostnet {

// A line for each peer; the peers have turns. Who waits behind a peer with many
// items waits for one of them. One thread at a time.
template <class T>
class FairQueue {
 public:
  void push(const PeerShare& who, T item) {
    line_of(who).items.push_back(std::move(item));
    ++size_;
  }

  // The first item that `fits(who, item)`, by turns.
  template <class Fits>
  std::optional<T> take(Fits fits) {
    for (auto line = lines_.begin(); line != lines_.end(); ++line) {
      const auto at = std::ranges::find_if(
          line->items, [&](const T& item) { return fits(std::as_const(line->who), item); });
      if (at == line->items.end()) continue;
      T item = remove(*line, at);
      end_turn(line);
      return item;
    }
    return std::nullopt;
  }

  // Every item that fits, of all peers.
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

  // The last item of the peer with the most, if that has more than `more_than`.
  std::optional<T> take_newest_of_fullest(std::size_t more_than) {
    const auto fullest =
        std::ranges::max_element(lines_, {}, [](const Line& line) { return line.items.size(); });
    if (fullest == lines_.end() || fullest->items.size() <= more_than) return std::nullopt;
    T item = remove(*fullest, std::prev(fullest->items.end()));
    if (fullest->items.empty()) lines_.erase(fullest);
    return item;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t size_of(const PeerShare& who) const {
    const auto line = std::ranges::find(lines_, who, &Line::who);
    return line == lines_.end() ? 0 : line->items.size();
  }

 private:
  struct Line {
    PeerShare who;
    std::deque<T> items;
  };
  using Lines = std::list<Line>;

  // A new peer's turn is the next but for those who wait already.
  Line& line_of(const PeerShare& who) {
    const auto line = std::ranges::find(lines_, who, &Line::who);
    return line == lines_.end() ? lines_.emplace_back(Line{.who = who, .items = {}}) : *line;
  }

  T remove(Line& line, const typename std::deque<T>::iterator& at) {
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

  Lines lines_;  // in the order of turns
  std::size_t size_{};
};

}  // namespace hostnet
