#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hostnet {

// An inet_diag bytecode program (INET_DIAG_REQ_BYTECODE) that accepts local
// ports. It is a balanced binary tree over the ranges of the ports, so a socket
// costs log2(ranges) comparisons; a list of alternatives costs one per port. It uses
// S_GE, S_LE and JMP only, which every kernel with inet_diag has.
//
// `ports`: sorted, unique, not empty. More than kMaximumPortRanges ranges are
// widened and merged: the program then accepts other ports too, so its results must
// be filtered (it never loses a port).
std::vector<std::byte> port_filter(std::span<const std::uint16_t> ports);

// Before running a program the kernel checks it in time quadratic in its length, and
// a jump reaches 64 KiB.
inline constexpr std::size_t kMaximumPortRanges = 512;

}  // namespace hostnet
