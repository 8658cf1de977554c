#include "crowd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>

namespace hostnet {
namespace {

// -1 (said on stderr): it cannot be had.
int listener_at(std::uint32_t ip, int port, int backlog) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(ip);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(fd, backlog) == 0) {
    return fd;
  }
  std::perror("crowd: listen");
  return -1;
}

}  // namespace

Crowd::Crowd(int processes, const std::function<void(int)>& begin) {
  std::array<int, 2> ready{};
  if (::pipe2(ready.data(), O_CLOEXEC) != 0) return;
  for (int i = 0; i < processes; ++i) {
    const int pid = ::fork();
    if (pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      begin(i);
      (void)!::write(ready[1], "x", 1);
      ::close(ready[0]);
      ::close(ready[1]);
      for (;;) ::pause();
    }
    if (pid < 0) {
      std::perror("crowd: fork");
      break;
    }
    pids_.push_back(pid);
  }
  ::close(ready[1]);
  std::array<char, 4096> bytes{};
  for (std::size_t got = 0; got < pids_.size();) {
    const auto count = ::read(ready[0], bytes.data(), bytes.size());
    if (count <= 0) break;
    got += static_cast<std::size_t>(count);
  }
  ::close(ready[0]);
}

Crowd::~Crowd() {
  for (const int pid : pids_) ::kill(pid, SIGKILL);
  for (const int pid : pids_) ::waitpid(pid, nullptr, 0);
}

void listen_and_open(int index, int listeners, int descriptors) {
  int open = 3;  // standard input, output and error
  if (index < listeners) {
    listener_at(INADDR_ANY, 10'000 + index, 8);
    ++open;
  }
  for (; open < descriptors; ++open) {
    if (::open("/dev/null", O_RDONLY) < 0) std::perror("crowd: open");
  }
}

void connect_pairs(int index, int pairs) {
  const rlimit files{.rlim_cur = 65'536, .rlim_max = 65'536};
  ::setrlimit(RLIMIT_NOFILE, &files);
  const int server = listener_at(INADDR_LOOPBACK, 5000 + index, 128);
  sockaddr_in address{};
  socklen_t length = sizeof address;
  ::getsockname(server, reinterpret_cast<sockaddr*>(&address), &length);
  for (int i = 0; i < pairs; ++i) {
    // The kernel gives even ports first.
    const int client = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::accept(server, nullptr, nullptr) < 0) {
      std::perror("crowd: connect");
      break;
    }
  }
}

}  // namespace hostnet
