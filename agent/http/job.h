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
  WebSettingsPtr web;                   // in force when the request arrived
  std::optional<Credentials> credentials;
  std::optional<bool> signed_in;  // result of the credentials' check
  // Requests with an equal one may share an answer; empty: this one may not.
  std::string shared_answer;
  int status{};    // as sent
  bool counted{};  // in flight, for max_requests
  bool answered{};
  bool close{};  // "Connection: close" in the answer

  const PeerShare& share() const { return connection->place.share; }
  bool one_at_a_time() const { return route != nullptr && route->one_at_a_time && !refusal; }
};
using JobPtr = std::unique_ptr<Job>;

// Everything that the answer depends on; empty if it may not be shared.
std::string shared_answer_of(const Job& job);

// Between the loop and its workers. Peers take turns, and no peer can occupy the
// last worker. A shared answer is worked on once at a time: requests that arrive
// meanwhile share the next one.
class JobQueue {
 public:
  explicit JobQueue(int workers) : most_of_one_peer_(workers > 1 ? workers - 1 : 1) {}

  void push(JobPtr job);
  // Waits for the next job and takes all that wait for the same answer with it;
  // empty: the queue was closed. finish() must follow, with the first of them.
  std::vector<JobPtr> pop();
  void finish(const Job& job);
  // Makes room for a job of this peer: takes out the newest job of the peer that has
  // most, waiting and answered recently, if that is more than this one has; else null.
  // The first job of a peer with a kept place may displace any other peer's.
  JobPtr displace_for(const PeerShare& who, bool kept);
  // Drops waiting jobs and the connections of their clients.
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
  bool one_running_{};  // a job of those that run one at a time
  bool closed_{};
};

}  // namespace hostnet
