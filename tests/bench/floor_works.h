#pragma once

#include <string>
#include <string_view>

namespace hostnet {

// Does a work as the kernel's interfaces alone allow, with nothing kept but open descriptors, and
// appends what there is to send. False: there is no such work.
//
//   links        dumps the links and prints 36 series of each
//   small        12 files of procfs, the neighbours, links and UDP sockets of both families
//   states       every TCP socket of both families, counted by state
//   listeners    TCP listeners and unconnected UDP sockets of both families
//   one_port     every TCP socket in every state at one port, which nobody has
//   nf_tables    every rule;   ip_tables   the nat table
//   descriptors  the descriptors of every process
bool floor_work(std::string_view name, std::string& out);

}  // namespace hostnet
