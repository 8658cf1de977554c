#include "collectors/framework/run_scrape.h"

#include <algorithm>
#include <chrono>

namespace hostnet {

Result<std::shared_ptr<const std::vector<Link>>> RunScrape::links() {
  {
    const std::scoped_lock lock(mutex_);
    if (links_) return *links_;
    reading_ = true;
  }
  const SteadyTime start = node_->clock->steady();
  auto read = read_links_(*node_);
  Links links = std::unexpected(Error{});
  if (read) {
    std::ranges::sort(*read, {}, &Link::name);
    links = std::make_shared<const std::vector<Link>>(std::move(*read));
  } else {
    links = std::unexpected(std::move(read).error());
  }
  const std::chrono::duration<double> took = node_->clock->steady() - start;
  const std::scoped_lock lock(mutex_);
  reading_ = false;
  links_ = links;
  seconds_ = took.count();
  return links;
}

std::optional<double> RunScrape::take_shared_seconds() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(seconds_, std::nullopt);
}

std::shared_ptr<RunScrape> RunScrape::without_hung_read() const {
  auto next = std::make_shared<RunScrape>(node_, read_links_);
  const std::scoped_lock lock(mutex_);
  next->links_ = links_;
  if (reading_) next->links_ = failure(Reason::timeout, "listing links: no answer in time");
  return next;
}

}  // namespace hostnet
