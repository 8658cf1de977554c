#include "agent/serve/process/startup_pages.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace hostnet {
namespace {

int release_object(dl_phdr_info* object, std::size_t /*size*/, void* page_size) {
  const std::uintptr_t page = *static_cast<const std::uintptr_t*>(page_size);
  for (unsigned i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    // Relocations are written into writable segments only (no DT_TEXTREL on Debian).
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    // Whole pages only: the last one may be shared with what follows.
    const std::uintptr_t first = (begin + page - 1) / page * page;
    const std::uintptr_t last = (begin + segment.p_memsz) / page * page;
    if (first >= last) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells addresses as numbers
    ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
  }
  return 0;
}

// About what one scan takes: less is not worth the page faults when it is reused.
constexpr std::size_t kMuchUnused = std::size_t{512} << 10;
constexpr std::size_t kCrowd = std::size_t{4} << 20;

}  // namespace

void UnusedMemory::give_back() {
  const auto heap = ::mallinfo2();
  const std::size_t used = heap.uordblks + heap.hblkhd;
  busiest_ = std::max(busiest_, used);
  if (busiest_ > kCrowd && used < busiest_ / 2) {
    busiest_ = used;
    release_startup_pages();
  } else if (heap.fordblks > kMuchUnused) {
    ::malloc_trim(0);
  }
}

void release_startup_pages() {
  auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  ::dl_iterate_phdr(release_object, &page);
  ::malloc_trim(0);
}

}  // namespace hostnet
