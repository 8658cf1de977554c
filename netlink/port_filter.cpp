#include "netlink/port_filter.h"

#include <linux/inet_diag.h>

#include <algorithm>
#include <cstring>

namespace hostnet {
namespace {

struct PortRange {
  std::uint16_t first{};
  std::uint16_t last{};
};

// The ranges that contain the ports, at most `limit`: the smallest gaps are merged first.
std::vector<PortRange> covering_ranges(std::span<const std::uint16_t> ports, std::size_t limit) {
  std::vector<int> gaps;
  for (std::size_t i = 1; i < ports.size(); ++i) {
    if (ports[i] - ports[i - 1] > 1) gaps.push_back(ports[i] - ports[i - 1]);
  }
  int closed = 1;  // gaps up to this wide are inside a range
  if (gaps.size() >= limit) {
    const auto kept = gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() - limit);
    std::nth_element(gaps.begin(), kept, gaps.end());
    closed = *kept;
  }
  std::vector<PortRange> ranges;
  for (const std::uint16_t port : ports) {
    if (!ranges.empty() && port - ranges.back().last <= closed) {
      ranges.back().last = port;
    } else {
      ranges.push_back({port, port});
    }
  }
  return ranges;
}

// A program accepts by reaching exactly its end and refuses by jumping four bytes
// beyond. Jumps only go forward, and the kernel's audit follows `yes` from the first
// instruction to the end and requires every `no` to land on an instruction of that
// path or outside; so `yes` always leads to the next instruction in memory, and a
// JMP (which takes `no`) leaves a leaf.
class PortTree {
 public:
  explicit PortTree(std::vector<PortRange> ranges)
      : ranges_(std::move(ranges)), program_(tree_size(0, ranges_.size())) {
    put_tree(0, ranges_.size());
  }
  std::vector<std::byte> take() { return std::move(program_); }

 private:
  static constexpr std::size_t kCompare = 2 * sizeof(inet_diag_bc_op);
  static constexpr std::size_t kJump = sizeof(inet_diag_bc_op);

  // The leaf of the lowest range is the last in memory: it accepts by falling off the
  // end. It is also the only one whose lower bound no parent has compared.
  static std::size_t tree_size(std::size_t begin, std::size_t end) {
    const std::size_t inner = (end - begin - 1) * kCompare;
    const std::size_t leaves = (end - begin) * (kCompare + kJump);
    return inner + leaves + (begin == 0 ? kCompare - kJump : 0);
  }

  void put_tree(std::size_t begin, std::size_t end) {
    if (end - begin == 1) {
      if (begin == 0) put_compare(INET_DIAG_BC_S_GE, ranges_[begin].first, refusal());
      put_compare(INET_DIAG_BC_S_LE, ranges_[begin].last, refusal());
      if (begin != 0) put({INET_DIAG_BC_JMP, kJump, offset_of(rest())});
      return;
    }
    const std::size_t middle = begin + (end - begin) / 2;
    const std::size_t upper_half = tree_size(middle, end);
    put_compare(INET_DIAG_BC_S_GE, ranges_[middle].first, offset_of(kCompare + upper_half));
    put_tree(middle, end);
    put_tree(begin, middle);
  }

  std::size_t rest() const { return program_.size() - at_; }
  std::uint16_t refusal() const { return offset_of(rest() + 4); }
  static std::uint16_t offset_of(std::size_t bytes) { return static_cast<std::uint16_t>(bytes); }

  void put_compare(unsigned char code, std::uint16_t port, std::uint16_t otherwise) {
    put({code, kCompare, otherwise});
    put({INET_DIAG_BC_NOP, 0, port});
  }
  void put(const inet_diag_bc_op& op) {
    std::memcpy(program_.data() + at_, &op, sizeof op);
    at_ += sizeof op;
  }

  std::vector<PortRange> ranges_;
  std::vector<std::byte> program_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<std::byte> port_filter(std::span<const std::uint16_t> ports) {
  if (ports.empty()) return {};
  return PortTree(covering_ranges(ports, kMaximumPortRanges)).take();
}

}  // namespace hostnet
