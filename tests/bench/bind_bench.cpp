// What the programs cost those who call: the same calls with and without them, in one run. Needs
// root; in a network namespace of its own, so that its ports are its own.

#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "netlink/base/unique_fd.h"
#include "netlink/bind_events/attach_bind_events.h"

namespace hostnet {
namespace {

constexpr std::uint16_t kPort = 18080;

std::shared_ptr<BindEvents> attached(const benchmark::State& state) {
  if (state.range(0) == 0) return nullptr;
  auto events = attach_bind_events("/proc", "/sys");
  return events ? *events : nullptr;
}

void getppid_call(benchmark::State& state) {
  const auto events = attached(state);
  for (auto _ : state) benchmark::DoNotOptimize(::syscall(SYS_getppid));
}

void read_one_byte(benchmark::State& state) {
  const auto events = attached(state);
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return;
  char byte = 'x';
  for (auto _ : state) {
    benchmark::DoNotOptimize(::write(ends[1], &byte, 1));
    benchmark::DoNotOptimize(::read(ends[0], &byte, 1));
  }
  ::close(ends[0]);
  ::close(ends[1]);
}

int bound_socket(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in where{
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) std::abort();
  return fd;
}

void bind_with_a_port(benchmark::State& state) {
  const auto events = attached(state);
  for (auto _ : state) ::close(bound_socket(kPort));
}

void bind_without_a_port(benchmark::State& state) {
  const auto events = attached(state);
  for (auto _ : state) ::close(bound_socket(0));
}

void connect_accept_close(benchmark::State& state) {
  const auto events = attached(state);
  const UniqueFd listener(bound_socket(kPort));
  ::listen(listener.get(), 16);
  sockaddr_in where{.sin_family = AF_INET,
                    .sin_port = htons(kPort),
                    .sin_addr = {htonl(INADDR_LOOPBACK)},
                    .sin_zero = {}};
  const linger reset{.l_onoff = 1, .l_linger = 0};  // no TIME_WAIT
  for (auto _ : state) {
    const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (::connect(client.get(), reinterpret_cast<sockaddr*>(&where), sizeof where) != 0)
      std::abort();
    const UniqueFd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
}

// 0: without the programs, 1: with them.
BENCHMARK(getppid_call)->Arg(0)->Arg(1);
BENCHMARK(read_one_byte)->Arg(0)->Arg(1);
BENCHMARK(connect_accept_close)->Arg(0)->Arg(1);
BENCHMARK(bind_without_a_port)->Arg(0)->Arg(1);
BENCHMARK(bind_with_a_port)->Arg(0)->Arg(1);

}  // namespace
}  // namespace hostnet

int main(int count, char** words) {
  if (::unshare(CLONE_NEWNET) != 0 || std::system("ip link set lo up") != 0) return 1;
  benchmark::Initialize(&count, words);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
