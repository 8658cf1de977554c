#include <algorithm>
#include <cstdint>

#include "netlink/ethtool.h"

namespace {

// Answers from the input: a length byte, then as many bytes behind the request.
class FuzzedEthtool final : public hostnet::Ethtool {
 public:
  explicit FuzzedEthtool(std::span<const std::uint8_t> input) : rest_(input) {}

  hostnet::Result<std::vector<std::byte>> ask(std::string_view, std::span<const std::byte>,
                                              std::size_t) const override {
    std::size_t length = 0;
    for (int i = 0; i < 2 && !rest_.empty(); ++i) {
      length = length << 8U | rest_.front();
      rest_ = rest_.subspan(1);
    }
    const auto answer = std::as_bytes(rest_.first(std::min(length, rest_.size())));
    rest_ = rest_.subspan(answer.size());
    return std::vector<std::byte>(answer.begin(), answer.end());
  }

 private:
  mutable std::span<const std::uint8_t> rest_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const FuzzedEthtool statistics({data, size});
  static_cast<void>(hostnet::read_ethtool_statistics(statistics, "eth0"));
  const FuzzedEthtool link({data, size});
  static_cast<void>(hostnet::read_ethtool_link(link, "eth0"));
  static_cast<void>(hostnet::read_ethtool_driver(link, "eth0"));
  return 0;
}
