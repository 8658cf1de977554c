#include "agent/ports/owners/cgroup.h"

#include <gtest/gtest.h>

#include <string>

namespace hostnet {
namespace {

const std::string kContainer = "79fe0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7";
const std::string kOtherContainer =
    "88420a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7";
const std::string kPodUid = "2fc932ce-fdcc-454b-97bd-aadfdeb4c340";
const std::string kPodUidInSlice = "2fc932ce_fdcc_454b_97bd_aadfdeb4c340";
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
                         kPodUidInSlice + ".slice/cri-containerd-" + kContainer + ".scope"),
            pod(kPodUid, kContainer));
}

TEST(Cgroup, SystemdDriverWithAGuaranteedPodHasNoQosSlice) {
  EXPECT_EQ(parse_cgroup("/kubepods.slice/kubepods-pod" + kPodUidInSlice +
                         ".slice/cri-containerd-" + kContainer + ".scope"),
            pod(kPodUid, kContainer));
}

TEST(Cgroup, CgroupfsDriver) {
  EXPECT_EQ(parse_cgroup("/kubepods/burstable/pod" + kPodUid + "/" + kContainer),
            pod(kPodUid, kContainer));
  EXPECT_EQ(parse_cgroup("/kubepods/besteffort/pod" + kPodUid + "/" + kContainer),
            pod(kPodUid, kContainer));
}

TEST(Cgroup, CgroupfsDriverWithAGuaranteedPod) {
  EXPECT_EQ(parse_cgroup("/kubepods/pod" + kPodUid + "/" + kContainer), pod(kPodUid, kContainer));
}

TEST(Cgroup, CrioWithCrunHasAChildNamedContainer) {
  EXPECT_EQ(parse_cgroup("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" +
                         kPodUidInSlice + ".slice/crio-" + kContainer + ".scope/container"),
            pod(kPodUid, kContainer));
  EXPECT_EQ(parse_cgroup("/kubepods/besteffort/pod" + kPodUid + "/crio-" + kContainer),
            pod(kPodUid, kContainer));
}

TEST(Cgroup, CrioMonitorIsThePodsButNotTheContainer) {
  EXPECT_EQ(parse_cgroup("/kubepods.slice/kubepods-pod" + kPodUidInSlice + ".slice/crio-conmon-" +
                         kContainer + ".scope"),
            pod(kPodUid, ""));
  EXPECT_EQ(parse_cgroup("/system.slice/crio-conmon-" + kContainer + ".scope"),
            unit("crio-conmon-" + kContainer + ".scope"));
}

TEST(Cgroup, CriDockerd) {
  EXPECT_EQ(parse_cgroup("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" +
                         kPodUidInSlice + ".slice/docker-" + kContainer + ".scope"),
            pod(kPodUid, kContainer));
}

TEST(Cgroup, StaticPodHasAHashForItsUid) {
  EXPECT_EQ(parse_cgroup("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" +
                         kStaticUid + ".slice/cri-containerd-" + kContainer + ".scope"),
            pod(kStaticUid, kContainer));
}

TEST(Cgroup, DriverMismatchPutsAllInOneNameBelowTheRuntime) {
  EXPECT_EQ(parse_cgroup("/system.slice/containerd.service/kubepods-burstable-pod" + kStaticUid +
                         ".slice:cri-containerd:" + kContainer),
            pod(kStaticUid, kContainer));
}

TEST(Cgroup, KindPrefixesEverySliceWithItsCgroupRoot) {
  EXPECT_EQ(parse_cgroup("/kubelet.slice/kubelet-kubepods.slice/"
                         "kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod" +
                         kPodUidInSlice + ".slice/cri-containerd-" + kContainer + ".scope"),
            pod(kPodUid, kContainer));
  EXPECT_EQ(parse_cgroup("/docker/" + kOtherContainer + "/kubelet/kubepods/besteffort/pod" +
                         kPodUid + "/" + kContainer),
            pod(kPodUid, kContainer));
}

