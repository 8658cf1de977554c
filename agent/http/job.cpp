#include "agent/http/job.h"

#include <chrono>

namespace hostnet {
namespace {

// Parts may contain any byte, so each one is preceded by its length.
void append(std::string& key, std::string_view part) {
  key += std::to_string(part.size());
  key += ':';
  key += part;
}

}  // namespace

std::string shared_answer_of(const Job& job) {
  if (job.route == nullptr || !job.route->shared || job.refusal) return {};
  std::string key;
  append(key, job.request.method);
  append(key, job.request.path);
  for (const auto& [name, value] : job.request.query) {
    append(key, name);
    append(key, value);
  }
  for (const char* name :
       {"Accept", "Accept-Encoding", "If-None-Match", "X-Prometheus-Scrape-Timeout-Seconds"}) {
    append(key, header(job.request.headers, name));
  }
  return key;
}

void JobQueue::push(JobPtr job) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return;
    const PeerShare who = job->share();
    const bool kept = job->connection->kept;
    jobs_.push(who, std::move(job), kept);
  }
  changed_.notify_one();
}

bool JobQueue::may_run(const PeerShare& who, const Job& job) const {
  if (shared_running_.contains(job.shared_answer)) return false;
  if (one_running_ && job.one_at_a_time()) return false;
  const auto running = running_.find(who.site());
  return running == running_.end() || running->second < most_of_one_peer_;
}

std::vector<JobPtr> JobQueue::next() {
  std::vector<JobPtr> taken;
  auto first =
      jobs_.take([this](const PeerShare& who, const JobPtr& job) { return may_run(who, *job); },
                 std::chrono::steady_clock::now());
  if (!first) return taken;
  ++running_[(*first)->share().site()];
  one_running_ = one_running_ || (*first)->one_at_a_time();
  const std::string shared = (*first)->shared_answer;
  if (!shared.empty()) {
    shared_running_.insert(shared);
    taken = jobs_.take_all([&](const PeerShare& /*who*/, const JobPtr& job) {
      return job->shared_answer == shared && job->web == (*first)->web;
    });
  }
  taken.insert(taken.begin(), std::move(*first));
  return taken;
}

std::vector<JobPtr> JobQueue::pop() {
  std::unique_lock lock(mutex_);
  std::vector<JobPtr> taken;
  changed_.wait(lock, [&] { return closed_ || !(taken = next()).empty(); });
  return taken;
}

void JobQueue::finish(const Job& job) {
  {
    const std::scoped_lock lock(mutex_);
    const auto running = running_.find(job.share().site());
    if (running != running_.end() && --running->second <= 0) running_.erase(running);
    shared_running_.erase(job.shared_answer);
    if (job.one_at_a_time()) one_running_ = false;
    if (jobs_.empty()) return;  // no job was waiting for this one to end
  }
  changed_.notify_all();
}

JobPtr JobQueue::displace_for(const PeerShare& who, bool kept) {
  const std::scoped_lock lock(mutex_);
  auto displaced = jobs_.take_newest_of_greediest(who, kept, std::chrono::steady_clock::now());
  return displaced ? std::move(*displaced) : nullptr;
}

void JobQueue::close() {
  std::vector<JobPtr> dropped;
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    dropped = jobs_.take_all([](const auto&, const auto&) { return true; });
  }
  changed_.notify_all();
}

std::size_t JobQueue::size() const {
  const std::scoped_lock lock(mutex_);
  return jobs_.size();
}

}  // namespace hostnet
