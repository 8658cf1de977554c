#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "agent/http/peers/peer_share.h"
#include "agent/http/settings/web_settings.h"
#include "agent/http/transport.h"

namespace hostnet {

using WebTime = std::chrono::steady_clock::time_point;

// Bytes of answers that wait for slow readers, over all connections.
struct BufferMeter {
  std::atomic<std::size_t> bytes;
  std::size_t limit{};
  std::chrono::milliseconds patience{};  // of a writer past the limit
  std::function<void()> over_limit;      // asks the loop to cut old answers
};

enum class Phase { sniffing, handshaking, asking, idle, flushing, lingering };
enum class After { keep, close, linger, cut };

// One client. Belongs to the loop's thread, or to the worker that answers it:
// never to both.
class Connection {
 public:
  Connection(std::uint64_t id, UniqueFd socket, BufferMeter& meter)
      : transport(std::move(socket)), id_(id), meter_(meter) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  std::uint64_t id() const { return id_; }

  // Takes the bytes: what the kernel does not take now is kept. Waits a moment
  // for a reader that is only a little behind, so that a large page need not be
  // kept whole; and, while all kept answers together are past the limit, not
  // longer than the meter's patience. One that is not `patient` never waits and is
  // lost instead. False: the client is lost.
  bool write(std::string_view bytes);
  // Sends what is kept. done: nothing is left.
  Io flush();
  std::size_t pending() const { return pending_; }
  bool lost() const { return lost_; }

  Transport transport;
  WebSettingsPtr web;  // in force when the client came
  std::string peer;
  bool peer_is_loopback{};
  bool trusted{};  // Listener::trusted
  PeerPlace place;
  bool kept{};              // a few of its peer's connections do not give way
  std::string received;     // not yet a whole head
  std::size_t searched{};   // bytes of it without an end of head
  std::size_t discarded{};  // while lingering
  Phase phase{Phase::asking};
  WebTime phase_began;
  WebTime deadline;
  After after{After::keep};
  int answered{};
  bool watched{};      // by the loop's epoll
  bool patient{true};  // write() may wait for this reader

 private:
  Io wait_for_reader(Io status);
  bool wait_for_room();
  void account(std::size_t pending);

  std::uint64_t id_;
  BufferMeter& meter_;
  std::deque<std::string> kept_;
  std::size_t sent_of_first_{};
  std::size_t pending_{};
  std::size_t metered_{};
  std::chrono::steady_clock::duration waited_{};  // for this reader, in this answer
  bool lost_{};
};

}  // namespace hostnet
