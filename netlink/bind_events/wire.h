#pragma once

// The format shared by the BPF programs and the decoder: C, for both compilers. Host byte order
// except addresses.

#include <linux/types.h>

// The reported ancestors of a cgroup: levels 1 to 7, from the root's children down. A pod is on
// level 3, in nested nodes on a deeper one.
#define HOSTNET_CGROUP_LEVELS 7

#define HOSTNET_PORTS 65536
#define HOSTNET_PROCESS_BITS 65536

// NOLINTBEGIN(readability-identifier-naming,bugprone-*): C's names

// Read-only data of the programs, set before they are loaded.
struct hostnet_bind_settings {
  __u64 own_network;  // SO_NETNS_COOKIE of the agent
  __u32 has_retval;   // bpf_get_retval(), Linux 5.18
  __u32 has_comm;     // bpf_get_current_comm(), for which newer kernels require CAP_PERFMON
};

// Data that the agent has mapped: it needs no bpf(2) after dropping its rights.
struct hostnet_bind_shared {
  __u64 dropped;            // events lost for lack of room
  __u32 attempts;           // slots in use: while 0, a success means nothing
  __u32 refused_processes;  // bits of `refused` that are set
  // A bit for each port, TCP first: its successes are events.
  __u64 watched[2 * HOSTNET_PORTS / 64];
  // A bit for each process that was refused (by the low bits of its id): its successes are
  // events, so that the end of a search for a free port is known. The agent clears the bits.
  __u64 refused[HOSTNET_PROCESS_BITS / 64];
};

enum hostnet_bind_kind {
  HOSTNET_BIND_REFUSED = 1,
  HOSTNET_BIND_DONE = 2,
};

// The caller of bind().
struct hostnet_binder {
  __u64 at;                                // CLOCK_MONOTONIC, ns
  __u64 cgroup;                            // its own; 0: no binder
  __u64 ancestors[HOSTNET_CGROUP_LEVELS];  // 0: none on that level
  __u32 process, thread;                   // in the initial PID namespace
  __u32 user;                              // in the initial user namespace
  __u32 reserved;
  char comm[16];  // empty without has_comm
};

struct hostnet_bind_event {
  __u32 kind;  // enum hostnet_bind_kind
  __u16 port;
  __u8 protocol;  // IPPROTO_TCP, IPPROTO_UDP
  __u8 family;    // AF_INET, AF_INET6
  __u32 error;    // errno if the kernel side knows it, else 0
  __u32 reserved;
  __u8 address[16];  // IPv4 in the first four
  struct hostnet_binder binder;
  struct hostnet_binder before;  // of a refusal: the last binder of that port; cgroup 0: unknown
};

// NOLINTEND(readability-identifier-naming,bugprone-*)