TEST(Cgroup, NestedKubeletBelongsToTheOutermostPod) {
  EXPECT_EQ(parse_cgroup("/kubepods/burstable/pod" + kPodUid + "/" + kContainer +
                         "/kubepods/besteffort/pod11111111-2222-3333-4444-555555555555/" +
                         kOtherContainer),
            pod(kPodUid, kContainer));
}

TEST(Cgroup, SystemdOrDockerInsideAPodIsThatContainer) {
  const std::string scope = "/kubepods.slice/kubepods-pod" + kPodUidInSlice +
                            ".slice/cri-containerd-" + kContainer + ".scope";
  EXPECT_EQ(parse_cgroup(scope + "/init.scope"), pod(kPodUid, kContainer));
  EXPECT_EQ(parse_cgroup(scope + "/system.slice/sshd.service"), pod(kPodUid, kContainer));
  EXPECT_EQ(parse_cgroup(scope + "/docker/buildkit/4hx1k"), pod(kPodUid, kContainer));
  EXPECT_EQ(parse_cgroup(scope + "/docker/" + kOtherContainer), pod(kPodUid, kContainer));
}

TEST(Cgroup, AUidThatAManifestChoseIsAccepted) {
  EXPECT_EQ(parse_cgroup("/kubepods/podmy-own-uid/" + kContainer), pod("my-own-uid", kContainer));
  EXPECT_EQ(
      parse_cgroup("/kubepods.slice/kubepods-podmy_own_uid.slice/crio-" + kContainer + ".scope"),
      pod("my-own-uid", kContainer));
}

TEST(Cgroup, KubepodsWithoutAPodIsStillKubernetes) {
  EXPECT_EQ(parse_cgroup("/kubepods.slice"), pod("", ""));
  EXPECT_EQ(parse_cgroup("/kubepods/burstable"), pod("", ""));
  EXPECT_EQ(parse_cgroup("/kubepods.slice/kubepods-burstable.slice"), pod("", ""));
}

TEST(Cgroup, ANameThatOnlyContainsKubepodsIsNoPod) {
  EXPECT_FALSE(parse_cgroup("/system.slice/mykubepods.service").in_kubepods);
  EXPECT_FALSE(parse_cgroup("/kubepodsx/pod" + kPodUid + "/" + kContainer).in_kubepods);
  EXPECT_FALSE(parse_cgroup("/system.slice/kubepods.service").in_kubepods);
}

TEST(Cgroup, RelativePathsOfAPrivateNamespaceShowPodsWithoutKubepods) {
  EXPECT_EQ(parse_cgroup("/../../pod" + kPodUid + "/" + kContainer), pod(kPodUid, kContainer));
  EXPECT_EQ(parse_cgroup("/../../../burstable/pod" + kPodUid + "/" + kContainer),
            pod(kPodUid, kContainer));
  EXPECT_EQ(parse_cgroup("/../../../pod" + kStaticUid + "/" + kContainer),
            pod(kStaticUid, kContainer));
  EXPECT_EQ(parse_cgroup("/../../../../system.slice/sshd.service"), unit("sshd.service"));
}

TEST(Cgroup, APodsNameOutsideKubepodsIsBelievedOnlyInARelativePath) {
  EXPECT_FALSE(parse_cgroup("/pod" + kPodUid + "/" + kContainer).in_kubepods);
  EXPECT_FALSE(parse_cgroup("/../podcast/" + kContainer).in_kubepods);
}

TEST(Cgroup, RelativePathsBecomeAbsoluteByTheNamespacesRoot) {
  const std::string root = "/kubepods/besteffort/pod" + kPodUid + "/" + kContainer;
  EXPECT_EQ(absolute_cgroup("/../a2a2", root), "/kubepods/besteffort/pod" + kPodUid + "/a2a2");
  EXPECT_EQ(absolute_cgroup("/../../../../system.slice/sshd.service", root),
            "/system.slice/sshd.service");
  EXPECT_EQ(absolute_cgroup("/../../../../../../x", root), "/x");
  EXPECT_EQ(absolute_cgroup("/..", "/a"), "/");
  EXPECT_EQ(absolute_cgroup("/system.slice", root), "/system.slice");
}

