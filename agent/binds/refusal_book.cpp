#include "agent/binds/refusal_book.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <tuple>
#include <utility>

#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kSeriousCount = 3;
constexpr minutes kSeriousWithin{1};
constexpr seconds kEndsSoonAfter{10};
constexpr minutes kForgottenAfter{10};

// The container with that id, current or of its last run; else the pod's only container.
const Container* container_of(const Owner& binder, const Pod& pod) {
  for (const Container& container : pod.containers) {
    const bool ended_as_it =
        container.last_termination && container.last_termination->id == binder.container_id;
    if (!binder.container_id.empty() && (container.id == binder.container_id || ended_as_it)) {
      return &container;
    }
  }
  return pod.containers.size() == 1 ? &pod.containers.front() : nullptr;
}

std::string container_name(const Owner& binder, const PodIndex& pods) {
  const Pod* pod = pods.by_uid(binder.pod_uid);
  const Container* container = pod == nullptr ? nullptr : container_of(binder, *pod);
  return container == nullptr ? std::string() : container->name;
}

// Each run of a container has another id, and the pod source reports it late, or never if the run
// was short: such a run may belong to any container of its pod.
bool may_be_container(const Refusal& refusal, const Owner& binder, const std::string& container) {
  if (!same_pod_uid(refusal.binder.pod_uid, binder.pod_uid)) return false;
  return refusal.container.empty() || container.empty() || refusal.container == container;
}

// While no name is known, two ids count as two containers.
bool is_container(const Refusal& refusal, const Owner& binder, const std::string& container) {
  if (!may_be_container(refusal, binder, container)) return false;
  if (!refusal.container.empty() || !container.empty()) return true;
  return refusal.binder.container_id == binder.container_id ||
         refusal.container_key == binder.container_id;
}

bool pod_itself_has_it(const RefusedBind& refused) {
  return !refused.holders.empty() &&
         same_pod_uid(refused.holders.front().owner.pod_uid, refused.binder.pod_uid);
}

// The kubelet reports whole seconds.
bool ended_by_it(const Refusal& refusal, const PodIndex& pods) {
  const Pod* pod = pods.by_uid(refusal.binder.pod_uid);
  const Container* container = pod == nullptr ? nullptr : container_of(refusal.binder, *pod);
  if (container == nullptr || !container->last_termination) return false;
  const auto& [exit_code, finished_at, id] = *container->last_termination;
  return exit_code != 0 && finished_at && *finished_at > refusal.first - seconds(1) &&
         *finished_at <= refusal.last + kEndsSoonAfter;
}

Refusal begin(const RefusedBind& refused, const std::string& container) {
  return {.protocol = refused.protocol,
          .port = refused.port,
          .address = refused.address,
          .error = refused.error,
          .binder = refused.binder,
          .container_key = container.empty() ? refused.binder.container_id : container,
          .container = container,
          .first = refused.first,
          .last = refused.last};
}

bool is_same(const Refusal& a, const Refusal& b) {
  return a.protocol == b.protocol && a.port == b.port && !a.container.empty() &&
         a.container == b.container && same_pod_uid(a.binder.pod_uid, b.binder.pod_uid);
}

// Adds a refusal; returns whether it changes anything but the count.
bool take(const RefusedBind& refused, Refusal& refusal) {
  const bool another_holder =
      !refused.holders.empty() &&
      (refusal.holders.empty() || refusal.holders.front().owner != refused.holders.front().owner ||
       refusal.gone_after.has_value() != refused.gone_after.has_value());
  const bool news = another_holder || refusal.error != refused.error;
  refusal.error = refused.error;
  refusal.binder = refused.binder;
  refusal.last = refused.last;
  refusal.count += refused.times;
  if (!refused.holders.empty() || refused.error != "EADDRINUSE") {
    refusal.holders = refused.holders;
    refusal.gone_after = refused.gone_after;
  }
  return news;
}

}  // namespace

RefusalBook::Entry* RefusalBook::find(const RefusedBind& refused, const std::string& container) {
  const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) {
    return entry.refusal.protocol == refused.protocol && entry.refusal.port == refused.port &&
           is_container(entry.refusal, refused.binder, container);
  });
  return found == entries_.end() ? nullptr : &*found;
}

bool RefusalBook::has_room(const std::string& pod_uid) const {
  const auto of_pod = std::ranges::count_if(entries_, [&](const Entry& entry) {
    return same_pod_uid(entry.refusal.binder.pod_uid, pod_uid);
  });
  return entries_.size() < kMostPerNode && std::cmp_less(of_pod, kMostPerPod);
}

bool RefusalBook::name(Entry& entry, const PodIndex& pods) const {
  Refusal& refusal = entry.refusal;
  const Pod* pod = pods.by_uid(refusal.binder.pod_uid);
  if (pod == nullptr) return false;
  entry.was_known = true;
  const auto before = std::tuple(refusal.namespace_, refusal.pod, refusal.container);
  refusal.namespace_ = pod->namespace_;
  refusal.pod = pod->name;
  if (refusal.container.empty()) refusal.container = container_name(refusal.binder, pods);
  return before != std::tie(refusal.namespace_, refusal.pod, refusal.container);
}

