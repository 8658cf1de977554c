#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/http/connection.h"
#include "agent/http/message/head.h"
#include "agent/http/message/http.h"
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
  bool counted{};                 // in flight, for max_requests
  bool answered{};
  bool close{};  // "Connection: close" in the answer
};
using JobPtr = std::unique_ptr<Job>;

// Between the loop and its workers.
class JobQueue {
 public:
  void push(JobPtr job);
  // Waits. Null: the queue was closed.
  JobPtr pop();
  // Waiting jobs are dropped (their clients with them).
  void close();
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<JobPtr> jobs_;
  bool closed_{};
};

}  // namespace hostnet
