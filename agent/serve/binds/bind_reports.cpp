#include "agent/serve/binds/bind_reports.h"

#include <utility>
#include <vector>

#include "agent/log/log.h"

namespace hostnet {

BindReports::BindReports(AgentMetrics& metrics, Inputs inputs, OpenedBindEvents opened)
    : metrics_(metrics), inputs_(std::move(inputs)), opened_(std::move(opened)) {
  metrics_.hears_binds(opened_.events != nullptr);
  if (opened_.limit) {
    log::info("no bind events",
              {{"reason", opened_.limit->message}, {"remedy", opened_.limit->remedy}});
  }
}

void BindReports::on_refused(const RefusedBind& refused) {
  const std::string_view kind =
      refused.holders.empty() ? "" : to_string(refused.holders.front().owner.kind);
  metrics_.bind_refused(to_string(refused.protocol), refused.error, kind, refused.times);
  inputs_.on_refused(refused);
}

BindWatchSettings BindReports::watch_settings(const std::shared_ptr<WakeUp>& news) {
  return {.pods = inputs_.pods,
          .node_components = [policy = inputs_.policy] { return policy()->node_components; },
          .on_refused = [this](const RefusedBind& refused) { on_refused(refused); },
          .on_news = [news] { news->wake(); },
          .on_detached =
              [this] {
                detached_ = true;
                metrics_.hears_binds(false);
                const Problem limit = detached_bind_events();
                log::warn("bind events stopped",
                          {{"reason", limit.message}, {"remedy", limit.remedy}});
              }};
}

Result<> BindReports::start(const std::shared_ptr<const Node>& node) {
  if (!opened_.events) return {};
  auto news = WakeUp::create();
  if (!news) return std::unexpected(std::move(news).error());
  news_ = std::make_shared<WakeUp>(*std::move(news));
  auto watch = BindWatch::start(node, watch_settings(news_));
  if (!watch) return std::unexpected(std::move(watch).error());
  watch_ = *std::move(watch);
  return {};
}

void BindReports::connect(WatchSettings& settings, bool interval_given) {
  if (!watch_) return;
  settings.news = news_;
  settings.refusals = [this](const PodIndex& pods, bool certain, WallTime now) {
    return watch_->refusals(pods, certain, now);
  };
  settings.on_declared = [this](const std::vector<DeclaredPort>& declared) {
    std::vector<BindWatch::Port> ports;
    for (const DeclaredPort& port : declared) {
      if (port.mode == PortMode::host_network) ports.emplace_back(port.protocol, port.port);
    }
    watch_->watch_ports(ports);
  };
  if (!interval_given) settings.hears_binds = [this] { return !detached_.load(); };
}

void BindReports::amend(Report& report) {
  if (opened_.limit) report.limits.push_back(*opened_.limit);
  if (detached_) report.limits.push_back(detached_bind_events());
  if (!watch_) return;
  const std::uint64_t dropped = watch_->dropped();
  const std::uint64_t cut = watch_->cut();
  metrics_.bind_events_dropped(dropped - std::exchange(dropped_, dropped));
  if (cut > cut_) metrics_.input_cut("bind_refusals", cut - std::exchange(cut_, cut));
}

}  // namespace hostnet
