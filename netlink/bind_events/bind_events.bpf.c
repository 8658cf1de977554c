// The moment of the bind. Four programs on the root of cgroup v2, which always allow the bind():
//
//   bind4, bind6            an attempt: written into a slot;
//   post_bind4, post_bind6  its success: frees the slot.
//
// A refusal is an attempt without a success. One timer serves all: an attempt starts it if it is
// not running, and it reports attempts that are old enough; a thread's next attempt reports its
// previous one at once. Ignored: bind() without a port, protocols other than TCP and UDP, network
// namespaces other than the agent's.
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "netlink/bind_events/wire.h"

#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define EPERM 1
#define CLOCK_MONOTONIC 1

// bind() takes a microsecond or two, and longer only when its thread is preempted in it: a later
// success is sent and withdraws the refusal.
#define SETTLES_AFTER (4 * 1000 * 1000ULL)
#define SLOTS 256
#define PROBES 4
#define LAST_TCP 16384
#define LAST_UDP 4096
#define PASS 1

char program_license[] SEC("license") = "GPL";

const volatile struct hostnet_bind_settings settings;
struct hostnet_bind_shared shared;

enum state { FREE, TAKEN, PENDING };
struct slot {
  __u32 state;
  __u32 thread;
  struct hostnet_bind_event event;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, SLOTS);
  __type(key, __u32);
  __type(value, struct slot);
} slots SEC(".maps");

// The last process to bind a port, by the port's low bits. UDP has its own part of the table:
// resolvers bind UDP ports by the thousand.
struct last_binder {
  __u32 port;
  __u32 reserved;
  struct hostnet_binder binder;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, LAST_TCP + LAST_UDP);
  __type(key, __u32);
  __type(value, struct last_binder);
} last_binders SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 19);
} events SEC(".maps");

struct sweeper {
  struct bpf_timer timer;
  __u32 made;
  __u32 running;    // started, and its callback has not begun yet
  __u32 unsettled;  // its callback found attempts that are too young
  __u32 reserved;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct sweeper);
} sweepers SEC(".maps");

static __always_inline struct last_binder *last_binder_of(__u8 protocol, __u16 port) {
  __u32 place = protocol == IPPROTO_TCP ? port % LAST_TCP : LAST_TCP + port % LAST_UDP;
  return bpf_map_lookup_elem(&last_binders, &place);
}

static __always_inline void describe_current(struct hostnet_binder *binder) {
  __u64 ids = bpf_get_current_pid_tgid();
  binder->at = bpf_ktime_get_ns();
  binder->cgroup = bpf_get_current_cgroup_id();
#pragma unroll
  for (int level = 0; level < HOSTNET_CGROUP_LEVELS; ++level)
    binder->ancestors[level] = bpf_get_current_ancestor_cgroup_id(level + 1);
  binder->process = ids >> 32;
  binder->thread = (__u32)ids;
  binder->user = (__u32)bpf_get_current_uid_gid();
  binder->reserved = 0;
  __builtin_memset(binder->comm, 0, sizeof binder->comm);
  if (settings.has_comm) bpf_get_current_comm(binder->comm, sizeof binder->comm);
}

static __always_inline void count_dropped(void) {
  __sync_fetch_and_add(&shared.dropped, 1);
}

static __always_inline void submit(struct hostnet_bind_event *event) {
  if (bpf_ringbuf_output(&events, event, sizeof *event, 0) != 0) count_dropped();
}

// The caller has TAKEN `slot`.
static __always_inline void submit_refusal(struct slot *slot) {
  struct hostnet_bind_event *event = &slot->event;
  struct last_binder *last = last_binder_of(event->protocol, event->port);
  if (last && last->port == event->port)
    event->before = last->binder;
  else
    event->before.cgroup = 0;
  __u32 process = event->binder.process % HOSTNET_PROCESS_BITS;
  __u64 bit = 1ULL << (process % 64);
  if ((__sync_fetch_and_or(&shared.refused[process / 64], bit) & bit) == 0)
    __sync_fetch_and_add(&shared.refused_processes, 1);
  submit(event);
}

// The caller has TAKEN `slot`.
static __always_inline void release(struct slot *slot) {
  slot->state = FREE;
  __sync_fetch_and_sub(&shared.attempts, 1);
}

