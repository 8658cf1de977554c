#include "agent/http/http_server.h"

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <system_error>
#include <thread>

#include "agent/http/loop.h"
#include "agent/http/responder.h"

namespace hostnet {
namespace {

constexpr std::chrono::milliseconds kStopAtEnd{2'000};
constexpr std::chrono::milliseconds kHandlerGrace{1'000};

std::unexpected<StartError> start_failure(Error error, ListenAddress listen = {}) {
  return std::unexpected(StartError{.error = std::move(error), .listen = std::move(listen)});
}

// OpenSSL writes with write(2): a client that has gone would end the program,
// unless its owner ignores SIGPIPE.
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
                            .system_error = 0,
                            .message = "listening on sockets from systemd: none were passed"});
    }
    return std::move(*passed);
  }
  for (const std::string& text : options.listen) {
    auto address = parse_listen_address(text);
    if (!address) return start_failure(std::move(address.error()));
    auto listeners = listen_on(*address);
    if (!listeners) return start_failure(std::move(listeners.error()), std::move(*address));
    for (Listener& listener : *listeners) all.push_back(std::move(listener));
  }
  return all;
}

}  // namespace

// Threads hold a share: one that must be abandoned still has what it uses.
struct HttpServer::Parts {
  struct Shared {
    ServerOptions options;
    std::vector<HttpRoute> routes;
    Counters counters;
    std::unique_ptr<Loop> loop;
    Lanes lanes;

    std::mutex mutex;
    std::condition_variable ended;
    int running{};  // workers; guarded by mutex

    void work(JobQueue& lane);
    void check_passwords();
    void ended_one();
  };
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();
  std::vector<BoundAddress> addresses;
  bool tls{};
  std::mutex stopping;  // guards the rest
  bool in_time{true};
  std::vector<std::thread> workers;
  std::thread loop;

  void run_threads();
  void add_worker(std::function<void(Shared&)> work);
};

void HttpServer::Parts::Shared::work(JobQueue& lane) {
  while (JobPtr job = lane.pop()) {
    const int status = respond(*job, options.gzip_level);
    if (job->counted) --counters.in_flight;
    counters.count(job->route, status);
    job->answered = true;
    // The client need not wait until the loop wakes; what is left, the loop sends.
    job->connection->flush();
    loop->take_back(std::move(job));
  }
  ended_one();
}

void HttpServer::Parts::Shared::check_passwords() {
  while (JobPtr job = lanes.passwords.pop()) {
    const Users& users = job->web->config.users;
    // The first requests of a client all wait here: one bcrypt is for all.
    job->signed_in = lanes.known.find(users, *job->credentials);
    if (!job->signed_in) job->signed_in = lanes.known.check(users, *job->credentials);
    loop->take_back(std::move(job));
  }
  ended_one();
}

void HttpServer::Parts::Shared::ended_one() {
  const std::scoped_lock lock(mutex);
  --running;
  ended.notify_all();
}

void HttpServer::Parts::add_worker(std::function<void(Shared&)> work) {
  workers.emplace_back([share = shared, work = std::move(work)] {
    block_broken_pipe_signal();
    work(*share);
  });
  const std::scoped_lock lock(shared->mutex);
  ++shared->running;
}

void HttpServer::Parts::run_threads() {
  loop = std::thread([share = shared] {
    block_broken_pipe_signal();
    share->loop->run();
  });
  for (int i = 0; i < std::max(shared->options.workers, 1); ++i) {
    add_worker([](Shared& share) { share.work(share.lanes.limited); });
  }
  add_worker([](Shared& share) { share.work(share.lanes.quick); });
  add_worker([](Shared& share) { share.check_passwords(); });
}

std::expected<std::unique_ptr<HttpServer>, StartError> HttpServer::start(
    ServerOptions options, std::vector<HttpRoute> routes) {
  auto web =
      WebSettingsSource::open(options.web_config_file, options.reload_interval, options.on_reload);
  if (!web) return start_failure(std::move(web.error()));
  auto listeners = open_listeners(options);
  if (!listeners) return std::unexpected(std::move(listeners.error()));
  auto parts = std::make_unique<Parts>();
  for (const Listener& listener : *listeners) parts->addresses.push_back(listener.bound);
  parts->tls = web->current()->tls != nullptr;
  Parts::Shared& shared = *parts->shared;
  shared.options = std::move(options);
  shared.routes = std::move(routes);
  auto loop = Loop::create(shared.options, shared.routes, shared.lanes, shared.counters,
                           std::move(*listeners), std::move(*web));
  if (!loop) return start_failure(std::move(loop.error()));
  shared.loop = std::move(*loop);
  // From here on the destructor ends what was started.
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(parts)));
  try {
    server->parts_->run_threads();
  } catch (const std::system_error& error) {
    return start_failure(
        {.reason = Reason::exhausted,
         .system_error = error.code().value(),
         .message = std::string("starting the web server's threads: ") + error.code().message()});
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
  if (parts_->loop.joinable()) parts_->loop.join();
  shared.lanes.limited.close();
  shared.lanes.quick.close();
  shared.lanes.passwords.close();
  {
    std::unique_lock lock(shared.mutex);
    const bool ended =
        shared.ended.wait_for(lock, kHandlerGrace, [&] { return shared.running == 0; });
    if (!ended) parts_->in_time = false;
  }
  for (std::thread& worker : parts_->workers) {
    if (parts_->in_time) {
      worker.join();
    } else {
      worker.detach();
    }
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