TEST(Cgroup, Docker) {
  EXPECT_EQ(parse_cgroup("/docker/" + kContainer), container("docker", kContainer, ""));
  EXPECT_EQ(parse_cgroup("/system.slice/docker-" + kContainer + ".scope"),
            container("docker", kContainer, "docker-" + kContainer + ".scope"));
  EXPECT_EQ(parse_cgroup("/docker/" + kContainer + "/docker/" + kOtherContainer),
            container("docker", kContainer, ""));
}

TEST(Cgroup, Podman) {
  const std::string scope = "libpod-" + kContainer + ".scope";
  EXPECT_EQ(parse_cgroup("/machine.slice/" + scope + "/container"),
            container("podman", kContainer, scope));
  EXPECT_EQ(
      parse_cgroup("/machine.slice/machine-libpod_pod_" + kOtherContainer + ".slice/" + scope),
      container("podman", kContainer, scope));
  EXPECT_EQ(parse_cgroup("/libpod_parent/libpod-" + kContainer),
            container("podman", kContainer, ""));
  EXPECT_EQ(parse_cgroup("/user.slice/user-1000.slice/user@1000.service/user.slice/" + scope),
            container("podman", kContainer, "user@1000.service"));
  EXPECT_EQ(parse_cgroup("/machine.slice/libpod-conmon-" + kContainer + ".scope"),
            unit("libpod-conmon-" + kContainer + ".scope"));
}

TEST(Cgroup, LxcAndNspawnAreContainersWithNames) {
  EXPECT_EQ(parse_cgroup("/lxc/web/system.slice/nginx.service"), container("lxc", "web", ""));
  EXPECT_EQ(parse_cgroup("/lxc.payload.web/init.scope"), container("lxc", "web", ""));
  EXPECT_EQ(parse_cgroup("/lxc.monitor.web"), CgroupFacts{});
  EXPECT_EQ(parse_cgroup("/machine.slice/systemd-nspawn@deb.service/payload/init.scope"),
            container("systemd-nspawn", "deb", "systemd-nspawn@deb.service"));
}

TEST(Cgroup, ContainersOfOtherRuntimesAreSeenByTheirId) {
  EXPECT_EQ(parse_cgroup("/k8s.io/" + kContainer), container("containerd", kContainer, ""));
  EXPECT_EQ(parse_cgroup("/actions_job/" + kContainer), container("container", kContainer, ""));
  EXPECT_EQ(parse_cgroup("/system.slice/nerdctl-" + kContainer + ".scope"),
            container("containerd", kContainer, "nerdctl-" + kContainer + ".scope"));
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
  const std::string path = "/kubepods/burstable/pod" + kPodUid + "/" + kContainer;
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
  EXPECT_EQ(
      telling_cgroup("9:name=systemd:/\n4:memory:/docker/" + kContainer + "\n0::/a.service\n"),
      "/docker/" + kContainer);
}

TEST(ProcCgroup, AColonInThePathIsPartOfIt) {
  const std::string path = "/system.slice/containerd.service/kubepods-pod" + kStaticUid +
                           ".slice:cri-containerd:" + kContainer;
  EXPECT_EQ(telling_cgroup("0::" + path + "\n"), path);
}

TEST(ContainerOfNode, IsTakenOffWhereTheNodeItselfIsAContainer) {
  EXPECT_EQ(container_of_node("/docker/" + kContainer + "/init.scope"), "/docker/" + kContainer);
  EXPECT_EQ(container_of_node("/lxc/node1"), "/lxc/node1");
  EXPECT_EQ(container_of_node("/init.scope"), "");
  EXPECT_EQ(container_of_node("/kubepods/pod" + kPodUid + "/" + kContainer), "");
}

}  // namespace
}  // namespace hostnet
