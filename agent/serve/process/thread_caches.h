#pragma once

namespace hostnet {

// Starts this program anew, in the same process, with an allocator that keeps nothing for each
// thread. What glibc caches for a thread is never given back while the thread lives, and after a
// crowd nearly each small chunk there holds a page of its own: megabytes for a dozen threads.
// Only the environment can say so, and only before a program starts (mallopt() cannot). Goes on
// with the caches where GLIBC_TUNABLES is set, or where it cannot start anew. Call it first.
void restart_without_thread_caches(char** words);

}  // namespace hostnet