bool RefusalBook::add(const RefusedBind& refused, const PodIndex& pods) {
  const Owner& binder = refused.binder;
  if (binder.kind != HolderKind::pod || binder.pod_uid.empty()) return false;
  if (pod_itself_has_it(refused)) return false;
  const std::string container = container_name(binder, pods);
  Entry* entry = find(refused, container);
  const bool is_new = entry == nullptr;
  if (is_new) {
    if (!has_room(binder.pod_uid)) {
      ++cut_;
      return false;
    }
    entry = &entries_.emplace_back(Entry{.refusal = begin(refused, container)});
  }
  const bool changed = take(refused, entry->refusal);
  entry->process = refused.process;
  name(*entry, pods);
  const bool was_serious = entry->refusal.serious;
  count(refused, *entry);
  return is_new || changed || entry->refusal.serious != was_serious;
}

// Serious from the third refusal within a minute.
void RefusalBook::count(const RefusedBind& refused, Entry& entry) {
  std::vector<WallTime>& latest = entry.latest;
  latest.insert(latest.end(), std::min<std::uint64_t>(refused.times, kSeriousCount), refused.last);
  keep_latest(entry);
}

void RefusalBook::keep_latest(Entry& entry) {
  std::vector<WallTime>& latest = entry.latest;
  if (latest.size() > kSeriousCount) {
    latest.erase(latest.begin(), latest.end() - static_cast<std::ptrdiff_t>(kSeriousCount));
  }
  if (latest.size() == kSeriousCount && latest.back() - latest.front() <= kSeriousWithin) {
    entry.refusal.serious = true;
  }
}

bool RefusalBook::settle(const Success& success, const PodIndex& pods) {
  const std::string container = container_name(success.binder, pods);
  std::set<std::uint16_t> refused;  // to the same process
  for (const Entry& entry : entries_) {
    if (entry.refusal.protocol == success.protocol && entry.process == success.process &&
        may_be_container(entry.refusal, success.binder, container)) {
      refused.insert(entry.refusal.port);
    }
  }
  std::uint16_t first = success.port;
  while (first > 1 && refused.contains(static_cast<std::uint16_t>(first - 1))) --first;
  return std::erase_if(entries_, [&](const Entry& entry) {
           const Refusal& refusal = entry.refusal;
           if (refusal.protocol != success.protocol) return false;
           if (!may_be_container(refusal, success.binder, container)) return false;
           if (refusal.port == success.port) return true;
           return refusal.port >= first && refusal.port < success.port &&
                  refused.contains(refusal.port);
         }) > 0;
}

// Merges two runs that now turn out to be one container's: the first absorbs the second.
void RefusalBook::fold_runs() {
  std::vector<Entry> kept;
  for (Entry& entry : entries_) {
    const auto first = std::ranges::find_if(
        kept, [&](const Entry& other) { return is_same(other.refusal, entry.refusal); });
    if (first == kept.end()) {
      kept.push_back(std::move(entry));
      continue;
    }
    Refusal later = std::move(entry.refusal);
    Refusal& refusal = first->refusal;
    later.address = refusal.address;
    later.container_key = std::move(refusal.container_key);
    later.first = refusal.first;
    later.count += refusal.count;
    later.serious = later.serious || refusal.serious;
    refusal = std::move(later);
    first->process = entry.process;
    first->latest.insert(first->latest.end(), entry.latest.begin(), entry.latest.end());
    keep_latest(*first);
  }
  entries_ = std::move(kept);
}

bool RefusalBook::update(const PodIndex& pods, bool certain, WallTime now) {
  bool named = false;
  for (Entry& entry : entries_) named = name(entry, pods) || named;
  if (named) fold_runs();
  bool changed = named;
  for (Entry& entry : entries_) {
    if (entry.refusal.serious || !ended_by_it(entry.refusal, pods)) continue;
    entry.refusal.serious = changed = true;
  }
  const auto over = [&](const Entry& entry) {
    if (now - entry.refusal.last >= kForgottenAfter) return true;
    const Pod* pod = pods.by_uid(entry.refusal.binder.pod_uid);
    return certain && ((pod == nullptr && entry.was_known) || (pod != nullptr && pod->terminal()));
  };
  return std::erase_if(entries_, over) > 0 || changed;
}

bool RefusalBook::has_process(int process) const {
  return contains(entries_, process, &Entry::process);
}

std::vector<Refusal> RefusalBook::refusals() const {
  std::vector<Refusal> refusals;
  for (const Entry& entry : entries_) refusals.push_back(entry.refusal);
  std::ranges::sort(refusals, {}, [](const Refusal& refusal) {
    return std::tie(refusal.protocol, refusal.port, refusal.binder.pod_uid, refusal.container_key);
  });
  return refusals;
}

}  // namespace hostnet
