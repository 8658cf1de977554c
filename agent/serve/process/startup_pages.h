#pragma once

#include <cstddef>

namespace hostnet {

// Returns the pages of the program and its libraries that only start-up touched:
// the loader's symbol tables, relocations, constructors, the command line. Pages
// that are used again are mapped again from the page cache. Only mappings that
// were never written (code, constants) are dropped. Call at the end of start-up
// and after a crowd (UnusedMemory); a failure costs nothing but the memory.
void release_startup_pages();

// Returns unused memory to the kernel: after a crowd of sockets or of clients the heap is full of
// empty pages, and code that only a crowd needs stays mapped. Call give_back() regularly, from one
// thread.
class UnusedMemory {
 public:
  void give_back();

 private:
  std::size_t busiest_{};  // most bytes in use since the last crowd ended
};

}  // namespace hostnet
