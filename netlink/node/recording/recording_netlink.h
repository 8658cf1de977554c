#pragma once

#include <memory>

#include "netlink/netlink.h"
#include "netlink/node/recording/recording_notes.h"

namespace hostnet {

// Answers as what it wraps does, and notes the messages: without the attributes that may be
// secrets (NetlinkRequest::recorded_attributes).
std::shared_ptr<Netlink> recording_netlink(std::shared_ptr<Netlink> inner,
                                           std::shared_ptr<RecordingNotes> notes);

}  // namespace hostnet
