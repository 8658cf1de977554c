#pragma once

// Bind events as recordings contain them, and as a running agent sends them to `record`.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/bind_events/bind_events.h"
#include "netlink/node/recording/json_place.h"

namespace hostnet {

nlohmann::json json_of_binds(std::span<const BindEvent> events);
// Throws WrongShape.
std::vector<BindEvent> binds_from(const At& at);

// The same as a separate document.
std::string recorded_binds_json(std::span<const BindEvent> events);
Result<std::vector<BindEvent>> parse_recorded_binds(std::string_view json);

}  // namespace hostnet
