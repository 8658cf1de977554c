#include "agent/ports/owners/cgroup.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/ports/owners/proc_cgroup.h"

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

// As another container's or a user's, what would else be facts of the host.
struct ContainerCase {
  std::string path, runtime, id, unit;
  std::optional<std::uint32_t> user = std::nullopt;
};

class CgroupOfAContainer : public testing::TestWithParam<ContainerCase> {};

TEST_P(CgroupOfAContainer, IsToldByItsRuntimeAndItsIdOrName) {
  const ContainerCase& expected = GetParam();
  CgroupFacts facts = container(expected.runtime, expected.id, expected.unit);
  facts.user = expected.user;
  EXPECT_EQ(parse_cgroup(expected.path), facts) << expected.path;
}

const std::string kManager = "/user.slice/user-1000.slice/user@1000.service";
const std::string kLibpod = "libpod-" + kContainer + ".scope";
const std::string kDocker = "docker-" + kContainer + ".scope";

INSTANTIATE_TEST_SUITE_P(
    Docker, CgroupOfAContainer,
    testing::ValuesIn(std::vector<ContainerCase>{
        {"/docker/" + kContainer, "docker", kContainer, ""},
        {"/system.slice/" + kDocker, "docker", kContainer, kDocker},
        {"/system.slice/" + kDocker + "/system.slice/nginx.service", "docker", kContainer, kDocker},
        {"/docker/" + kContainer + "/docker/" + kOtherContainer, "docker", kContainer, ""},
        {"/docker/" + kContainer + "/kubepods/besteffort/pod" + kPodUid + "/" + kOtherContainer,
         "docker", kContainer, ""},
        {"/docker/buildx/" + kContainer, "docker", kContainer, ""},
        {"/docker/buildkit/wz7m9kq2n4x8c1v5b3t6y0p7r", "buildkit", "wz7m9kq2n4x8c1v5b3t6y0p7r", ""},
        {"/system.slice:docker:wz7m9kq2n4x8c1v5b3t6y0p7r", "docker", "wz7m9kq2n4x8c1v5b3t6y0p7r",
         ""},
        {kManager + "/user.slice/" + kDocker, "docker", kContainer, kDocker, 1000}}));

INSTANTIATE_TEST_SUITE_P(
    Podman, CgroupOfAContainer,
    testing::ValuesIn(std::vector<ContainerCase>{
        {"/machine.slice/" + kLibpod, "podman", kContainer, kLibpod},
        {"/machine.slice/" + kLibpod + "/container", "podman", kContainer, kLibpod},
        {"/machine.slice/machine-libpod_pod_" + kOtherContainer + ".slice/" + kLibpod, "podman",
         kContainer, kLibpod},
        {"/libpod_parent/libpod-" + kContainer, "podman", kContainer, ""},
        {"/libpod_parent/conmon", "podman", "", ""},
        {"/machine.slice/libpod-conmon-" + kContainer + ".scope", "podman", kContainer,
         "libpod-conmon-" + kContainer + ".scope"},
        {"/system.slice/web.service/libpod-payload-" + kContainer + "/system.slice/httpd.service",
         "podman", kContainer, "web.service"},
        {kManager + "/user.slice/" + kLibpod, "podman", kContainer, kLibpod, 1000},
        {kManager + "/app.slice/web.service/libpod-payload-" + kContainer, "podman", kContainer,
         "web.service", 1000},
        {kManager + "/libpod_parent/libpod-" + kContainer, "podman", kContainer,
         "user@1000.service", 1000}}));

