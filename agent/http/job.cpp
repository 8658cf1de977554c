#include "agent/http/job.h"

namespace hostnet {

void JobQueue::push(JobPtr job) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return;
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

JobPtr JobQueue::pop() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
  if (closed_) return nullptr;
  JobPtr job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

void JobQueue::close() {
  std::deque<JobPtr> dropped;
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    dropped.swap(jobs_);
  }
  changed_.notify_all();
}

std::size_t JobQueue::size() const {
  const std::scoped_lock lock(mutex_);
  return jobs_.size();
}

}  // namespace hostnet
