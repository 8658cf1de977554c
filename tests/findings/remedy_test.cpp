#include "agent/findings/context/remedy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/findings/context/words.h"
#include "agent/ports/port_ranges.h"
#include "tests/findings/scene.h"

namespace hostnet {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string remedy_for(const Owner& owner) {
  DeclaredPort port;
  port.port = 8080;
  return remedy_against(listener("0.0.0.0", 8080, owner), port);
}

Owner process_owner(const std::string& unit, const std::string& comm, int pid) {
  return unit_owner(unit, comm, pid);
}

TEST(Remedy, StopsAUnitOrChangesThePort) {
  EXPECT_EQ(remedy_for(process_owner("nginx.service", "nginx", 812)),
            "systemctl stop nginx.service, or change the pod's port");
}

TEST(Remedy, NeverStopsWhatKeepsTheNodeReachable) {
  const std::vector<Owner> untouchable{
      process_owner("ssh.service", "sshd", 700),
      process_owner("sshd.service", "sshd", 700),
      process_owner("ssh@1-2.service", "sshd", 700),
      process_owner("something.service", "sshd", 700),
      process_owner("dropbear.service", "dropbear", 700),
      process_owner("dropbear@1.service", "dropbear", 700),
      process_owner("init.scope", "systemd", 1),
      process_owner("ssh.socket", "systemd", 1),
      process_owner("user@1000.service", "python3", 900),
      process_owner("session-3.scope", "python3", 901),
      process_owner("systemd-networkd.service", "systemd-network", 300),
      process_owner("frr.service", "bgpd", 301),
      process_owner("tailscaled.service", "tailscaled", 302),
      process_owner("wg-quick@wg0.service", "wg", 303),
      process_owner("cron.service", "python3", 304),
      process_owner("", "python3", 902),
      component_owner("kubelet", 600),
      component_owner("containerd", 601),
      unknown_owner(),
      kernel_owner()};
  for (const Owner& owner : untouchable) {
    const std::string remedy = remedy_for(owner);
    EXPECT_THAT(remedy, Not(AnyOf(HasSubstr(" stop"), HasSubstr("kill"), HasSubstr("restart"))))
        << owner.unit;
    EXPECT_FALSE(remedy.empty());
  }
}

TEST(Remedy, NeverStopsAContainerThatIsANodeComponent) {
  Owner etcd = container_owner("docker", std::string(64, 'a'), "etcd", 5);
  etcd.runs_component = true;
  EXPECT_EQ(remedy_for(etcd), "change the pod's port; inspect with: ps -o pid,ppid,user,args -p 5");
}

TEST(Remedy, NamesTheProxyDeviceOfAnInstance) {
  EXPECT_EQ(remedy_for(container_owner("lxd", "", "lxd", 5)),
            "remove the instance's proxy device that listens on 8080 (lxc list, then lxc config "
            "device show INSTANCE), or change the pod's port");
  EXPECT_THAT(remedy_for(container_owner("incus", "", "incusd", 5)), HasSubstr("incus list"));
}

TEST(Remedy, LeavesADaemonAloneWhoseNetworksDnsmasqHasThePort) {
  const auto remedy_for_dnsmasq = [](const std::string& unit) {
    Owner owner = process_owner(unit, "dnsmasq", 900);
    owner.exe = "/usr/sbin/dnsmasq";
    return remedy_for(owner);
  };
  EXPECT_EQ(remedy_for_dnsmasq("libvirtd.service"),
            "stop the network that virsh net-list shows (virsh net-destroy NAME), or change the "
            "pod's port");
  EXPECT_THAT(remedy_for_dnsmasq("incus.service"), HasSubstr("incus network list"));
  EXPECT_THAT(remedy_for_dnsmasq("snap.lxd.daemon.service"), HasSubstr("lxc network list"));
  EXPECT_THAT(remedy_for_dnsmasq("dnsmasq.service"), HasSubstr("systemctl stop dnsmasq.service"));
}

TEST(Remedy, LeavesNfsClientsMostOfTheirPorts) {
  const auto advised = [](std::uint16_t port) {
    Owner kernel;
    kernel.kind = HolderKind::kernel;
    DeclaredPort declared;
    declared.port = port;
    return remedy_against(connection("10.0.0.1", port, "10.0.0.9", 2049, kernel), declared);
  };
  EXPECT_EQ(advised(1023),
            "sysctl -w sunrpc.max_resvport=1022 before the next mount, or change the pod's port: a "
            "mounted NFS uses this one");
  EXPECT_THAT(advised(1020), HasSubstr("sunrpc.max_resvport=1019 "));
  EXPECT_THAT(advised(995), HasSubstr("sunrpc.max_resvport=994 "));
  EXPECT_THAT(advised(700), HasSubstr("sunrpc.min_resvport=701 "));
}

TEST(Remedy, NamesTheServicesOfASwarmWhosePortsDockerdHolds) {
  Owner daemon = container_owner("docker", "", "dockerd", 5);
  daemon.exe = "/usr/bin/dockerd";
  EXPECT_EQ(remedy_for(daemon),
            "stop the container that docker ps --filter publish=8080 shows or, in a swarm, remove "
            "the port from the service that docker service ls shows, or change the pod's port");
}

TEST(Remedy, ShowsHowToInspectAProcessOfASession) {
  EXPECT_EQ(remedy_for(process_owner("session-3.scope", "python3", 901)),
            "change the pod's port; inspect with: ps -o pid,ppid,user,args -p 901");
  EXPECT_EQ(remedy_for(unknown_owner()), "ss -tlnp 'sport = :8080'");
}

TEST(Remedy, StopsAContainerWithItsRuntime) {
  const std::string id = "0123456789abcdef" + std::string(48, '0');
  EXPECT_EQ(remedy_for(container_owner("docker", id, "nginx", 5)),
            "docker stop 0123456789ab, or change the pod's port");
  EXPECT_EQ(remedy_for(container_owner("podman", id, "nginx", 5)),
            "podman stop 0123456789ab, or change the pod's port");
  EXPECT_THAT(remedy_for(container_owner("lxc", "web", "nginx", 5)), HasSubstr("lxc-stop -n web"));
  EXPECT_THAT(remedy_for(container_owner("container", id, "nginx", 5)), HasSubstr("ps -o"));
  Owner named = container_owner("containerd", "web", "nginx", 5);
  named.cgroup = "/default/web";
  EXPECT_THAT(remedy_for(named), HasSubstr("nerdctl --namespace default stop web"));
  Owner rootless = container_owner("podman", id, "nginx", 5);
  rootless.user = 1000;
  EXPECT_EQ(
      remedy_for(rootless),
      "sudo -u '#1000' XDG_RUNTIME_DIR=/run/user/1000 podman stop 0123456789ab, or change the "
      "pod's port");
  Owner proxy = container_owner("docker", "", "docker-proxy", 5);
  proxy.unit = "docker.service";
  EXPECT_EQ(remedy_for(proxy),
            "stop the container that docker ps --filter publish=8080 shows, or change the pod's "
            "port");
  EXPECT_EQ(who(listener("0.0.0.0", 8080, proxy)), "a container of docker (docker-proxy, pid 5)");
}

TEST(Remedy, StopsASocketUnitWithItsService) {
  Owner idle = process_owner("console.socket", "systemd", 1);
  idle.exe = "/usr/lib/systemd/systemd";
  EXPECT_EQ(remedy_for(idle), "systemctl stop console.socket, or change the pod's port");
  Owner served = process_owner("console.socket", "python3", 60);
  served.processes.push_back({1, "systemd"});
  served.unit_service = "console.service";
  EXPECT_EQ(remedy_for(served),
            "systemctl stop console.socket console.service, or change the pod's port");
  served.unit_service = "ssh.service";
  EXPECT_THAT(remedy_for(served), Not(HasSubstr("stop")));
}

TEST(Remedy, AsksAUsersManagerToStopThatUsersUnit) {
  Owner owner = process_owner("web.service", "nginx", 60);
  owner.user = 1000;
  EXPECT_EQ(remedy_for(owner),
            "sudo -u '#1000' XDG_RUNTIME_DIR=/run/user/1000 systemctl --user stop web.service, or "
            "change the pod's port");
}

TEST(Remedy, QuotesWhatAShellWouldReadOtherwise) {
  EXPECT_EQ(remedy_for(process_owner("a;reboot;.service", "x", 5)),
            "systemctl stop 'a;reboot;.service', or change the pod's port");
  EXPECT_EQ(shell_word("it's"), R"('it'\''s')");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("-rf"), "'-rf'");
  EXPECT_EQ(shell_word("getty@tty1.service"), "getty@tty1.service");
}

