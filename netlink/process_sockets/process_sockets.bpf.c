// Every socket that a process has open, as /proc/<pid>/fd shows it: an iterator over the
// descriptors of all tasks of the reader's PID namespace (kernel/bpf/task_iter.c).
//
// The structs are the kernel's, by name; libbpf finds the offsets of their members in this kernel.
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "netlink/process_sockets/wire.h"

#define KERNELS __attribute__((preserve_access_index))
#define S_IFMT 0170000
#define S_IFSOCK 0140000

char program_license[] SEC("license") = "GPL";

struct seq_file;
struct bpf_iter_meta {
  struct seq_file* seq;
} KERNELS;
struct upid {
  int nr;
} KERNELS;
struct pid {
  unsigned int level;
  struct upid numbers[1];
} KERNELS;
struct files_struct;
struct task_struct {
  int pid, tgid;
  struct task_struct* group_leader;
  struct files_struct* files;
  struct pid* thread_pid;
} KERNELS;
struct inode {
  __u16 i_mode;
  unsigned long i_ino;
} KERNELS;
struct file {
  struct inode* f_inode;
} KERNELS;
struct bpf_iter__task_file {
  struct bpf_iter_meta* meta;
  struct task_struct* task;
  __u32 fd;
  struct file* file;
} KERNELS;

// The id of `pid` on `level` of the nested PID namespaces.
static int number_on(const struct pid* pid, unsigned int level) {
  int number = 0;
  const __u64 numbers = bpf_core_field_offset(struct pid, numbers);
  const __u64 size = bpf_core_type_size(struct upid);
  const __u64 offset = numbers + level * size + bpf_core_field_offset(struct upid, nr);
  bpf_probe_read_kernel(&number, sizeof number, (const char*)pid + offset);
  return number;
}

SEC("iter/task_file")
int process_sockets(struct bpf_iter__task_file* context) {
  struct task_struct* task = context->task;
  struct file* file = context->file;
  if (!task || !file) return 0;
  // The process of a thread; its first thread has no descriptors any more once it has ended.
  struct task_struct* leader = task->group_leader;
  if (task->pid != task->tgid && leader->files) return 0;
  if ((file->f_inode->i_mode & S_IFMT) != S_IFSOCK) return 0;
  // The reader is the current task.
  struct task_struct* reader = (struct task_struct*)bpf_get_current_task_btf();
  struct hostnet_process_socket found = {
      .process = number_on(leader->thread_pid, reader->thread_pid->level),
      .fd = context->fd,
      .inode = file->f_inode->i_ino,
  };
  bpf_seq_write(context->meta->seq, &found, sizeof found);
  return 0;
}
