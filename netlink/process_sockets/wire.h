#pragma once

// The records that process_sockets.bpf.c writes, one after the other. Read by C and by C++.

#include <linux/types.h>

// NOLINTBEGIN(readability-identifier-naming)

struct hostnet_process_socket {
  __s32 process;  // in the reader's PID namespace
  __u32 fd;
  __u64 inode;
};

// NOLINTEND(readability-identifier-naming)
