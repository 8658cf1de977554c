#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "agent/http/gate.h"
#include "agent/http/loop.h"
#include "agent/http/settings/tls_context.h"

// How the loop handles one connection, phase by phase.
namespace hostnet {
namespace {

constexpr std::chrono::milliseconds kLinger{1'000};
constexpr std::size_t kLingerBytes = std::size_t{256} * 1024;
// After these the client must reconnect: spreads clients over a restarted agent.
constexpr int kMostAnswers = 10'000;
constexpr std::size_t kMostSigningIn = 64;
constexpr std::string_view kPlainOnTls =
    "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Connection: close\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
constexpr std::size_t kTlsRecordHeader = 5;
constexpr std::size_t kLongestTlsRecord = std::size_t{1} << 14;

// The size of the handshake record that begins here, header included: until the
// header is complete, the header's own size. Nothing if it is no such record.
std::optional<std::size_t> tls_record_size(std::string_view bytes) {
  constexpr char kHandshake = 22;
  if (bytes[0] != kHandshake) return std::nullopt;
  if (bytes.size() < kTlsRecordHeader) return kTlsRecordHeader;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  const std::size_t length = std::size_t{byte(3)} << 8 | byte(4);
  if (length > kLongestTlsRecord) return std::nullopt;
  return kTlsRecordHeader + length;
}

// Drops everything that the answer to a refused request does not depend on.
void forget_head(Job& job) {
  std::erase_if(job.request.headers, [](const auto& field) {
    return !equals_ignoring_case(field.first, "Accept-Encoding");
  });
  job.request.query.clear();
}

}  // namespace

void Loop::on_event(std::uint64_t id, WebTime now) {
  // The connection may have been dropped by an earlier event of the same batch.
  const auto at = connections_.find(id);
  if (at != connections_.end()) advance(*at->second, now);
}

void Loop::advance(Connection& connection, WebTime now) {
  switch (connection.phase) {
    case Phase::sniffing: return sniff(connection, now);
    case Phase::handshaking: return shake_hands(connection, now);
    case Phase::asking:
    case Phase::idle: return collect_head(connection, now);
    case Phase::flushing: return send_rest(connection, now);
    case Phase::lingering: return linger(connection);
  }
}

// Peeks at the client's first bytes: only a complete TLS record, which holds a
// ClientHello, is worth the cost of the private key.
void Loop::sniff(Connection& connection, WebTime now) {
  std::array<char, kTlsRecordHeader + kLongestTlsRecord> bytes;  // NOLINT(*-member-init)
  const ssize_t got = recv(connection.transport.fd(), bytes.data(), bytes.size(), MSG_PEEK);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return await_more(connection);
  if (got <= 0) return drop(connection);
  const std::string_view said(bytes.data(), static_cast<std::size_t>(got));
  if (said[0] >= 'A' && said[0] <= 'Z') {
    connection.transport.write(kPlainOnTls);
    connection.after = After::linger;
    return after_answer(connection, now);
  }
  const std::optional<std::size_t> record = tls_record_size(said);
  if (record.value_or(0) > said.size()) return await_more(connection);
  if (!record || !connection.transport.begin_tls(connection.web->tls.get())) {
    ++counters_.tls_failures;
    return drop(connection);
  }
  connection.phase = Phase::handshaking;  // within the same deadline
  ignore(connection);
  handshakes_.push(connection.place.share, connection.id(), connection.kept);
}

// Peers with a kept place go before strangers, however many those are; but every fourth
// turn is a stranger's, or many users of this machine could lock them out.
std::optional<std::uint64_t> Loop::next_handshake(WebTime now) {
  const bool strangers_turn = ++handshakes_begun_ % 4 == 0;
  const auto fits = [&](const PeerShare& /*who*/, std::uint64_t id) {
    return connections_.at(id)->kept != strangers_turn;
  };
  auto id = handshakes_.take(fits, now);
  return id ? id : handshakes_.take([](const auto&, const auto&) { return true; }, now);
}

// Limited by a budget: their keys cost more than anything else that a stranger can cause.
void Loop::begin_handshakes(WebTime now) {
  while (!handshakes_.empty() && handshake_budget_.has(now)) {
    handshake_budget_.take(now);
    const auto id = next_handshake(now);
    shake_hands(*connections_.at(*id), now);
  }
}

void Loop::shake_hands(Connection& connection, WebTime now) {
  const Io status = connection.transport.handshake();
  if (status == Io::want_read || status == Io::want_write) return await(connection, status);
  const auto& tls = connection.web->config.tls;
  if (status != Io::done || !client_san_allowed(connection.transport.ssl(), *tls)) {
    ++counters_.tls_failures;
    return drop(connection);
  }
  if (tls->client_auth >= ClientAuth::verify_if_given &&
      has_client_certificate(connection.transport.ssl())) {
    remember_peer(connection, now);
  }
  enter(connection, Phase::asking, now, options_.head_timeout);
  collect_head(connection, now);
}

void Loop::remember_peer(Connection& connection, WebTime now) {
  connection.kept = true;
  known_peers_.add(connection.place.share, now);
}

void Loop::collect_head(Connection& connection, WebTime now) {
  std::array<char, 4096> buffer{};
  while (true) {
    if (parse_request(connection, now)) return;
    const IoResult got = connection.transport.read(buffer);
    if (got.status == Io::closed) return drop(connection);
    if (got.status != Io::done) return await(connection, got.status);
    if (connection.phase == Phase::idle) {
      enter(connection, Phase::asking, now, options_.head_timeout);
    }
    connection.received.append(buffer.data(), got.bytes);
    connection.count_heads(connection.received.capacity());
  }
}

// True once the loop no longer owns the connection: its head is complete or too long.
bool Loop::parse_request(Connection& connection, WebTime now) {
  const auto size = head_size(connection.received, connection.searched);
  connection.searched = connection.received.size();
  if (size.value_or(connection.received.size()) > options_.head_limit) {
    refuse(connection, {.status = 431, .message = "the request head is too long"},
           connection.received);
    return true;
  }
  if (!size) return false;
  std::string head = std::move(connection.received);
  connection.received = head.substr(*size);
  connection.searched = 0;
  head.resize(*size);
  dispatch(connection, head, now);
  return true;
}

void Loop::dispatch(Connection& connection, const std::string& bytes, WebTime now) {
  auto head = read_head(bytes);
  if (!head) return refuse(connection, head.error(), bytes);
  auto job = std::make_unique<Job>();
  job->head = std::move(*head);
  job->request = {.method = job->head.method,
                  .path = job->head.path,
                  .query = std::move(job->head.query),
                  .headers = std::move(job->head.headers),
                  .peer = connection.peer,
                  .peer_is_loopback = connection.peer_is_loopback,
                  .peer_is_unix = connection.place.share.kind == PeerShare::Kind::unix_user,
                  .trusted = connection.trusted,
                  .shows_token = false};
  job->request.shows_token = token_.shown_in(header(job->request.headers, "Authorization"));
  job->route = find_route(routes_, job->request.path);
  job->close = job->head.http_1_0 || job->head.wants_close || leaving_ ||
               connection.answered + 1 >= kMostAnswers;
  connection.phase_began = now;
  job->connection = std::move(connections_.at(connection.id()));
  job->web = web_.current();
  authorize(std::move(job), now);
}

void Loop::authorize(JobPtr job, WebTime now) {
  const Entry entry = check_entry(*job, limiter_, lanes_.known, now);
  if (entry == Entry::unknown) return check_password(std::move(job));
  if (job->signed_in.value_or(false)) remember_peer(*job->connection, now);
  if (entry == Entry::open) refuse_unfit(*job, options_.details);
  // If a body may follow, the next request cannot be distinguished from it.
  job->close = job->close || job->head.announces_body;
  enqueue(std::move(job));
}

void Loop::check_password(JobPtr job) {
  const auto refuse_one = [](Job& one) {
    one.refusal =
        error_answer(one.request, 503, "too many clients are signing in, try again later");
  };
  if (lanes_.passwords.size() >= kMostSigningIn) {
    JobPtr displaced = lanes_.passwords.displace_for(job->share(), job->connection->kept);
    if (!displaced) {
      refuse_one(*job);
      return push(lanes_.quick, std::move(job));
    }
    refuse_one(*displaced);
    lanes_.quick.push(std::move(displaced));
  }
  push(lanes_.passwords, std::move(job));
}

void Loop::refuse(Connection& connection, const BadHead& bad, const std::string& bytes) {
  auto job = std::make_unique<Job>();
  job->connection = std::move(connections_.at(connection.id()));
  job->web = web_.current();
  refuse_bad_head(*job, bad, bytes);
  enqueue(std::move(job));
}

void Loop::enqueue(JobPtr job) {
  if (!job->refusal && job->route->limited) count_in(*job);
  job->shared_answer = shared_answer_of(*job);
  JobQueue& lane = job->counted ? lanes_.limited : lanes_.quick;
  push(lane, std::move(job));
}

// Counts the job as in progress, if need be in place of one of a peer that has more.
void Loop::count_in(Job& job) {
  const auto most = static_cast<std::uint64_t>(std::max(options_.max_requests, 0));
  if (most > 0 && counters_.in_flight >= most) {
    JobPtr displaced = lanes_.limited.displace_for(job.share(), job.connection->kept);
    if (!displaced) return refuse_overload(job);
    --counters_.in_flight;
    displaced->counted = false;
    refuse_overload(*displaced);
    lanes_.quick.push(std::move(displaced));
  }
  ++counters_.in_flight;
  job.counted = true;
}

void Loop::refuse_overload(Job& job) {
  ++counters_.overloaded;
  if (options_.on_overload) options_.on_overload(job.request);
  job.refusal = error_answer(job.request, 503,
                             fmt::format("Limit of concurrent requests reached ({}), try again "
                                         "later.",
                                         options_.max_requests));
}

// The connection was moved out of connections_, but its empty entry is still there.
void Loop::push(JobQueue& lane, JobPtr job) {
  connections_.erase(job->connection->id());
  ignore(*job->connection);
  if (job->refusal) forget_head(*job);
  ++with_workers_;
  lane.push(std::move(job));
}

void Loop::send_rest(Connection& connection, WebTime now) {
  const Io status = connection.flush();
  if (status == Io::closed) return drop(connection);
  if (status != Io::done) return await(connection, status);
  after_answer(connection, now);
}

void Loop::after_answer(Connection& connection, WebTime now) {
  switch (connection.after) {
    case After::keep:
      // A pipelined request may have arrived already, or be in the TLS buffer.
      enter(connection, Phase::idle, now, options_.idle_timeout);
      if (!connection.received.empty()) {
        enter(connection, Phase::asking, now, options_.head_timeout);
      }
      return collect_head(connection, now);
    case After::linger:
      // Closing while unread bytes arrive would reset the connection, and the
      // client would lose the answer before it could read it.
      connection.transport.finish_sending();
      enter(connection, Phase::lingering, now, kLinger);
      return linger(connection);
    case After::close: connection.transport.finish_sending(); break;
    case After::cut: break;
  }
  drop(connection);
}

void Loop::linger(Connection& connection) {
  std::array<char, 4096> buffer{};
  while (connection.discarded < kLingerBytes) {
    const ssize_t got = recv(connection.transport.fd(), buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return await(connection, Io::want_read);
    if (got <= 0) break;
    connection.discarded += static_cast<std::size_t>(got);
  }
  drop(connection);
}

}  // namespace hostnet
