#pragma once

// Reports as the watch makes them, as far as a cluster is told of them.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "agent/findings/report.h"
#include "agent/kube/kube_request.h"

namespace hostnet {

inline constexpr SteadyTime kSteadyStart{std::chrono::hours(1)};
// 2026-11-24T20:00:00Z
inline constexpr WallTime kWallStart{std::chrono::milliseconds(1'795'550'400'000)};

// A critical unmanaged_process on 8080/tcp, declared by default/<pod>.
Finding told_finding(const std::string& pod = "web-1", const std::string& id = "00000000000000aa");
Report told_report(std::vector<Finding> findings, WallTime at = kWallStart);

nlohmann::json body_of(const KubeRequest& request);
KubeAnswer answer_of(int status, const std::string& body = "{}");

}  // namespace hostnet
