#pragma once

// The sentences and commands of findings. Internal to agent/findings/.

#include <span>
#include <string>
#include <string_view>

#include "agent/findings/context.h"
#include "agent/ports/port_ranges.h"

namespace hostnet {

// "nginx.service (nginx, pid 812)", "pod kube-system/dns (coredns, pid 9)",
// "docker container 0123456789ab (nginx, pid 4)", "the kernel (flannel.1)".
std::string who(const Holder& holder);
// "0.0.0.0:53", "[::]:53"; with a device "0.0.0.0%eth1:53".
std::string where(const Socket& socket, std::string_view device);
// "listens on 0.0.0.0:80", "has an outgoing connection from 10.0.0.1:80 to …".
std::string what_it_does(const Holder& holder);
// "8080/tcp".
std::string port_name(const DeclaredPort& port);
// "default/web-1 (container web)".
std::string declarer(const DeclaredPort& port);

// `word` as one word of a shell command: quoted where it must be.
std::string shell_word(std::string_view word);

// How to get the port back from a holder, or (node components, sshd, pid 1,
// sessions, what keeps the node reachable) only how to look at it.
std::string remedy_against(const Holder& holder, const DeclaredPort& port);

// `sysctl -w net.ipv4.ip_local_reserved_ports=…`: what is reserved already and
// every declared port in the ephemeral range.
std::string reserve_command(const FindingContext& context);

}  // namespace hostnet
