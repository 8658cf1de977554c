#pragma once

#include <cstddef>

namespace hostnet {

// Gives back the pages of the program and its libraries that only start-up
// touched: the loader's symbol tables, relocations, constructors, the command
// line. What is used again is mapped again from the page cache. Only mappings
// that nothing ever wrote (code, constants) are let go. Call once, when the
// process has become what it stays; a failure costs nothing but the memory.
void release_startup_pages();

// Gives memory that nothing uses any more back to the kernel: after a crowd of sockets or of
// clients the heap has pages all over that hold nothing, and code that only a crowd needs is
// mapped. See it now and then, from one thread.
class UnusedMemory {
 public:
  void give_back();

 private:
  std::size_t busiest_{};  // bytes in use, since a crowd was over last
};

}  // namespace hostnet
