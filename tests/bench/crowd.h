#pragma once

#include <functional>
#include <vector>

namespace hostnet {

// Processes that hold what a big node's do. All end with this object, and with its process.
class Crowd {
 public:
  // Returns when each of them has done `begin`, which is told its number.
  Crowd(int processes, const std::function<void(int)>& begin);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

 private:
  std::vector<int> pids_;
};

// Opens `descriptors` of them; the first is a TCP listener at port 10000 + `index` where `index` is
// below `listeners`.
void listen_and_open(int index, int listeners, int descriptors);

// Makes `pairs` connections to itself over loopback, with its server at port 5000 + `index`.
void connect_pairs(int index, int pairs);

}  // namespace hostnet