static __always_inline bool take(struct slot *slot, __u32 from) {
  return __sync_val_compare_and_swap(&slot->state, from, TAKEN) == from;
}

// The flag is in the map, not on the stack, where the verifier would follow each of its values.
static long sweep_slot(void *map, __u32 *place, struct slot *slot, struct sweeper **sweeper) {
  if (slot->state != PENDING) return 0;
  if (bpf_ktime_get_ns() - slot->event.binder.at < SETTLES_AFTER) {
    (*sweeper)->unsettled = 1;
    return 0;
  }
  if (!take(slot, PENDING)) return 0;
  submit_refusal(slot);
  release(slot);
  return 0;
}

static int sweep(void *map, __u32 *key, struct sweeper *sweeper) {
  sweeper->running = 0;
  sweeper->unsettled = 0;
  bpf_for_each_map_elem(&slots, sweep_slot, &sweeper, 0);
  if (sweeper->unsettled && __sync_val_compare_and_swap(&sweeper->running, 0, 1) == 0)
    bpf_timer_start(&sweeper->timer, SETTLES_AFTER / 2, 0);
  return 0;
}

static __always_inline void start_sweeper(void) {
  __u32 zero = 0;
  struct sweeper *sweeper = bpf_map_lookup_elem(&sweepers, &zero);
  if (!sweeper || sweeper->running) return;
  if (__sync_val_compare_and_swap(&sweeper->running, 0, 1) != 0) return;
  if (!sweeper->made) {
    bpf_timer_init(&sweeper->timer, &sweepers, CLOCK_MONOTONIC);
    bpf_timer_set_callback(&sweeper->timer, sweep);
    sweeper->made = 1;
  }
  bpf_timer_start(&sweeper->timer, SETTLES_AFTER, 0);
}

// This thread's pending attempt, now TAKEN; NULL: none.
static __always_inline struct slot *take_own(__u32 thread) {
#pragma unroll
  for (__u32 probe = 0; probe < PROBES; ++probe) {
    __u32 place = (thread + probe) % SLOTS;
    struct slot *slot = bpf_map_lookup_elem(&slots, &place);
    if (slot && slot->state == PENDING && slot->thread == thread && take(slot, PENDING))
      return slot;
  }
  return NULL;
}

static __always_inline struct slot *take_free(__u32 thread) {
#pragma unroll
  for (__u32 probe = 0; probe < PROBES; ++probe) {
    __u32 place = (thread + probe) % SLOTS;
    struct slot *slot = bpf_map_lookup_elem(&slots, &place);
    if (!slot || slot->state != FREE || !take(slot, FREE)) continue;
    __sync_fetch_and_add(&shared.attempts, 1);
    return slot;
  }
  return NULL;
}

static __always_inline bool is_followed(__u32 protocol, __u32 port, __u64 network) {
  return port != 0 && (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) &&
         network == settings.own_network;
}

// The socket already has a port: bind() will return EINVAL.
static __always_inline bool is_bound(struct bpf_sock_addr *ctx) {
  struct bpf_sock *socket = ctx->sk;
  return socket && socket->src_port != 0;
}

static __always_inline struct slot *begin_attempt(struct bpf_sock_addr *ctx, __u8 family) {
  __u32 port = bpf_ntohs((__u16)ctx->user_port);
  __u32 protocol = ctx->protocol;
  if (port == 0 || !is_followed(protocol, port, bpf_get_netns_cookie(ctx)) || is_bound(ctx))
    return NULL;
  __u32 thread = (__u32)bpf_get_current_pid_tgid();
  struct slot *slot = take_own(thread);
  if (slot)
    submit_refusal(slot);
  else
    slot = take_free(thread);
  if (!slot) {
    count_dropped();
    return NULL;
  }
  slot->thread = thread;
  struct hostnet_bind_event *event = &slot->event;
  event->kind = HOSTNET_BIND_REFUSED;
  event->port = port;
  event->protocol = protocol;
  event->family = family;
  event->error = settings.has_retval && bpf_get_retval() < 0 ? EPERM : 0;
  event->reserved = 0;
  describe_current(&event->binder);
  return slot;
}

static __always_inline void end_attempt(struct slot *slot) {
  slot->state = PENDING;
  start_sweeper();
}

