#pragma once

#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "agent/http/counters.h"
#include "agent/http/http_server.h"
#include "agent/http/job.h"
#include "agent/http/peers/fair_queue.h"
#include "agent/http/peers/known_peers.h"
#include "agent/http/settings/details_token.h"
#include "netlink/base/token_bucket.h"
#include "netlink/base/wake_up.h"

namespace hostnet {

// The queues into which the loop puts requests.
struct Lanes {
  explicit Lanes(int workers) : limited(workers) {}
  JobQueue limited;       // handlers that may be slow
  JobQueue quick{1};      // refusals and unlimited routes: never behind a scrape
  JobQueue passwords{1};  // bcrypt, one at a time: guesses delay only guesses
  PasswordCache known;
};

// The thread that owns every connection which no worker holds: it accepts,
// collects heads, authorizes requests, sends the rest of answers and cuts clients
// that are too slow. It never waits for a client and never runs a handler.
class Loop {
 public:
  static Result<std::unique_ptr<Loop>> create(const ServerOptions& options,
                                              const std::vector<HttpRoute>& routes, Lanes& lanes,
                                              Counters& counters, std::vector<Listener> listeners,
                                              WebSettingsSource web);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  void run();  // until stop() and its deadline, on the caller's thread

  // From any thread.
  void take_back(JobPtr job);
  void stop(WebTime deadline);
  void ask_to_shed_buffers();  // the buffer meter is past its limit

 private:
  Loop(const ServerOptions& options, const std::vector<HttpRoute>& routes, Lanes& lanes,
       Counters& counters, WebSettingsSource web);
  using ConnectionPtr = std::unique_ptr<Connection>;

  void wake();
  bool watch(int fd, std::uint64_t id, std::uint32_t events);
  void await(Connection& connection, Io wanted);
  void await_more(Connection& connection);
  void ignore(Connection& connection);

  void accept_from(const Listener& listener, WebTime now);
  void on_accept(UniqueFd socket, const sockaddr_storage& address, bool trusted, WebTime now);
  void make_room();
  void pause_accepting(WebTime now);
  void resume_accepting(WebTime now);

  void on_event(std::uint64_t id, WebTime now);
  void advance(Connection& connection, WebTime now);
  void collect_head(Connection& connection, WebTime now);
  void sniff(Connection& connection, WebTime now);
  void shake_hands(Connection& connection, WebTime now);
  void begin_handshakes(WebTime now);
  std::optional<std::uint64_t> next_handshake(WebTime now);
  bool parse_request(Connection& connection, WebTime now);
  void dispatch(Connection& connection, const std::string& head, WebTime now);
  void refuse(Connection& connection, const BadHead& bad, const std::string& bytes);
  void authorize(JobPtr job, WebTime now);
  void check_password(JobPtr job);
  void enqueue(JobPtr job);
  void push(JobQueue& lane, JobPtr job);
  void count_in(Job& job);
  void refuse_overload(Job& job);
  void remember_peer(Connection& connection, WebTime now);
  void linger(Connection& connection);
  void send_rest(Connection& connection, WebTime now);
  void after_answer(Connection& connection, WebTime now);

  void enter(Connection& connection, Phase phase, WebTime now, std::chrono::milliseconds limit);
  void drop(Connection& connection);
  void drop_overdue(WebTime now);
  void shed_buffers();
  void shed_heads();
  void take_returned(WebTime now);
  bool finished(WebTime now);
  int wait_ms(WebTime now) const;

  const ServerOptions& options_;
  const std::vector<HttpRoute>& routes_;
  Lanes& lanes_;
  Counters& counters_;
  BufferMeter meter_;
  WebSettingsSource web_;
  DetailsToken token_;
  RateLimiter limiter_;
  TokenBucket handshake_budget_;
  FairQueue<std::uint64_t> handshakes_;  // connections waiting to begin one
  std::uint64_t handshakes_begun_{};
  KnownPeers known_peers_;

  UniqueFd epoll_;
  std::optional<WakeUp> wake_;  // set by create()
  bool accepting_{true};
  std::vector<Listener> listeners_;
  WebTime accept_again_;  // while out of descriptors
  std::unordered_map<std::uint64_t, ConnectionPtr> connections_;
  std::uint64_t next_id_;
  std::size_t with_workers_{};
  WebTime next_overdue_;  // not later than the earliest deadline

  bool leaving_{};  // the loop's own copies of stopping_ and its deadline
  WebTime leave_by_;

  std::mutex mutex_;  // guards all below
  std::vector<JobPtr> returned_;
  bool stopping_{};
  WebTime stop_deadline_;
  bool shedding_asked_{};
};

}  // namespace hostnet
