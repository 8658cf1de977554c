// A crowd for tests/bench/limits.py, until its standard input ends:
//
//   crowd listeners PROCESSES LISTENERS DESCRIPTORS
//   crowd connections PROCESSES PAIRS

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>

#include "crowd.h"

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  const auto number = [&](int at) { return at < argc ? std::atoi(argv[at]) : 0; };
  std::function<void(int)> begin;
  if (what == "listeners" && argc == 5) {
    begin = [&](int index) { hostnet::listen_and_open(index, number(3), number(4)); };
  } else if (what == "connections" && argc == 4) {
    begin = [&](int index) { hostnet::connect_pairs(index, number(3)); };
  } else {
    std::fprintf(stderr, "crowd: see the head of crowd_main.cpp\n");
    return 64;
  }
  const hostnet::Crowd crowd(number(2), begin);
  std::puts("ready");
  std::fflush(stdout);
  char byte{};
  while (::read(0, &byte, 1) > 0) {
  }
  return 0;
}
