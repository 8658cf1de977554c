#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hostnet {

// An inet_diag bytecode program (INET_DIAG_REQ_BYTECODE) that accepts local
// ports. It is a balanced binary tree over the ranges that the ports form, so a
// socket costs log2(ranges) comparisons; a list of alternatives costs one per
// port. It uses S_GE, S_LE and JMP only, which every kernel with inet_diag has.
//
// `ports`: sorted, unique, not empty. Ports that form more ranges than
// kMaximumPortRanges are covered by wider ranges: the program then accepts
// other ports too, so what arrives has to be filtered (it never loses one).
std::vector<std::byte> port_filter(std::span<const std::uint16_t> ports);

// The kernel checks a program in time that grows with the square of its length
// before it runs it, and a jump reaches 64 KiB.
inline constexpr std::size_t kMaximumPortRanges = 512;

}  // namespace hostnet
