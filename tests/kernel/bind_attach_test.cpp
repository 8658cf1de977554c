// Where the programs can be attached, with which rights, and beside which others.

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/kernel/in_bind_events.h"

namespace hostnet::testing {
namespace {

TEST_F(KernelBindEvents, TwoLoadersHearTheSame) {
  auto others = attach_bind_events("/proc", "/sys");
  ASSERT_TRUE(others) << others.error().message;
  refusal_of({.port = 8080});
  std::swap(events_, *others);
  EXPECT_EQ(wait_for_one(refusal_on(8080)).size(), 1U);
}

// The links between a program and a cgroup that this process holds.
std::vector<int> own_cgroup_links() {
  std::vector<int> links;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream about(entry.path());
    for (std::string line; std::getline(about, line);) {
      if (line == "link_type:\tcgroup") links.push_back(std::stoi(entry.path().filename()));
    }
  }
  return links;
}

TEST_F(KernelBindEvents, IsAttachedUntilSomebodyDetachesOneOfItsPrograms) {
  EXPECT_TRUE(events_->attached());
  const auto links = own_cgroup_links();
  ASSERT_EQ(links.size(), 4U);
  ASSERT_EQ(bpf_link_detach(links.back()), 0) << strerror(errno);
  EXPECT_FALSE(events_->attached());
}

// The rights that the deployment grants, and no other.
TEST_F(KernelBindEvents, LoadsWithBpfAndNetAdminAlone) {
  const pid_t child = ::fork();
  if (child == 0) {
    const std::uint64_t kept = 1ULL << CAP_BPF | 1ULL << CAP_NET_ADMIN;
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, 2> rights{};
    for (std::size_t i = 0; i < rights.size(); ++i) {
      rights[i].effective = rights[i].permitted = static_cast<__u32>(kept >> 32 * i);
    }
    if (::syscall(SYS_capset, &header, rights.data()) != 0) ::_exit(2);
    ::_exit(attach_bind_events("/proc", "/sys") ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

// A node in a container, as kind has it: the part of the tree that it sees is the whole of it.
TEST_F(KernelBindEvents, AttachToThePartOfTheTreeThatHoldsTheNodesFirstProcess) {
  const ChildInCgroup child("hostnet-node");
  const std::string folder = "/mnt";  // in a mount namespace of its own
  const std::string tree = folder + "/fs/cgroup";
  const pid_t outer = ::fork();
  if (outer == 0) {
    std::ofstream(child.path() + "/cgroup.procs") << 0 << std::flush;
    if (::unshare(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWPID) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", folder.c_str(), "tmpfs", 0, nullptr) != 0 ||
        !std::filesystem::create_directories(tree) ||
        ::mount("cgroup2", tree.c_str(), "cgroup2", 0, nullptr) != 0) {
      ::_exit(2);
    }
    // The machine's first process is not in this part.
    if (attach_bind_events("/proc", folder)) ::_exit(3);
    const pid_t init = ::fork();
    if (init == 0) {
      if (::mount("proc", "/proc", "proc", 0, nullptr) != 0) ::_exit(4);
      ::_exit(attach_bind_events("/proc", folder) ? 0 : 5);
    }
    int status = 0;
    ::waitpid(init, &status, 0);
    ::_exit(WEXITSTATUS(status));
  }
  int status = 0;
  ::waitpid(outer, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// As Cilium's programs do.
TEST_F(KernelBindEvents, WhatAnotherProgramRefusesIsToldAsEperm) {
  const ChildInCgroup child("hostnet-refused");
  const std::array<bpf_insn, 2> refuse{
      bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
      bpf_insn{.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  bpf_prog_load_opts options{};
  options.sz = sizeof options;
  options.expected_attach_type = BPF_CGROUP_INET4_BIND;
  const TestFd program(bpf_prog_load(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "refuse", "GPL", refuse.data(),
                                     refuse.size(), &options));
  ASSERT_GE(program.get(), 0) << strerror(errno);
  const TestFd cgroup(::open(child.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(bpf_prog_attach(program.get(), cgroup.get(), BPF_CGROUP_INET4_BIND, BPF_F_ALLOW_MULTI),
            0)
      << strerror(errno);
  EXPECT_EQ(child.bind({.port = 8080}), EPERM);
  EXPECT_EQ(wait_for_one(refusal_on(8080)).at(0).error, EPERM);
}

}  // namespace
}  // namespace hostnet::testing
