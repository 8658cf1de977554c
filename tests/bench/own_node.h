#pragma once

#include <functional>

namespace hostnet {

// Runs `work` as pid 1 of network, pid and mount namespaces of its own, with a
// fresh /proc and the loopback device up: the agent answers only in pid 1's
// network namespace. Gives what work gives; 2 (said on stderr) without the
// rights for it. What work started ends with it.
int in_a_node_of_its_own(const std::function<int()>& work);

}  // namespace hostnet
