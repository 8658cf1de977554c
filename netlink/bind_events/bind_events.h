#pragma once

// The moment of the bind: every refused bind() of this network namespace with a port, TCP or UDP,
// and the successful ones that were asked for.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "netlink/base/clock.h"
#include "netlink/facts.h"

namespace hostnet {

// Who called bind(), as it was then: it may be gone.
struct Binder {
  SteadyTime at;
  std::uint64_t cgroup{};                    // its own, of cgroup v2
  std::array<std::uint64_t, 7> ancestors{};  // on levels 1 to 7; 0: none
  int process{}, thread{};                   // in the initial PID namespace
  std::uint32_t user{};                      // in the initial user namespace
  std::string comm;                          // any bytes; "": the kernel does not tell it
  bool operator==(const Binder&) const = default;
};

struct BindEvent {
  enum class Kind { refused, done };
  Kind kind{};
  Protocol protocol{};
  IpAddress address;  // that was asked for; of `done` the wildcard
  std::uint16_t port{};
  int error{};  // errno; 0: not known
  Binder binder;
  std::optional<Binder> before;  // of a refusal: who bound that port last, where that is known
  bool operator==(const BindEvent&) const = default;
};

// The seam. Thread safe but for drain(), which is one thread's.
class BindEvents {
 public:
  virtual ~BindEvents() = default;

  // For poll(2): readable while there are events.
  virtual int descriptor() const = 0;
  // Hands over what is there, at most a few hundred: more leave the descriptor readable.
  virtual void drain(const std::function<void(BindEvent)>& take) = 0;
  // What happened before anybody asked, the oldest first, as often as one asks: of recordings.
  // drain() hands the same over, once.
  virtual std::vector<BindEvent> past() const { return {}; }
  // Refusals and successes for which there was no room, since the start.
  virtual std::uint64_t dropped() const = 0;
  // False once somebody has detached the programs.
  virtual bool attached() const = 0;
  // Whether successes on that port are events.
  virtual void watch(Protocol protocol, std::uint16_t port, bool on) = 0;
  // After a refusal each success of that process is an event, until this.
  virtual void forget(int process) = 0;
};

}  // namespace hostnet
