#pragma once

#include <memory>

#include "netlink/netlink.h"
#include "netlink/node/recording/recording_notes.h"

namespace hostnet {

// Forwards to what it wraps, and notes the messages without attributes that may be secrets
// (NetlinkRequest::recorded_attributes).
std::shared_ptr<Netlink> recording_netlink(std::shared_ptr<Netlink> inner,
                                           std::shared_ptr<RecordingNotes> notes);

}  // namespace hostnet
