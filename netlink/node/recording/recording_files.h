#pragma once

#include <memory>

#include "netlink/node/node.h"
#include "netlink/node/recording/recording_notes.h"

namespace hostnet {

// Forward to what they wrap, and note the answers.
std::shared_ptr<Files> recording_files(std::shared_ptr<Files> inner,
                                       std::shared_ptr<RecordingNotes> notes);
std::shared_ptr<SocketOptions> recording_socket_options(std::shared_ptr<SocketOptions> inner,
                                                        std::shared_ptr<RecordingNotes> notes);

}  // namespace hostnet