SEC("cgroup/bind4")
int attempt4(struct bpf_sock_addr *ctx) {
  struct slot *slot = begin_attempt(ctx, AF_INET);
  if (!slot) return PASS;
  __u32 *address = (__u32 *)slot->event.address;
  address[0] = ctx->user_ip4;
  address[1] = address[2] = address[3] = 0;
  end_attempt(slot);
  return PASS;
}

SEC("cgroup/bind6")
int attempt6(struct bpf_sock_addr *ctx) {
  struct slot *slot = begin_attempt(ctx, AF_INET6);
  if (!slot) return PASS;
  __u32 *address = (__u32 *)slot->event.address;
  address[0] = ctx->user_ip6[0];
  address[1] = ctx->user_ip6[1];
  address[2] = ctx->user_ip6[2];
  address[3] = ctx->user_ip6[3];
  end_attempt(slot);
  return PASS;
}

// No branch, and the protocol is read again: without CAP_PERFMON the verifier requires the same
// bounds of an index on every path. 6 is TCP, 17 is UDP.
static __always_inline bool is_watched(struct bpf_sock *ctx, __u16 port) {
  __u32 udp = *(volatile __u32 *)&ctx->protocol & 1;
  __u32 word = port / 64 + udp * (HOSTNET_PORTS / 64);
  // Hides from the compiler the bounds that the verifier of Linux 6.1 does not know.
  asm volatile("" : "+r"(word));
  return (shared.watched[word % (2 * HOSTNET_PORTS / 64)] >> (port % 64) & 1) != 0;
}

static __always_inline bool was_refused(__u32 process) {
  __u32 bit = process % HOSTNET_PROCESS_BITS;
  return (shared.refused[bit / 64] >> (bit % 64) & 1) != 0;
}

// The whole cost of a bind() without a port while the node has no attempt and no refused process.
static __always_inline bool is_of_interest(void) {
  return shared.attempts != 0 || shared.refused_processes != 0;
}

static __always_inline void submit_success(struct bpf_sock *ctx, __u8 family,
                                           const struct hostnet_binder *binder) {
  // Not on the stack: without CAP_PERFMON Linux 6.1 forbids overwriting a pointer spilled there.
  struct hostnet_bind_event *event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
  if (!event) {
    count_dropped();
    return;
  }
  __builtin_memset(event, 0, sizeof *event);
  event->kind = HOSTNET_BIND_DONE;
  event->port = ctx->src_port;
  event->protocol = ctx->protocol;
  event->family = family;
  event->binder = *binder;
  bpf_ringbuf_submit(event, 0);
}

// No attempt: the kernel chose the port, or the attempt was already reported as a refusal.
static __always_inline int succeed_late(struct bpf_sock *ctx, __u8 family, bool refused) {
  __u32 protocol = ctx->protocol;
  __u32 port = ctx->src_port;
  if (!refused || !is_followed(protocol, port, bpf_get_netns_cookie(ctx))) return PASS;
  struct last_binder *last = last_binder_of(protocol, port);
  if (!last) return PASS;
  last->port = port;
  describe_current(&last->binder);
  submit_success(ctx, family, &last->binder);
  return PASS;
}

// Two paths from here that never join: without CAP_PERFMON the verifier of Linux 6.1 also follows
// impossible branches, with a slot that is NULL.
static __always_inline int succeed(struct bpf_sock *ctx, __u8 family) {
  if (!is_of_interest()) return PASS;
  __u64 ids = bpf_get_current_pid_tgid();
  bool refused = was_refused(ids >> 32);
  struct slot *slot = take_own((__u32)ids);
  if (!slot) return succeed_late(ctx, family, refused);
  if (settings.has_retval && bpf_get_retval() < 0) {
    slot->event.error = EPERM;
    slot->state = PENDING;  // the timer reports it
    return PASS;
  }
  __u32 port = ctx->src_port;
  struct last_binder *last = last_binder_of(ctx->protocol, port);
  if (last) {
    last->port = port;
    last->binder = slot->event.binder;
  }
  if (refused || is_watched(ctx, port)) submit_success(ctx, family, &slot->event.binder);
  release(slot);
  return PASS;
}

SEC("cgroup/post_bind4")
int done4(struct bpf_sock *ctx) {
  return succeed(ctx, AF_INET);
}

SEC("cgroup/post_bind6")
int done6(struct bpf_sock *ctx) {
  return succeed(ctx, AF_INET6);
}
