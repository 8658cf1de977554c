#include "agent/metrics/listener_ledger.h"

#include <algorithm>

#include "agent/metrics/dropped_series.h"
#include "agent/metrics/holder_label.h"
#include "agent/ports/holder_kinds.h"
#include "agent/ports/protocols.h"
#include "collectors/framework/families.h"

namespace hostnet {
namespace {

constexpr auto kSettled = std::chrono::seconds(60);
constexpr std::size_t kClosedKept = 10'000;  // totals of endpoints without a socket now

constexpr std::string_view kQueueName = "hostnet_listener_accept_queue";
constexpr std::string_view kQueueLimitName = "hostnet_listener_accept_queue_limit";
constexpr std::string_view kDropsName = "hostnet_udp_socket_drops_total";
constexpr std::string_view kInfoName = "hostnet_listener_info";

// Whether b's accept queue is nearer to its limit.
bool is_less_full(const Holder* a, const Holder* b) {
  return std::uint64_t{a->socket.receive_queue} * b->socket.send_queue <
         std::uint64_t{b->socket.receive_queue} * a->socket.send_queue;
}

bool at_one_place(const Socket& one, const Socket& other) {
  return one.protocol == other.protocol && one.local_port == other.local_port &&
         one.local == other.local;
}

bool declares(const Report& report, const Socket& socket) {
  return std::ranges::any_of(report.declared, [&](const DeclaredPort& declared) {
    return declared.protocol == socket.protocol && declared.port == socket.local_port;
  });
}

// What the labels say beside the place.
struct Listener {
  std::string_view kind;
  std::string holder;
  std::string_view namespace_, pod;
  auto operator<=>(const Listener&) const = default;
};

}  // namespace

void ListenerLedger::update(const Report& report) {
  if (!report.table) return;
  const std::scoped_lock lock(mutex_);
  if (reports_ != 0 && report.generated_at_steady <= last_) return;
  last_ = report.generated_at_steady;
  if (report.table == table_ && !waiting_) return;
  table_ = report.table;
  waiting_ = false;
  ++reports_;
  listeners_.clear();
  counts_.clear();
  for (auto& [cookie, socket] : udp_) socket.present = false;
  for (const Holder& holder : report.table->holders) {
    if (holder.owner.kind == HolderKind::nat_rule || !holder.socket.is_server()) continue;
    if (is_listener(report, holder)) {
      note_listener(holder);
    } else {
      waiting_ = true;
    }
  }
  // It is not known how long folded UDP sockets in the ephemeral range have been open.
  for (const FoldedSockets& group : report.table->folded) {
    const Socket& socket = group.example.socket;
    if (!socket.is_server()) continue;
    const auto counted = std::ranges::count_if(group.places, [&](const auto& place) {
      return socket.protocol != Protocol::udp ||
             !report.table->ranges.ephemeral.contains(place.port);
    });
    counts_[{socket.protocol, socket.local.family, group.example.owner.kind}] +=
        static_cast<std::size_t>(counted);
  }
  forget_closed();
}

bool ListenerLedger::is_listener(const Report& report, const Holder& holder) {
  const Socket& socket = holder.socket;
  if (socket.protocol != Protocol::udp) return true;
  UdpSocket& known = udp_.try_emplace(socket.cookie).first->second;
  if (known.first_seen == SteadyTime{}) known.first_seen = report.generated_at_steady;
  known.present = true;
  return !report.table->ranges.ephemeral.contains(socket.local_port) ||
         report.generated_at_steady - known.first_seen >= kSettled || declares(report, socket);
}

void ListenerLedger::note_listener(const Holder& holder) {
  const Socket& socket = holder.socket;
  ++counts_[{socket.protocol, socket.local.family, holder.owner.kind}];
  listeners_.push_back(&holder);
  if (socket.protocol != Protocol::udp || !socket.drops) return;
  UdpSocket& known = udp_[socket.cookie];
  const std::uint64_t seen = known.drops.update(*socket.drops);
  DropTotal& total = drops_[{socket.protocol, socket.local_port, socket.local.to_string()}];
  total.drops += seen - std::min(known.counted, seen);
  total.last_report = reports_;
  known.counted = seen;
}

// Totals outlive their sockets, so that they continue when a server restarts;
// totals of ports that are never used again must not pile up.
void ListenerLedger::forget_closed() {
  std::erase_if(udp_, [](const auto& entry) { return !entry.second.present; });
  const auto closed = static_cast<std::size_t>(std::ranges::count_if(
      drops_, [&](const auto& entry) { return entry.second.last_report != reports_; }));
  if (closed <= kClosedKept) return;
  std::vector<std::uint64_t> ages;
  for (const auto& [endpoint, total] : drops_) {
    if (total.last_report != reports_) ages.push_back(total.last_report);
  }
  const auto middle = ages.begin() + static_cast<std::ptrdiff_t>(ages.size() / 2);
  std::ranges::nth_element(ages, middle);
  std::erase_if(
      drops_, [oldest = *middle](const auto& entry) { return entry.second.last_report <= oldest; });
}

void ListenerLedger::for_each_place(
    const std::function<void(std::span<const Holder* const>)>& visit) const {
  for (auto at = listeners_.begin(); at != listeners_.end();) {
    const auto end = std::find_if_not(at, listeners_.end(), [&](const Holder* holder) {
      return at_one_place((*at)->socket, holder->socket);
    });
    visit({at, end});
    at = end;
  }
}

std::vector<MetricSource> ListenerLedger::listener_families() const {
  const std::scoped_lock lock(mutex_);
  FamilyList families;
  std::size_t written = 0;
  for_each_place([&](std::span<const Holder* const> here) {
    const Socket& socket = (*std::ranges::max_element(here, is_less_full))->socket;
    if (socket.protocol != Protocol::tcp || ++written > limits_.tcp) return;
    const auto address = socket.local.to_string();
    const auto port = std::to_string(socket.local_port);
    const std::initializer_list<LabelView> labels = {
        {"address", address}, {"port", port}, {"protocol", "tcp"}};
    families.add(kQueueName, "Connections waiting for accept().", kGauge, labels,
                 socket.receive_queue);
    families.add(kQueueLimitName, "Maximum number of connections waiting for accept().", kGauge,
                 labels, socket.send_queue);
  });
  const std::size_t tcp_dropped = written - std::min(written, limits_.tcp);
  written = 0;
  for (const auto& [endpoint, total] : drops_) {
    if (total.last_report != reports_ || ++written > limits_.udp) continue;
    const auto port = std::to_string(endpoint.port);
    families.add(kDropsName, "Datagrams dropped because a socket's receive buffer was full.",
                 kCounter, {{"address", endpoint.address}, {"port", port}},
                 static_cast<double>(total.drops));
  }
  add_dropped_series(families, kQueueName, tcp_dropped);
  add_dropped_series(families, kQueueLimitName, tcp_dropped);
  add_dropped_series(families, kDropsName, written - std::min(written, limits_.udp));
  return families.take();
}

std::vector<MetricSource> ListenerLedger::info_families() const {
  const std::scoped_lock lock(mutex_);
  FamilyList families;
  std::size_t written = 0;
  for_each_place([&](std::span<const Holder* const> here) {
    std::set<Listener> listeners;
    for (const Holder* holder : here) {
      listeners.insert({.kind = to_string(holder->owner.kind),
                        .holder = holder_label(*holder),
                        .namespace_ = holder->namespace_,
                        .pod = holder->pod});
    }
    const Socket& socket = here.front()->socket;
    for (const Listener& listener : listeners) {
      if (++written > limits_.info) continue;
      families.add(kInfoName, "Who listens where.", kGauge,
                   {{"address", socket.local.to_string()},
                    {"holder", listener.holder},
                    {"holder_kind", listener.kind},
                    {"namespace", listener.namespace_},
                    {"pod", listener.pod},
                    {"port", std::to_string(socket.local_port)},
                    {"protocol", to_string(socket.protocol)}},
                   1);
    }
  });
  add_dropped_series(families, kInfoName, written - std::min(written, limits_.info));
  return families.take();
}

std::vector<MetricSource> ListenerLedger::count_families() const {
  const std::scoped_lock lock(mutex_);
  FamilyList families;
  for (const Protocol protocol : kProtocols) {
    for (const AddressFamily family : kAddressFamilies) {
      for (const HolderKind kind : kHolderKinds) {
        if (kind == HolderKind::nat_rule) continue;  // no socket
        const auto found = counts_.find({protocol, family, kind});
        if (protocol == Protocol::sctp && found == counts_.end()) continue;  // rare: only if used
        families.add("hostnet_listening_sockets", "Listening sockets of the node.", kGauge,
                     {{"family", to_string(family)},
                      {"holder_kind", to_string(kind)},
                      {"protocol", to_string(protocol)}},
                     found == counts_.end() ? 0 : static_cast<double>(found->second));
      }
    }
  }
  return families.take();
}

}  // namespace hostnet
