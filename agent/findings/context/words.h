#pragma once

// Building blocks of sentences.

#include <string>
#include <string_view>

#include "agent/findings/context/context.h"

namespace hostnet {

// "nginx.service (nginx, pid 812)", "pod kube-system/dns (coredns, pid 9)",
// "docker container 0123456789ab (nginx, pid 4)", "the kernel (flannel.1)".
std::string who(const Holder& holder);
// The id of a container as its runtime prints it, or its name.
std::string_view short_id(const Owner& owner);
// "0.0.0.0:53", "[::]:53"; with a device "0.0.0.0%eth1:53".
std::string where(const Socket& socket, std::string_view device);
// "listens on 0.0.0.0:80", "has a connection from 10.0.0.1:80 to …".
std::string what_it_does(const Holder& holder);
// Both: "nginx.service (nginx, pid 812) listens on 0.0.0.0:80".
std::string describe_holder(const Holder& holder);
// "8080/tcp".
std::string port_name(const DeclaredPort& port);
std::string port_name(const PortKey& key);
// "default/web-1 (container web)".
std::string declarer(const DeclaredPort& port);

}  // namespace hostnet
