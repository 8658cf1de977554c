#pragma once

// The moment of the bind: every refused TCP or UDP bind() with a port in this network namespace,
// and the successful ones that were requested.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "netlink/base/clock.h"
#include "netlink/facts.h"

namespace hostnet {

// The caller of bind(), as it was then: it may be gone.
struct Binder {
  SteadyTime at;
  std::uint64_t cgroup{};                    // its own, of cgroup v2
  std::array<std::uint64_t, 7> ancestors{};  // on levels 1 to 7; 0: none
  int process{}, thread{};                   // in the initial PID namespace
  std::uint32_t user{};                      // in the initial user namespace
  std::string comm;                          // any bytes; "": the kernel does not report it
  bool operator==(const Binder&) const = default;
};

struct BindEvent {
  enum class Kind { refused, done };
  Kind kind{};
  Protocol protocol{};
  IpAddress address;  // the requested one; of `done` the wildcard
  std::uint16_t port{};
  int error{};  // errno; 0: not known
  Binder binder;
  std::optional<Binder> before;  // of a refusal: the last binder of that port, if known
  bool operator==(const BindEvent&) const = default;
};

// The seam. Thread safe except drain(), which belongs to one thread.
class BindEvents {
 public:
  virtual ~BindEvents() = default;

  // For poll(2): readable while there are events.
  virtual int descriptor() const = 0;
  // Delivers the waiting events, at most a few hundred: more leave the descriptor readable.
  virtual void drain(const std::function<void(BindEvent)>& take) = 0;
  // Events from before this run, oldest first, the same at every call: for recordings. drain()
  // delivers the same ones, once.
  virtual std::vector<BindEvent> past() const { return {}; }
  // Refusals and successes lost for lack of room, since the start.
  virtual std::uint64_t dropped() const = 0;
  // False once someone has detached the programs.
  virtual bool attached() const = 0;
  // Whether successful binds of that port are events.
  virtual void watch(Protocol protocol, std::uint16_t port, bool on) = 0;
  // After a refusal each success of that process is an event, until this call.
  virtual void forget(int process) = 0;
};

}  // namespace hostnet