TEST(PortList, MergesNeighboursAndOverlaps) {
  EXPECT_EQ(port_list({{30003, 30003}, {9100, 9100}}), "9100,30003");
  EXPECT_EQ(port_list({{10, 12}, {13, 13}, {11, 20}, {22, 22}}), "10-20,22");
  EXPECT_EQ(port_list({{65535, 65535}, {65534, 65535}}), "65534-65535");
  EXPECT_EQ(port_list({}), "");
}

TEST(FindingId, IsStableAndToldApartByEveryPart) {
  const auto id = [](Verdict verdict, Protocol protocol, std::uint16_t port, const char* host_ip,
                     const char* pod, const char* container) {
    return finding_id(verdict, protocol, port, host_ip, pod, container);
  };
  const auto one = id(Verdict::other_pod, Protocol::tcp, 80, "0.0.0.0", "u", "c");
  EXPECT_EQ(one.size(), 16U);
  EXPECT_EQ(one, "f7afc9c8eff80a32");
  EXPECT_NE(one, id(Verdict::time_wait, Protocol::tcp, 80, "0.0.0.0", "u", "c"));
  EXPECT_NE(one, id(Verdict::other_pod, Protocol::udp, 80, "0.0.0.0", "u", "c"));
  EXPECT_NE(one, id(Verdict::other_pod, Protocol::tcp, 81, "0.0.0.0", "u", "c"));
  EXPECT_NE(one, id(Verdict::other_pod, Protocol::tcp, 80, "::", "u", "c"));
  EXPECT_NE(one, id(Verdict::other_pod, Protocol::tcp, 80, "0.0.0.0", "v", "c"));
  EXPECT_NE(one, id(Verdict::other_pod, Protocol::tcp, 80, "0.0.0.0", "u", "d"));
  EXPECT_NE(id(Verdict::other_pod, Protocol::tcp, 80, "", "uc", ""),
            id(Verdict::other_pod, Protocol::tcp, 80, "", "u", "c"));
}

TEST(FindingId, FallsBackToNamespaceAndNameWithoutUid) {
  Declaration declaration;
  declaration.port.namespace_ = "default";
  declaration.port.pod = "web";
  const Scene scene;
  const FindingContext context(scene.table, scene.pods, scene.policy, kNow);
  EXPECT_EQ(finding_about(Verdict::other_pod, declaration, context).id,
            finding_id(Verdict::other_pod, Protocol::tcp, 0, "", "default/web", ""));
}

}  // namespace
}  // namespace hostnet
