#include "agent/http/http_server.h"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <mutex>
#include <span>
#include <utility>

#include "agent/http/loop.h"
#include "agent/http/responder.h"
#include "netlink/base/worker.h"

namespace hostnet {
namespace {

constexpr std::chrono::milliseconds kStopAtEnd{2'000};
constexpr std::chrono::milliseconds kHandlerGrace{1'000};

std::unexpected<StartError> start_failure(Error error, ListenAddress listen = {}) {
  return std::unexpected(StartError{.error = std::move(error), .listen = std::move(listen)});
}

// OpenSSL writes with write(2): a client that is gone would kill the process,
// unless it ignores SIGPIPE.
void block_broken_pipe_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

std::expected<std::vector<Listener>, StartError> open_listeners(const ServerOptions& options) {
  std::vector<Listener> all;
  if (options.activated_sockets) {
    auto passed = activated_listeners();
    if (!passed) return start_failure(std::move(passed.error()));
    if (passed->empty()) {
      return start_failure({.reason = Reason::vanished,
                            .message = "listening on sockets from systemd: none were passed"});
    }
    return std::move(*passed);
  }
  for (const std::string& text : options.listen) {
    auto address = parse_listen_address(text);
    if (!address) return start_failure(std::move(address.error()));
    auto listeners = listen_on(*address, options.socket_group);
    if (!listeners) return start_failure(std::move(listeners.error()), std::move(*address));
    for (Listener& listener : *listeners) all.push_back(std::move(listener));
  }
  return all;
}

}  // namespace

// Threads share ownership: an abandoned one still has what it uses.
struct HttpServer::Parts {
  struct Shared {
    explicit Shared(ServerOptions all) : options(std::move(all)) {}
    ServerOptions options;
    std::vector<HttpRoute> routes;
    Counters counters;
    std::unique_ptr<Loop> loop;
    Lanes lanes{options.workers};

    void work(JobQueue& lane);
    void check_passwords();
  };
  explicit Parts(ServerOptions options) : shared(std::make_shared<Shared>(std::move(options))) {}
  std::shared_ptr<Shared> shared;
  std::vector<BoundAddress> addresses;
  bool tls{};
  std::mutex stopping;  // guards the rest
  bool in_time{true};
  Worker loop{"http loop"};
  std::vector<Worker> workers;

  Result<> run_threads();
  Result<> give(Worker& worker, std::function<void(Shared&)> work) const;
};

void HttpServer::Parts::Shared::work(JobQueue& lane) {
  while (true) {
    std::vector<JobPtr> jobs = lane.pop();
    if (jobs.empty()) break;
    // One answer counts as one request in progress, however many get it: clients that
    // only share it take nobody's place.
    for (const JobPtr& job : std::span(jobs).subspan(1)) {
      if (std::exchange(job->counted, false)) --counters.in_flight;
    }
    respond(jobs, options.gzip_level);
    lane.finish(*jobs.front());
    bool answered_before = false;
    for (JobPtr& job : jobs) {
      if (answered_before && options.on_shared_answer)
        options.on_shared_answer(job->request, job->status);
      answered_before = true;
      if (job->counted) --counters.in_flight;
      counters.count(job->route, job->status);
      job->answered = true;
      // Spares the client the wait for the loop, which sends the rest.
      job->connection->flush();
      loop->take_back(std::move(job));
    }
  }
}

void HttpServer::Parts::Shared::check_passwords() {
  while (true) {
    std::vector<JobPtr> jobs = lanes.passwords.pop();
    if (jobs.empty()) break;
    JobPtr job = std::move(jobs.front());
    const Users& users = job->web->config.users;
    // A client's first requests all wait here: one bcrypt serves them all.
    job->signed_in = lanes.known.find(users, *job->credentials);
    if (!job->signed_in) job->signed_in = lanes.known.check(users, *job->credentials);
    lanes.passwords.finish(*job);
    loop->take_back(std::move(job));
  }
}

Result<> HttpServer::Parts::give(Worker& worker, std::function<void(Shared&)> work) const {
  return worker.give([share = shared, work = std::move(work)] {
    block_broken_pipe_signal();
    work(*share);
  });
}

Result<> HttpServer::Parts::run_threads() {
  Result<> done = give(loop, [](Shared& share) {
    if (share.options.on_loop_thread) share.options.on_loop_thread();
    share.loop->run();
  });
  const auto add = [&](void (*work)(Shared&)) {
    if (done) done = give(workers.emplace_back("http worker"), work);
  };
  for (int i = 0; i < std::max(shared->options.workers, 1); ++i) {
    add([](Shared& share) { share.work(share.lanes.limited); });
  }
  add([](Shared& share) { share.work(share.lanes.quick); });
  add([](Shared& share) { share.check_passwords(); });
  return done;
}

std::expected<std::unique_ptr<HttpServer>, StartError> HttpServer::start(
    ServerOptions options, std::vector<HttpRoute> routes, std::vector<Listener> more) {
  auto web =
      WebSettingsSource::open(options.web_config_file, options.reload_interval, options.on_reload);
  if (!web) return start_failure(std::move(web.error()));
  auto listeners = open_listeners(options);
  if (!listeners) return std::unexpected(std::move(listeners.error()));
  std::ranges::move(more, std::back_inserter(*listeners));
  auto parts = std::make_unique<Parts>(std::move(options));
  for (const Listener& listener : *listeners) parts->addresses.push_back(listener.bound);
  parts->tls = web->current()->tls != nullptr;
  Parts::Shared& shared = *parts->shared;
  shared.routes = std::move(routes);
  auto loop = Loop::create(shared.options, shared.routes, shared.lanes, shared.counters,
                           std::move(*listeners), std::move(*web));
  if (!loop) return start_failure(std::move(loop.error()));
  shared.loop = std::move(*loop);
  // From here on the destructor stops what was started.
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(parts)));
  if (auto running = server->parts_->run_threads(); !running) {
    return start_failure(std::move(running.error()));
  }
  return server;
}

HttpServer::HttpServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

HttpServer::~HttpServer() {
  stop(kStopAtEnd);
}

bool HttpServer::stop(std::chrono::milliseconds deadline) {
  Parts::Shared& shared = *parts_->shared;
  shared.loop->stop(std::chrono::steady_clock::now() + deadline);
  const std::scoped_lock stopping(parts_->stopping);
  parts_->loop.wait();
  shared.lanes.limited.close();
  shared.lanes.quick.close();
  shared.lanes.passwords.close();
  const auto until = std::chrono::steady_clock::now() + kHandlerGrace;
  for (const Worker& worker : parts_->workers) {
    if (!worker.wait_for(until - std::chrono::steady_clock::now())) parts_->in_time = false;
  }
  parts_->workers.clear();
  return parts_->in_time;
}

const std::vector<BoundAddress>& HttpServer::addresses() const {
  return parts_->addresses;
}

bool HttpServer::tls() const {
  return parts_->tls;
}

ServerStats HttpServer::stats() const {
  return parts_->shared->counters.stats();
}

}  // namespace hostnet
