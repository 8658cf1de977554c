#include "agent/ports/scan/socket_folder.h"

namespace hostnet {

std::size_t SocketFolder::most_shown(bool asked) const {
  if (asked) return kMostAtOnePlace;
  return others_shown_ < kMostShownOfAll ? kMostShown : 1;
}

bool SocketFolder::fold(const Socket& socket, const Owner& owner, bool asked) {
  if (asked && asked_shown_ == kMostAsked) {
    asked = false;
    ++past_limit_;
  }
  Group& group =
      groups_[{&owner, socket.protocol, socket.local.family, socket.state, socket.interface,
               socket.uid, asked ? socket.local_port : 0, asked ? socket.local : IpAddress()}];
  if (group.shown < most_shown(asked)) {
    ++group.shown;
    ++(asked ? asked_shown_ : others_shown_);
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
