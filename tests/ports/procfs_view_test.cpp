#include "agent/ports/owners/procfs_view.h"

#include <gtest/gtest.h>

#include <string>

#include "agent/ports/owners/process.h"
#include "tests/support/memory_files.h"

namespace hostnet {
namespace {

const std::string kKthreadd = "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 9\n";
const std::string kShell = "2 (kthreadd) S 0 0 0 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 9\n";
const std::string kFirstId(64, 'a');
const std::string kSecondId(64, 'b');
const std::string kInPod = "/kubepods/burstable/pod2fc932ce-fdcc-454b-97bd-aadfdeb4c340/";

ProcfsView view_of(const Files& files) {
  return procfs_view(files, list_processes(files));
}

// A procfs without the kernel's threads, with pid 1 and the agent in these cgroups.
MemoryFiles shows(const std::string& init, const std::string& agent) {
  MemoryFiles files;
  files.put_file("proc/1/cgroup", "0::" + init + "\n");
  files.put_file("proc/9/cgroup", "0::" + agent + "\n");
  files.put_link("proc/self", "9");
  return files;
}

TEST(ProcfsView, TheKernelsThreadsProveTheInitialNamespace) {
  MemoryFiles files = shows("/", "/");
  files.put_file("proc/2/stat", kKthreadd);
  EXPECT_EQ(view_of(files), ProcfsView::every_process);
  files.put_file("proc/2/stat", kShell);  // a process may call itself so
  EXPECT_EQ(view_of(files), ProcfsView::unproven);
}

TEST(ProcfsView, ANodeThatIsAContainerHasItsPidOneElsewhereThanTheAgent) {
  EXPECT_EQ(view_of(shows("/init.scope", "/system.slice/hostnet-agent.service")),
            ProcfsView::every_process);
  EXPECT_EQ(view_of(shows("/docker/" + kFirstId + "/init.scope",
                          "/docker/" + kFirstId + kInPod + kSecondId)),
            ProcfsView::every_process);
  EXPECT_EQ(view_of(shows("/../../../../init.scope", "/")), ProcfsView::every_process);
  EXPECT_EQ(
      view_of(shows("/lxc.payload.node/init.scope", "/lxc.payload.node/system.slice/a.service")),
      ProcfsView::every_process);
}

TEST(ProcfsView, PidOneInTheAgentsOwnContainerOrPodIsNotTheNodes) {
  EXPECT_EQ(view_of(shows("/docker/" + kFirstId, "/docker/" + kFirstId)),
            ProcfsView::own_container);
  EXPECT_EQ(view_of(shows(kInPod + kFirstId, kInPod + kSecondId)), ProcfsView::own_container);
  EXPECT_EQ(view_of(shows("/../cri-containerd-" + kFirstId + ".scope", "/")),
            ProcfsView::own_container);
  MemoryFiles own_root = shows("/", "/");
  own_root.put_inode("proc/self/ns/cgroup", 4026532999);
  EXPECT_EQ(view_of(own_root), ProcfsView::own_container);
  MemoryFiles itself = shows("/session-3.scope", "/session-3.scope");
  itself.put_link("proc/self", "1");
  EXPECT_EQ(view_of(itself), ProcfsView::own_container);
}

TEST(ProcfsView, PidOneBesideTheAgentOnTheHostProvesNothing) {
  MemoryFiles files =
      shows("/user.slice/user-0.slice/session-3.scope", "/user.slice/user-0.slice/session-3.scope");
  EXPECT_EQ(view_of(files), ProcfsView::unproven);
}

TEST(ProcfsView, WithoutPidOneProcessesAreHidden) {
  MemoryFiles files;
  files.put_file("proc/9/cgroup", "0::/\n");
  EXPECT_EQ(view_of(files), ProcfsView::hidden);
}

}  // namespace
}  // namespace hostnet
