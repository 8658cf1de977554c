#include "agent/binds/fold_binds.h"

#include <chrono>
#include <map>
#include <tuple>

namespace hostnet {
namespace {

constexpr std::chrono::seconds kTogether{1};

auto fold_key(const BindEvent& event) {
  return std::tuple(event.binder.process, event.protocol, event.port, event.address, event.error);
}

struct Fold {
  const BindEvent* last{};
  SteadyTime first;
  std::uint64_t times{};
};

}  // namespace

void fold_binds(std::span<const BindEvent> events, const BindFolding& folding) {
  std::map<decltype(fold_key(events.front())), Fold> folded;
  const auto tell = [&](const Fold& fold) {
    folding.on_refused(*fold.last, fold.first, fold.times);
  };
  const auto tell_all = [&] {
    for (const auto& [key, fold] : folded) tell(fold);
    folded.clear();
  };
  for (const BindEvent& event : events) {
    if (event.kind == BindEvent::Kind::done) {
      tell_all();
      folding.on_done(event);
      continue;
    }
    Fold& fold = folded[fold_key(event)];
    if (fold.times > 0 && event.binder.at - fold.first > kTogether) {
      tell(fold);
      fold = {};
    }
    if (fold.times++ == 0) fold.first = event.binder.at;
    fold.last = &event;
  }
  tell_all();
}

}  // namespace hostnet
