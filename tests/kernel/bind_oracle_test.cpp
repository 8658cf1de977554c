// The agent's `bindable` against what bind() and listen() really do.

#include <algorithm>
#include <cstdio>
#include <random>

#include "tests/kernel/bind_case.h"

namespace hostnet {
namespace {

using namespace testing;

constexpr std::size_t kCases = 12'000;
constexpr std::size_t kAtOnce = 400;

class Generator {
 public:
  BindCase next() {
    BindCase made;
    made.protocol = chance(25) ? Protocol::udp : Protocol::tcp;
    const std::size_t holders = chance(65) ? 1 : chance(60) ? 2 : 3;
    for (std::size_t i = 0; i < holders; ++i) made.holders.push_back(holder(made.protocol));
    made.newcomer = pick<std::string>({"0.0.0.0", "0.0.0.0", "::", "::", "127.0.0.1", "127.0.0.2",
                                       "10.9.8.7", "::1", "fd00::7", "::ffff:127.0.0.1",
                                       "::ffff:10.9.8.7", "::ffff:0.0.0.0", "192.0.2.1"});
    made.v6only = made.newcomer == "::" && chance(40);
    made.watched = !chance(15);
    return made;
  }

 private:
  bool chance(unsigned percent) { return random_() % 100 < percent; }
  template <class T>
  T pick(std::initializer_list<T> values) {
    return *(values.begin() + random_() % values.size());
  }

  HolderSpec holder(Protocol protocol) {
    HolderSpec spec;
    spec.holding =
        protocol == Protocol::udp
            ? pick({Holding::binds, Holding::binds, Holding::binds_and_connects, Holding::connects})
            : pick({Holding::listens, Holding::listens, Holding::binds, Holding::binds_and_connects,
                    Holding::connects, Holding::connects, Holding::accepted,
                    Holding::time_wait_client, Holding::time_wait_server});
    spec.ip = pick<std::string>({"0.0.0.0", "::", "::", "127.0.0.1", "127.0.0.2", "10.9.8.7", "::1",
                                 "fd00::7", "::ffff:127.0.0.1", "::ffff:0.0.0.0"});
    spec.reuse_address = chance(50);
    spec.reuse_port = chance(25);
    const bool ipv6 = spec.ip.find(':') != std::string::npos;
    if (ipv6 && !spec.ip.starts_with("::ffff") && chance(50)) spec.v6only = chance(50);
    spec.ipv4_peer = spec.ip == "::ffff:0.0.0.0" || chance(30);
    if (chance(20)) spec.uid = 65534;
    const bool alone = spec.holding == Holding::listens || spec.holding == Holding::binds;
    if (chance(12)) spec.device = "lo";
    if (alone && chance(8)) spec.device = "v0";
    return spec;
  }

  std::mt19937 random_{20261122};
};

using BindOracle = BindsInOwnNamespace;

TEST_F(BindOracle, TheAgentAgreesWithTheKernelInEveryCase) {
  Generator generator;
  std::size_t unknown = 0, free = 0, held = 0;
  for (std::size_t done = 0; done < kCases; done += kAtOnce) {
    std::vector<BindCase> cases;
    for (std::size_t i = 0; i < kAtOnce; ++i) cases.push_back(generator.next());
    const auto answers = answer(cases);
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      const BindAnswers& got = answers[i];
      held += got.holders;
      free += got.kernels ? 1U : 0U;
      const std::string what = describe(cases[i]) + "; the agent says: " + got.explanation;
      if (got.agents) {
        EXPECT_EQ(*got.agents, got.kernels) << what;
        continue;
      }
      ++unknown;
      EXPECT_FALSE(got.everybody_has_a_descriptor) << "not known, but askable: " << what;
      EXPECT_FALSE(cases[i].watched) << "forgotten in TIME_WAIT: " << what;
    }
    ASSERT_FALSE(HasFailure());
  }
  std::printf("%zu cases, %zu holders, %.1f %% bindable, %.2f %% not known\n", kCases, held,
              100.0 * static_cast<double>(free) / kCases,
              100.0 * static_cast<double>(unknown) / kCases);
  EXPECT_GT(held, kCases) << "most holders could be made";
  EXPECT_LT(unknown, kCases / 20);
}

}  // namespace
}  // namespace hostnet
