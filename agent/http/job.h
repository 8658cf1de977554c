#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/http/connection.h"
#include "agent/http/message/head.h"
#include "agent/http/message/http.h"
#include "agent/http/peers/fair_queue.h"
#include "agent/http/settings/basic_auth.h"

namespace hostnet {

// A request on its way through the server.
struct Job {
  std::unique_ptr<Connection> connection;
  RequestHead head;
  HttpRequest request;
  const HttpRoute* route{};             // null: no such path
  std::optional<HttpResponse> refusal;  // instead of calling the handler
  WebSettingsPtr web;                   // in force when it was asked
  std::optional<Credentials> credentials;
  std::optional<bool> signed_in;  // what became of the credentials
  // Requests with the same may get the same answer; empty: this one may not.
  std::string shared_answer;
  int status{};    // that was sent
  bool counted{};  // in flight, for max_requests
  bool answered{};
  bool close{};  // "Connection: close" in the answer

  const PeerShare& share() const { return connection->place.share; }
  bool one_at_a_time() const { return route != nullptr && route->one_at_a_time && !refusal; }
};
using JobPtr = std::unique_ptr<Job>;

// What the answer to this request depends on, if its route may be shared.
std::string shared_answer_of(const Job& job);

// Between the loop and its workers. Peers have turns, and no peer has the last
// worker to itself. Requests for one shared answer are not worked on twice at a
// time: those that come meanwhile get the next one together.
class JobQueue {
 public:
  explicit JobQueue(int workers) : most_of_one_peer_(workers > 1 ? workers - 1 : 1) {}

  void push(JobPtr job);
  // Waits. The next job, and with it those that wait for the same answer; empty:
  // the queue was closed. finish() must follow, with the first of them.
  std::vector<JobPtr> pop();
  void finish(const Job& job);
  // Where there is no room for a job of this peer: the newest of the peer that has
  // most, waiting and answered lately, if that is more than this one has, so that the
  // job may take its place.
  // The first job of a peer with a kept place takes any other's.
  JobPtr displace_for(const PeerShare& who, bool kept);
  // Waiting jobs are dropped (their clients with them).
  void close();
  std::size_t size() const;

 private:
  std::vector<JobPtr> next();
  bool may_run(const PeerShare& who, const Job& job) const;

  const int most_of_one_peer_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  FairQueue<JobPtr> jobs_;
  std::map<PeerShare, int> running_;  // by site
  std::set<std::string> shared_running_;
  bool one_running_{};  // of those that run one at a time
  bool closed_{};
};

}  // namespace hostnet
