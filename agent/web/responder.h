#pragma once

#include <memory>

#include "agent/web/job.h"

namespace hostnet {

// Calls a job's handler and writes the answer to its connection, with
// cpp-httplib forming it. One per worker thread.
class Responder {
 public:
  explicit Responder(int gzip_level);
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder();

  // Returns the status that was sent; sets what becomes of the connection.
  int answer(Job& job);

 private:
  class Http;
  std::unique_ptr<Http> http_;
};

}  // namespace hostnet
