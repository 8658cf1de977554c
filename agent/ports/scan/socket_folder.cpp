#include "agent/ports/scan/socket_folder.h"

namespace hostnet {

bool SocketFolder::fold(const Socket& socket, const Owner& owner, bool asked) {
  if (asked) return false;
  Group& group = groups_[{&owner, socket.protocol, socket.local.family, socket.state,
                          socket.interface, socket.uid}];
  if (group.shown < kMostShown) {
    ++group.shown;
    group.last_shown = snapshot_.holders.size();
    return false;
  }
  if (!group.full) {
    group.full = true;
    group.folded = snapshot_.folded.size();
    snapshot_.folded.push_back({.example = snapshot_.holders[group.last_shown], .places = {}});
  }
  snapshot_.folded[group.folded].places.push_back({socket.local_port, socket.local, socket.inode});
  return true;
}

}  // namespace hostnet
