#include "agent/pods/sources/pod_reflector.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/kube/json_cutter.h"
#include "agent/kube/kube_request.h"
#include "agent/pods/read_pod.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

constexpr std::size_t kLongestVersion = 128;
constexpr std::size_t kLongestMessage = 200;
// A watch that lasted this long was no failure, even if nothing was received.
constexpr std::chrono::seconds kLongWatch{60};
// A watch shorter than this delays the next ones, whatever it delivered; but by no more than
// kLongestAfterShortWatch, as its data was valid.
constexpr std::chrono::seconds kShortWatch{1};
constexpr std::chrono::seconds kLongestAfterShortWatch{2};

std::string key_of(const Pod& pod) {
  return pod.uid.empty() ? pod.namespace_ + "/" + pod.name : pod.uid;
}

std::string printable(std::string_view message) {
  std::string text(shortened(message, kLongestMessage));
  std::ranges::replace_if(text, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  return text;
}

std::string version_in(std::string_view object) {
  const std::string version = json_member(object, {"metadata", "resourceVersion"});
  return version.size() > kLongestVersion ? std::string() : version;
}

std::optional<Pod> pod_in(std::string_view object) {
  auto pod = read_pod_json(object);
  if (!pod || pod->name.empty()) return std::nullopt;
  pod->source = "apiserver";
  return *std::move(pod);
}

}  // namespace

std::string PodReflector::path(double random) const {
  const std::string pods =
      "/api/v1/pods?fieldSelector=" + percent_encoded("spec.nodeName=" + node_name_);
  // "0": from the API server's cache; without it each list is read from etcd.
  if (!version_) return pods + "&resourceVersion=0";
  const int seconds = 300 + static_cast<int>(300 * std::clamp(random, 0.0, 1.0));
  return fmt::format("{}&watch=1&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={}",
                     pods, percent_encoded(*version_), seconds);
}

void PodReflector::accepted(SteadyTime now) {
  accepted_at_ = now;
  error_.clear();
  freshness_.accepted(now);
}

void PodReflector::listed(std::string_view object) {
  auto pod = pod_in(object);
  if (!pod) {
    left_out();
    return;
  }
  if (arriving_.size() >= kMostPods) {
    ++arriving_cut_;
    return;
  }
  arriving_ports_.take(*pod);
  std::string key = key_of(*pod);
  arriving_.insert_or_assign(std::move(key), *std::move(pod));
}

void PodReflector::left_out() {
  if (listing()) {
    ++arriving_cut_;
  } else {
    ++pods_cut_;
    ++changes_;
  }
}

void PodReflector::list_metadata(std::string_view metadata) {
  arriving_version_ = json_member(metadata, {"resourceVersion"});
  if (arriving_version_.size() > kLongestVersion) arriving_version_.clear();
}

bool PodReflector::list_done(SteadyTime now) {
  if (arriving_version_.empty()) return false;
  if (pods_ != arriving_ || !freshness_.last_heard) ++changes_;
  pods_ = std::exchange(arriving_, {});
  ports_ = std::exchange(arriving_ports_, {});
  pods_cut_ = std::exchange(arriving_cut_, 0);
  version_ = std::exchange(arriving_version_, {});
  freshness_.doubtful_until.reset();
  // The backoff stays: a server that answers lists but ends every watch must not be listed without
  // a pause.
  freshness_.heard(now);
  return true;
}

void PodReflector::watch_error(std::string_view status) {
  const std::string code = json_member(status, {"code"});
  const std::string reason = json_member(status, {"reason"});
  error_ = printable(
      fmt::format("the API server ended the watch: {} {}", code, json_member(status, {"message"})));
  // The changes since then are lost: list again.
  if (code == "410" || reason == "Expired" || reason == "Gone") version_.reset();
}

void PodReflector::update(Pod pod) {
  std::string key = key_of(pod);
  const auto known = pods_.find(key);
  if (known != pods_.end()) {
    ports_.give_back(known->second);
    ports_.take(pod);
    if (known->second != pod) ++changes_;
    known->second = std::move(pod);
    return;
  }
  ++changes_;
  if (pods_.size() >= kMostPods) {
    ++pods_cut_;
    return;
  }
  ports_.take(pod);
  pods_.emplace(std::move(key), std::move(pod));
}

void PodReflector::remove(const Pod& pod) {
  const auto known = pods_.find(key_of(pod));
  if (known == pods_.end()) return;
  ports_.give_back(known->second);
  pods_.erase(known);
  ++changes_;
}

bool PodReflector::event(std::string_view type, std::string_view object, SteadyTime now) {
  if (type == "\"ERROR\"") {
    watch_error(object);
    return false;
  }
  std::string version = version_in(object);
  const bool deleted = type == "\"DELETED\"";
  if (deleted || type == "\"ADDED\"" || type == "\"MODIFIED\"") {
    auto pod = pod_in(object);
    if (!pod) {
      left_out();
      return true;  // the position to resume from stays the same
    }
    if (deleted) {
      remove(*pod);
    } else {
      update(*std::move(pod));
    }
  } else if (type != "\"BOOKMARK\"") {
    return true;
  }
  if (!version.empty()) version_ = std::move(version);
  freshness_.heard(now);
  backoff_.reset();
  return true;
}

bool PodReflector::says_nothing(SteadyTime now) const {
  const SteadyTime heard = freshness_.last_heard.value_or(SteadyTime{});
  return accepted_at_ && now - std::max(*accepted_at_, heard) >= freshness_.silence;
}

Backoff::Duration PodReflector::ended(int status, std::optional<std::chrono::seconds> retry_after,
                                      const std::string& why, double random, SteadyTime now) {
  arriving_.clear();
  arriving_ports_ = {};
  arriving_cut_ = 0;
  arriving_version_.clear();
  const auto accepted_at = std::exchange(accepted_at_, std::nullopt);
  if (status == 410) version_.reset();
  if (accepted_at) {
    freshness_.watch_ended(now);
    if (now - *accepted_at >= kLongWatch) backoff_.reset();
    // Cut off or at its timeout: both are normal.
    if (error_.empty()) {
      const Backoff::Duration pause = backoff_.next(random, retry_after);
      if (now - *accepted_at < kShortWatch) {
        return std::max(pause, std::min<Backoff::Duration>(after_short_watches_.next(random),
                                                           kLongestAfterShortWatch));
      }
      after_short_watches_.reset();
      return pause;
    }
  } else if (why.empty()) {
    return Backoff::Duration{0};  // a complete list: watch at once
  }
  freshness_.failed(now, error_.empty() ? printable(why) : std::exchange(error_, {}));
  return backoff_.next(random, retry_after);
}

}  // namespace hostnet
