#pragma once

namespace hostnet {

// Gives back the pages of the program and its libraries that only start-up
// touched: the loader's symbol tables, relocations, constructors, the command
// line. What is used again is mapped again from the page cache. Only mappings
// that nothing ever wrote (code, constants) are let go. Call once, when the
// process has become what it stays; a failure costs nothing but the memory.
void release_startup_pages();

}  // namespace hostnet
