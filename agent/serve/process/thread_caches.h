#pragma once

namespace hostnet {

// Re-executes this program, in the same process, with an allocator without per-thread caches.
// glibc never returns what it caches for a thread while the thread lives, and after a crowd nearly
// every small chunk there pins a page of its own: megabytes for a dozen threads. Only the
// environment can turn them off, and only before a program starts (mallopt() cannot). Keeps the
// caches if GLIBC_TUNABLES is set or if it cannot re-execute. Call it first.
void restart_without_thread_caches(char** words);

}  // namespace hostnet
