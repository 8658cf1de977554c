#include "agent/http/loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

#include "agent/http/give_way.h"

// How the loop waits, stops, and hands connections to workers and takes them
// back; handling one connection is in loop_connection.cpp, accepting and making
// room in loop_accept.cpp.
namespace hostnet {
namespace {

constexpr std::uint64_t kWakeId = 0;
constexpr std::uint64_t kFirstConnectionId = 1 << 16;  // below: listeners, from 1
constexpr std::chrono::milliseconds kLongest{1'000};
constexpr std::chrono::milliseconds kNextHandshake{10};
// The pause after a failed wait: the loop must not spin.
constexpr std::chrono::milliseconds kRestAfterFailedWait{100};
constexpr std::chrono::milliseconds kRest{1};  // a tracer may interrupt each wait
// A worker waits this long for its reader only while the buffers are full: if
// all workers waited for readers, no client would be answered.
constexpr std::chrono::milliseconds kFullPatience{1'000};

}  // namespace

Result<std::unique_ptr<Loop>> Loop::create(const ServerOptions& options,
                                           const std::vector<HttpRoute>& routes, Lanes& lanes,
                                           Counters& counters, std::vector<Listener> listeners,
                                           WebSettingsSource web) {
  std::unique_ptr<Loop> loop(new Loop(options, routes, lanes, counters, std::move(web)));
  loop->epoll_ = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
  if (!loop->epoll_) return system_failure(errno, "making the web server's epoll");
  auto wake = WakeUp::create();
  if (!wake) return std::unexpected(std::move(wake).error());
  loop->wake_ = *std::move(wake);
  if (!loop->watch(loop->wake_->descriptor(), kWakeId, EPOLLIN)) {
    return system_failure(errno, "watching the web server's eventfd");
  }
  if (options.details == Details::token) {
    auto token = DetailsToken::open(options.details_token_file);
    if (!token) return std::unexpected(std::move(token.error()));
    loop->token_ = std::move(*token);
  }
  loop->listeners_ = std::move(listeners);
  for (std::size_t i = 0; i < loop->listeners_.size(); ++i) {
    if (!loop->watch(loop->listeners_[i].socket.get(), i + 1, EPOLLIN)) {
      return system_failure(errno, "watching " + loop->listeners_[i].bound.text);
    }
  }
  return loop;
}

Loop::Loop(const ServerOptions& options, const std::vector<HttpRoute>& routes, Lanes& lanes,
           Counters& counters, WebSettingsSource web)
    : options_(options),
      routes_(routes),
      lanes_(lanes),
      counters_(counters),
      web_(std::move(web)),
      handshake_budget_(options.tls_handshakes,
                        std::chrono::milliseconds(1'000) / options.tls_handshakes),
      next_id_(kFirstConnectionId) {
  meter_.limit = options.buffer_limit;
  meter_.patience = std::min(options.write_timeout, kFullPatience);
  meter_.over_limit = [this] { ask_to_shed_buffers(); };
}

Loop::~Loop() = default;

void Loop::wake() {
  wake_->wake();
}

bool Loop::watch(int fd, std::uint64_t id, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.u64 = id}};
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Loop::await(Connection& connection, Io wanted) {
  epoll_event event{
      .events = static_cast<std::uint32_t>(wanted == Io::want_write ? EPOLLOUT : EPOLLIN),
      .data = {.u64 = connection.id()}};
  const int operation = connection.watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  connection.watched = true;
  if (epoll_ctl(epoll_.get(), operation, connection.transport.fd(), &event) != 0) drop(connection);
}

// Waits for more than the bytes that were only peeked at: edge-triggered and armed
// once, or epoll would report those again and again.
void Loop::await_more(Connection& connection) {
  if (connection.watched) return;
  connection.watched = true;
  if (!watch(connection.transport.fd(), connection.id(), EPOLLIN | EPOLLET)) drop(connection);
}

// While a worker is busy with a client that went away, level-triggered epoll would
// report it again and again.
void Loop::ignore(Connection& connection) {
  if (!connection.watched) return;
  connection.watched = false;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, connection.transport.fd(), nullptr);
}

void Loop::take_back(JobPtr job) {
  {
    const std::scoped_lock lock(mutex_);
    returned_.push_back(std::move(job));
  }
  wake();
}

void Loop::stop(WebTime deadline) {
  {
    const std::scoped_lock lock(mutex_);
    stop_deadline_ = stopping_ ? std::min(stop_deadline_, deadline) : deadline;
    stopping_ = true;
  }
  wake();
}

void Loop::ask_to_shed_buffers() {
  {
    const std::scoped_lock lock(mutex_);
    shedding_asked_ = true;
  }
  wake();
}

void Loop::run() {
  std::array<epoll_event, 128> events{};
  WebTime now = std::chrono::steady_clock::now();
  next_overdue_ = now + kLongest;
  while (!finished(now)) {
    const int ready =
        epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms(now));
    if (ready < 0) std::this_thread::sleep_for(errno == EINTR ? kRest : kRestAfterFailedWait);
    now = std::chrono::steady_clock::now();
    for (int i = 0; i < ready; ++i) {
      const std::uint64_t id = events[static_cast<std::size_t>(i)].data.u64;
      if (id == kWakeId) {
        wake_->consume();
      } else if (id >= kFirstConnectionId) {
        on_event(id, now);
      } else if (id <= listeners_.size()) {
        accept_from(listeners_[id - 1], now);
      }
    }
    if (meter_.heads > options_.heads_limit) shed_heads();
    web_.scan(now);
    token_.scan(now);
    take_returned(now);
    begin_handshakes(now);
    drop_overdue(now);
    resume_accepting(now);
    counters_.open = connections_.size() + with_workers_;
  }
  connections_.clear();
  counters_.open = 0;
}

int Loop::wait_ms(WebTime now) const {
  WebTime until = next_overdue_;
  if (leaving_) until = std::min(until, leave_by_);
  if (!accepting_) until = std::min(until, accept_again_);
  if (!handshakes_.empty()) until = std::min(until, now + kNextHandshake);
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - now);
  return static_cast<int>(std::clamp(wait, std::chrono::milliseconds(0), kLongest).count());
}

bool Loop::finished(WebTime now) {
  {
    const std::scoped_lock lock(mutex_);
    if (!stopping_) return false;
    leave_by_ = stop_deadline_;
  }
  if (now >= leave_by_) return true;
  if (!leaving_) {
    leaving_ = true;
    listeners_.clear();
  }
  std::vector<Connection*> unwanted;
  for (const auto& [id, connection] : connections_) {
    if (connection->phase != Phase::flushing && connection->phase != Phase::lingering) {
      unwanted.push_back(connection.get());
    }
  }
  for (Connection* connection : unwanted) drop(*connection);
  const std::scoped_lock lock(mutex_);
  return connections_.empty() && with_workers_ == 0 && returned_.empty();
}

void Loop::take_returned(WebTime now) {
  std::vector<JobPtr> returned;
  bool shedding = false;
  {
    const std::scoped_lock lock(mutex_);
    returned.swap(returned_);
    shedding = std::exchange(shedding_asked_, false);
  }
  if (shedding) shed_buffers();
  for (JobPtr& job : returned) {
    --with_workers_;
    if (!job->answered) {
      authorize(std::move(job), now);
      continue;
    }
    ConnectionPtr owned = std::move(job->connection);
    Connection& connection = *owned;
    connections_.emplace(connection.id(), std::move(owned));
    ++connection.answered;
    connection.count_heads(connection.received.capacity());
    if (leaving_ && connection.after == After::keep) connection.after = After::close;
    // Minimum speed for the rest: a large answer may take longer.
    const auto allowance =
        std::chrono::seconds(connection.pending() / std::max<std::size_t>(options_.write_rate, 1));
    enter(connection, Phase::flushing, now, options_.write_timeout + allowance);
    send_rest(connection, now);
  }
}

void Loop::enter(Connection& connection, Phase phase, WebTime now,
                 std::chrono::milliseconds limit) {
  connection.phase = phase;
  connection.phase_began = now;
  connection.deadline = now + limit;
  next_overdue_ = std::min(next_overdue_, connection.deadline);
}

void Loop::drop(Connection& connection) {
  if (connection.phase == Phase::handshaking && !connection.watched) {
    handshakes_.take_all(
        [&](const PeerShare& /*who*/, std::uint64_t id) { return id == connection.id(); });
  }
  connections_.erase(connection.id());
}

void Loop::drop_overdue(WebTime now) {
  if (now < next_overdue_) return;
  next_overdue_ = now + kLongest;
  std::vector<Connection*> overdue;
  for (const auto& [id, connection] : connections_) {
    if (connection->deadline <= now) {
      overdue.push_back(connection.get());
    } else {
      next_overdue_ = std::min(next_overdue_, connection->deadline);
    }
  }
  for (Connection* connection : overdue) {
    if (connection->phase == Phase::flushing) ++counters_.cut;
    if (connection->phase != Phase::flushing && connection->phase != Phase::lingering &&
        connection->phase != Phase::idle) {
      ++counters_.timed_out;
    }
    drop(*connection);
  }
}

void Loop::shed_buffers() {
  std::vector<Connection*> flushing;
  for (const auto& [id, connection] : connections_) {
    if (connection->phase == Phase::flushing) flushing.push_back(connection.get());
  }
  sort_by_bytes(flushing, &Connection::pending);
  for (Connection* connection : flushing) {
    if (meter_.bytes <= meter_.limit / 2) break;
    ++counters_.cut;
    drop(*connection);
  }
}

void Loop::shed_heads() {
  std::vector<Connection*> asking;
  for (const auto& [id, connection] : connections_) {
    if (connection->head_bytes() > 0) asking.push_back(connection.get());
  }
  sort_by_bytes(asking, &Connection::head_bytes);
  for (Connection* connection : asking) {
    if (meter_.heads <= options_.heads_limit / 4 * 3) break;
    ++counters_.evicted;
    drop(*connection);
  }
}

}  // namespace hostnet