INSTANTIATE_TEST_SUITE_P(
    OtherRuntimes, CgroupOfAContainer,
    testing::ValuesIn(std::vector<ContainerCase>{
        {"/system.slice/nerdctl-" + kContainer + ".scope", "nerdctl", kContainer,
         "nerdctl-" + kContainer + ".scope"},
        {"/default/" + kContainer, "containerd", kContainer, ""},
        {"/default/web", "containerd", "web", ""},
        {"/moby/" + kContainer, "containerd", kContainer, ""},
        {"/k8s.io/web", "containerd", "web", ""},
        {"/ecs/36b6d6be73b1065af369b3985edafa09/" + kContainer, "docker", kContainer, ""},
        {"/podruntime/docker/docker/" + kContainer, "docker", kContainer, ""},
        {"/actions_job/" + kContainer, "container", kContainer, ""},
        {"/system/" + kContainer, "container", kContainer, ""},
        {"/lxc/web/system.slice/nginx.service", "lxc", "web", ""},
        {"/lxc/101/ns/system.slice/nginx.service", "lxc", "101", ""},
        {"/lxc.payload.web/init.scope", "lxc", "web", ""},
        {"/lxc.payload.web/kubepods/besteffort/pod" + kPodUid + "/" + kContainer, "lxc", "web", ""},
        {"/lxc.monitor.web", "lxc", "web", ""},
        {"/machine.slice/systemd-nspawn@deb.service/payload/init.scope", "systemd-nspawn", "deb",
         "systemd-nspawn@deb.service"},
        {R"(/machine.slice/machine-my\x2dweb.scope/payload)", "systemd-nspawn", "my-web",
         R"(machine-my\x2dweb.scope)"},
        {R"(/machine.slice/machine-lxc\x2d7\x2dweb.scope)", "libvirt-lxc", "web",
         R"(machine-lxc\x2d7\x2dweb.scope)"}}));

TEST(Cgroup, AVirtualMachineIsAProcessOfTheHost) {
  const std::string scope = R"(machine-qemu\x2d3\x2dweb.scope)";
  EXPECT_EQ(parse_cgroup("/machine.slice/" + scope + "/libvirt/emulator"), unit(scope));
}

TEST(Cgroup, TheServicesOfTalosAreTheNodes) {
  for (const char* path : {"/init", "/system/apid", "/system/trustd", "/podruntime/kubelet",
                           "/podruntime/etcd", "/podruntime/runtime"}) {
    CgroupFacts facts;
    facts.of_node = true;
    EXPECT_EQ(parse_cgroup(path), facts) << path;
  }
  EXPECT_FALSE(parse_cgroup("/x/system/apid").of_node);
}

TEST(Cgroup, APodBelowAServiceOfANodeWithoutSystemdIsAPod) {
  EXPECT_EQ(parse_cgroup("/podruntime/docker/kubepods/burstable/pod" + kPodUid + "/" + kContainer),
            pod(kPodUid, kContainer));
}

TEST(Cgroup, WhatTheCriMadeIsAPodsWhereverItIs) {
  for (const std::string& path :
       {"/k8s.io/" + kContainer, "/system.slice/cri-containerd-" + kContainer + ".scope",
        "/system.slice:cri-containerd:" + kContainer,
        "/system.slice/crio-" + kContainer + ".scope/container", "/custom/crio-" + kContainer}) {
    EXPECT_EQ(parse_cgroup(path), pod("", kContainer)) << path;
  }
  // A user's kubelet has no pods of this node.
  EXPECT_FALSE(parse_cgroup("/user.slice/user-1000.slice/user@1000.service/user.slice/crio-" +
                            kContainer + ".scope")
                   .in_kubepods);
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

CgroupFacts unit_of_user(const std::string& name) {
  CgroupFacts facts = unit(name);
  facts.user = 1000;
  return facts;
}

TEST(Cgroup, UnitsOfAUserAreToldByTheirOwnNamesAndAsThatUsers) {
  EXPECT_EQ(parse_cgroup("/user.slice/user-1000.slice/session-3.scope"), unit("session-3.scope"));
  EXPECT_EQ(parse_cgroup(kManager + "/app.slice/kubelet.service"), unit_of_user("kubelet.service"));
  EXPECT_EQ(parse_cgroup(kManager + "/app.slice/app-dev.slice/web.service"),
            unit_of_user("web.service"));
  EXPECT_EQ(parse_cgroup(kManager + "/init.scope"), unit_of_user("user@1000.service"));
  EXPECT_EQ(parse_cgroup(kManager + "/app.slice/k3s-rootless.service/kubepods/besteffort/pod" +
                         kPodUid + "/" + kContainer),
            unit_of_user("k3s-rootless.service"));
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
  EXPECT_EQ(container_of_node("/machine.slice/" + kLibpod + "/container/init.scope"),
            "/machine.slice/" + kLibpod + "/container");
  EXPECT_EQ(container_of_node("/init.scope"), "");
  EXPECT_EQ(container_of_node("/kubepods/pod" + kPodUid + "/" + kContainer), "");
}

}  // namespace
}  // namespace hostnet
