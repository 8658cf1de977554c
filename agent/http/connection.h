#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "agent/http/answer_block.h"
#include "agent/http/peers/peer_share.h"
#include "agent/http/settings/web_settings.h"
#include "agent/http/transport.h"

namespace hostnet {

using WebTime = std::chrono::steady_clock::time_point;

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
  ~Connection() { count_heads(0); }

  std::uint64_t id() const { return id_; }

  // A piece of an answer, for write() of this connection and of others.
  AnswerBlockPtr block(std::string bytes) const;
  // Takes the block: what the kernel does not take now is kept. Waits briefly for
  // a reader that is only a little behind, so that a large page need not be kept
  // whole; and, while all kept answers together exceed the limit, up to the meter's
  // patience. A connection that is not `patient` never waits: past the limit it is
  // lost instead. False: the client is lost.
  bool write(AnswerBlockPtr block);
  // Sends what is kept. done: nothing is left.
  Io flush();
  std::size_t pending() const { return pending_; }
  bool lost() const { return lost_; }
  // Bytes of its request heads: the one being collected and the one being answered.
  void count_heads(std::size_t bytes);
  std::size_t head_bytes() const { return head_bytes_; }

  Transport transport;
  WebSettingsPtr web;  // in force when the client connected
  std::string peer;
  bool peer_is_loopback{};
  bool trusted{};  // Listener::trusted
  PeerPlace place;
  bool kept{};              // its peer has a kept place (give_way.h)
  std::string received;     // not yet a whole head
  std::size_t searched{};   // bytes of it already searched for the head's end
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
  void lose();

  std::uint64_t id_;
  BufferMeter& meter_;
  std::deque<AnswerBlockPtr> kept_;
  std::size_t sent_of_first_{};
  std::size_t pending_{};
  std::size_t head_bytes_{};
  std::chrono::steady_clock::duration waited_{};  // for this reader, in this answer
  bool lost_{};
};

}  // namespace hostnet
