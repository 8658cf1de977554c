#include "agent/ports/cgroup.h"

#include <gtest/gtest.h>

#include <string>

namespace hostnet {
namespace {

const std::string kId = "79fe0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7";
const std::string kId2 = "88420a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7";
const std::string kUid = "2fc932ce-fdcc-454b-97bd-aadfdeb4c340";
const std::string kUidInSlice = "2fc932ce_fdcc_454b_97bd_aadfdeb4c340";
const std::string kStaticUid = "36b6d6be73b1065af369b3985edafa09";

CgroupFacts pod(const std::string& uid, const std::string& container) {
  CgroupFacts facts;
  facts.in_kubepods = true;
  facts.pod_uid = uid;
  facts.container_id = container;
  return facts;
}

CgroupFacts unit(const std::string& name) {
  CgroupFacts facts;
  facts.unit = name;
  return facts;
}

CgroupFacts container(const std::string& runtime, const std::string& id, const std::string& scope) {
  CgroupFacts facts;
  facts.container_runtime = runtime;
  facts.container_id = id;
  facts.unit = scope;
  return facts;
}

TEST(Cgroup, SystemdDriverWithContainerd) {
  EXPECT_EQ(parse_cgroup("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" +
                         kUidInSlice + ".slice/cri-containerd-" + kId + ".scope"),
            pod(kUid, kId));
}

TEST(Cgroup, SystemdDriverWithAGuaranteedPodHasNoQosSlice) {
  EXPECT_EQ(parse_cgroup("/kubepods.slice/kubepods-pod" + kUidInSlice + ".slice/cri-containerd-" +
                         kId + ".scope"),
            pod(kUid, kId));
}

TEST(Cgroup, CgroupfsDriver) {
  EXPECT_EQ(parse_cgroup("/kubepods/burstable/pod" + kUid + "/" + kId), pod(kUid, kId));
  EXPECT_EQ(parse_cgroup("/kubepods/besteffort/pod" + kUid + "/" + kId), pod(kUid, kId));
}

TEST(Cgroup, CgroupfsDriverWithAGuaranteedPod) {
  EXPECT_EQ(parse_cgroup("/kubepods/pod" + kUid + "/" + kId), pod(kUid, kId));
}

TEST(Cgroup, CrioWithCrunHasAChildNamedContainer) {
  EXPECT_EQ(parse_cgroup("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" +
                         kUidInSlice + ".slice/crio-" + kId + ".scope/container"),
            pod(kUid, kId));
  EXPECT_EQ(parse_cgroup("/kubepods/besteffort/pod" + kUid + "/crio-" + kId), pod(kUid, kId));
}

TEST(Cgroup, CrioMonitorIsThePodsButNotTheContainer) {
  EXPECT_EQ(parse_cgroup("/kubepods.slice/kubepods-pod" + kUidInSlice + ".slice/crio-conmon-" +
                         kId + ".scope"),
            pod(kUid, ""));
  EXPECT_EQ(parse_cgroup("/system.slice/crio-conmon-" + kId + ".scope"),
            unit("crio-conmon-" + kId + ".scope"));
}

TEST(Cgroup, CriDockerd) {
  EXPECT_EQ(parse_cgroup("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" +
                         kUidInSlice + ".slice/docker-" + kId + ".scope"),
            pod(kUid, kId));
}

TEST(Cgroup, StaticPodHasAHashForItsUid) {
  EXPECT_EQ(parse_cgroup("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" +
                         kStaticUid + ".slice/cri-containerd-" + kId + ".scope"),
            pod(kStaticUid, kId));
}

TEST(Cgroup, DriverMismatchPutsAllInOneNameBelowTheRuntime) {
  EXPECT_EQ(parse_cgroup("/system.slice/containerd.service/kubepods-burstable-pod" + kStaticUid +
                         ".slice:cri-containerd:" + kId),
            pod(kStaticUid, kId));
}

TEST(Cgroup, KindPrefixesEverySliceWithItsCgroupRoot) {
  EXPECT_EQ(parse_cgroup("/kubelet.slice/kubelet-kubepods.slice/"
                         "kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod" +
                         kUidInSlice + ".slice/cri-containerd-" + kId + ".scope"),
            pod(kUid, kId));
  EXPECT_EQ(parse_cgroup("/docker/" + kId2 + "/kubelet/kubepods/besteffort/pod" + kUid + "/" + kId),
            pod(kUid, kId));
}

TEST(Cgroup, NestedKubeletBelongsToTheOutermostPod) {
  EXPECT_EQ(parse_cgroup("/kubepods/burstable/pod" + kUid + "/" + kId +
                         "/kubepods/besteffort/pod11111111-2222-3333-4444-555555555555/" + kId2),
            pod(kUid, kId));
}

TEST(Cgroup, SystemdOrDockerInsideAPodIsThatContainer) {
  const std::string scope =
      "/kubepods.slice/kubepods-pod" + kUidInSlice + ".slice/cri-containerd-" + kId + ".scope";
  EXPECT_EQ(parse_cgroup(scope + "/init.scope"), pod(kUid, kId));
  EXPECT_EQ(parse_cgroup(scope + "/system.slice/sshd.service"), pod(kUid, kId));
  EXPECT_EQ(parse_cgroup(scope + "/docker/buildkit/4hx1k"), pod(kUid, kId));
  EXPECT_EQ(parse_cgroup(scope + "/docker/" + kId2), pod(kUid, kId));
}

TEST(Cgroup, AUidThatAManifestChoseIsAccepted) {
  EXPECT_EQ(parse_cgroup("/kubepods/podmy-own-uid/" + kId), pod("my-own-uid", kId));
  EXPECT_EQ(parse_cgroup("/kubepods.slice/kubepods-podmy_own_uid.slice/crio-" + kId + ".scope"),
            pod("my-own-uid", kId));
}

TEST(Cgroup, KubepodsWithoutAPodIsStillKubernetes) {
  EXPECT_EQ(parse_cgroup("/kubepods.slice"), pod("", ""));
  EXPECT_EQ(parse_cgroup("/kubepods/burstable"), pod("", ""));
  EXPECT_EQ(parse_cgroup("/kubepods.slice/kubepods-burstable.slice"), pod("", ""));
}

TEST(Cgroup, ANameThatOnlyContainsKubepodsIsNoPod) {
  EXPECT_FALSE(parse_cgroup("/system.slice/mykubepods.service").in_kubepods);
  EXPECT_FALSE(parse_cgroup("/kubepodsx/pod" + kUid + "/" + kId).in_kubepods);
  EXPECT_FALSE(parse_cgroup("/system.slice/kubepods.service").in_kubepods);
}

TEST(Cgroup, RelativePathsOfAPrivateNamespaceShowPodsWithoutKubepods) {
  EXPECT_EQ(parse_cgroup("/../../pod" + kUid + "/" + kId), pod(kUid, kId));
  EXPECT_EQ(parse_cgroup("/../../../burstable/pod" + kUid + "/" + kId), pod(kUid, kId));
  EXPECT_EQ(parse_cgroup("/../../../pod" + kStaticUid + "/" + kId), pod(kStaticUid, kId));
  EXPECT_EQ(parse_cgroup("/../../../../system.slice/sshd.service"), unit("sshd.service"));
}

TEST(Cgroup, APodsNameOutsideKubepodsIsBelievedOnlyInARelativePath) {
  EXPECT_FALSE(parse_cgroup("/pod" + kUid + "/" + kId).in_kubepods);
  EXPECT_FALSE(parse_cgroup("/../podcast/" + kId).in_kubepods);
}

TEST(Cgroup, RelativePathsBecomeAbsoluteByTheNamespacesRoot) {
  const std::string root = "/kubepods/besteffort/pod" + kUid + "/" + kId;
  EXPECT_EQ(absolute_cgroup("/../a2a2", root), "/kubepods/besteffort/pod" + kUid + "/a2a2");
  EXPECT_EQ(absolute_cgroup("/../../../../system.slice/sshd.service", root),
            "/system.slice/sshd.service");
  EXPECT_EQ(absolute_cgroup("/../../../../../../x", root), "/x");
  EXPECT_EQ(absolute_cgroup("/..", "/a"), "/");
  EXPECT_EQ(absolute_cgroup("/system.slice", root), "/system.slice");
}

TEST(Cgroup, Docker) {
  EXPECT_EQ(parse_cgroup("/docker/" + kId), container("docker", kId, ""));
  EXPECT_EQ(parse_cgroup("/system.slice/docker-" + kId + ".scope"),
            container("docker", kId, "docker-" + kId + ".scope"));
  EXPECT_EQ(parse_cgroup("/docker/" + kId + "/docker/" + kId2), container("docker", kId, ""));
}

TEST(Cgroup, Podman) {
  const std::string scope = "libpod-" + kId + ".scope";
  EXPECT_EQ(parse_cgroup("/machine.slice/" + scope + "/container"),
            container("podman", kId, scope));
  EXPECT_EQ(parse_cgroup("/machine.slice/machine-libpod_pod_" + kId2 + ".slice/" + scope),
            container("podman", kId, scope));
  EXPECT_EQ(parse_cgroup("/libpod_parent/libpod-" + kId), container("podman", kId, ""));
  EXPECT_EQ(parse_cgroup("/user.slice/user-1000.slice/user@1000.service/user.slice/" + scope),
            container("podman", kId, "user@1000.service"));
  EXPECT_EQ(parse_cgroup("/machine.slice/libpod-conmon-" + kId + ".scope"),
            unit("libpod-conmon-" + kId + ".scope"));
}

TEST(Cgroup, LxcAndNspawnAreContainersWithNames) {
  EXPECT_EQ(parse_cgroup("/lxc/web/system.slice/nginx.service"), container("lxc", "web", ""));
  EXPECT_EQ(parse_cgroup("/lxc.payload.web/init.scope"), container("lxc", "web", ""));
  EXPECT_EQ(parse_cgroup("/lxc.monitor.web"), CgroupFacts{});
  EXPECT_EQ(parse_cgroup("/machine.slice/systemd-nspawn@deb.service/payload/init.scope"),
            container("systemd-nspawn", "deb", "systemd-nspawn@deb.service"));
}

TEST(Cgroup, ContainersOfOtherRuntimesAreSeenByTheirId) {
  EXPECT_EQ(parse_cgroup("/k8s.io/" + kId), container("containerd", kId, ""));
  EXPECT_EQ(parse_cgroup("/actions_job/" + kId), container("container", kId, ""));
  EXPECT_EQ(parse_cgroup("/system.slice/nerdctl-" + kId + ".scope"),
            container("containerd", kId, "nerdctl-" + kId + ".scope"));
}

TEST(Cgroup, ServicesAndScopesOfTheHost) {
  EXPECT_EQ(parse_cgroup("/system.slice/nginx.service"), unit("nginx.service"));
  EXPECT_EQ(parse_cgroup("/system.slice/system-getty.slice/getty@tty1.service"),
            unit("getty@tty1.service"));
  EXPECT_EQ(parse_cgroup("/init.scope"), unit("init.scope"));
  EXPECT_EQ(parse_cgroup("/system.slice"), unit("system.slice"));
  EXPECT_EQ(parse_cgroup("/system.slice/_cpu.service"), unit("cpu.service"));
}

TEST(Cgroup, AServicesOwnChildrenAreTheService) {
  EXPECT_EQ(parse_cgroup("/system.slice/k3s.service"), unit("k3s.service"));
  EXPECT_EQ(parse_cgroup("/system.slice/k3s.service/k3s"), unit("k3s.service"));
  EXPECT_EQ(parse_cgroup("/system.slice/k3s.service/evil.service"), unit("k3s.service"));
  EXPECT_EQ(parse_cgroup("/system.slice/containerd.service"), unit("containerd.service"));
  EXPECT_EQ(parse_cgroup("/runtime.slice/containerd.service/shim"), unit("containerd.service"));
}

TEST(Cgroup, UserSessionsAndUserServicesCannotPassForUnitsOfTheHost) {
  EXPECT_EQ(parse_cgroup("/user.slice/user-1000.slice/session-3.scope"), unit("session-3.scope"));
  EXPECT_EQ(parse_cgroup("/user.slice/user-1000.slice/user@1000.service/app.slice/kubelet.service"),
            unit("user@1000.service"));
}

TEST(Cgroup, UnknownLayoutsAndTheRootTellNothing) {
  EXPECT_EQ(parse_cgroup("/process_api/3712990263c44f578f686af399ecc709"), CgroupFacts{});
  EXPECT_EQ(parse_cgroup("/process_api/x.service"), CgroupFacts{});
  EXPECT_EQ(parse_cgroup("/"), CgroupFacts{});
  EXPECT_EQ(parse_cgroup(""), CgroupFacts{});
  EXPECT_EQ(parse_cgroup("/../../.."), CgroupFacts{});
}

TEST(ProcCgroup, UnifiedHasOneLine) {
  EXPECT_EQ(telling_cgroup("0::/system.slice/sshd.service\n"), "/system.slice/sshd.service");
  EXPECT_EQ(telling_cgroup("0::/\n"), "/");
  EXPECT_EQ(telling_cgroup(""), "");
  EXPECT_EQ(telling_cgroup("0::/gone.service (deleted)\n"), "/gone.service");
}

TEST(ProcCgroup, VersionOnePrefersTheLineWithThePod) {
  const std::string path = "/kubepods/burstable/pod" + kUid + "/" + kId;
  EXPECT_EQ(telling_cgroup("12:rdma:/\n11:memory:" + path + "\n1:name=systemd:" + path + "\n"),
            path);
  // Hybrid: the process never left the runtime's cgroup on the v2 side.
  EXPECT_EQ(telling_cgroup("4:memory:" + path +
                           "\n1:name=systemd:/system.slice/x.service\n"
                           "0::/system.slice/containerd.service\n"),
            path);
}

TEST(ProcCgroup, VersionOneOtherwiseAsksSystemdsHierarchyThenAnyOther) {
  EXPECT_EQ(telling_cgroup("4:memory:/system.slice\n1:name=systemd:/system.slice/a.service\n"),
            "/system.slice/a.service");
  EXPECT_EQ(telling_cgroup("9:name=systemd:/\n4:memory:/process_api/1\n0::/\n"), "/process_api/1");
  EXPECT_EQ(telling_cgroup("9:name=systemd:/\n4:memory:/docker/" + kId + "\n0::/a.service\n"),
            "/docker/" + kId);
}

TEST(ProcCgroup, AColonInThePathIsPartOfIt) {
  const std::string path =
      "/system.slice/containerd.service/kubepods-pod" + kStaticUid + ".slice:cri-containerd:" + kId;
  EXPECT_EQ(telling_cgroup("0::" + path + "\n"), path);
}

TEST(ContainerOfNode, IsTakenOffWhereTheNodeItselfIsAContainer) {
  EXPECT_EQ(container_of_node("/docker/" + kId + "/init.scope"), "/docker/" + kId);
  EXPECT_EQ(container_of_node("/lxc/node1"), "/lxc/node1");
  EXPECT_EQ(container_of_node("/init.scope"), "");
  EXPECT_EQ(container_of_node("/kubepods/pod" + kUid + "/" + kId), "");
}

}  // namespace
}  // namespace hostnet
