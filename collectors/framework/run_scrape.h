#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "collectors/framework/collector.h"

namespace hostnet {

using ReadLinks = std::function<Result<std::vector<Link>>(const Node&)>;

// The state shared by the collectors of one run. One thread collects with it; if that
// hangs, another continues with a copy.
class RunScrape final : public Scrape {
 public:
  RunScrape(std::shared_ptr<const Node> node, ReadLinks read_links)
      : node_(std::move(node)), read_links_(std::move(read_links)) {}

  const Node& node() const override { return *node_; }
  SteadyTime deadline() const override { return deadline_; }
  Result<std::shared_ptr<const std::vector<Link>>> links() override;

  // Called before each collector, by the collecting thread.
  void set_deadline(SteadyTime deadline) { deadline_ = deadline; }
  // Seconds spent in shared reads since the last call.
  std::optional<double> take_shared_seconds();
  // A copy for the thread that continues: it has the completed reads; a read that hangs is
  // an error in it, so that it does not hang again.
  std::shared_ptr<RunScrape> without_hung_read() const;

 private:
  using Links = Result<std::shared_ptr<const std::vector<Link>>>;

  std::shared_ptr<const Node> node_;
  ReadLinks read_links_;
  SteadyTime deadline_;
  mutable std::mutex mutex_;
  bool reading_{};
  std::optional<Links> links_;
  std::optional<double> seconds_;
};

}  // namespace hostnet
