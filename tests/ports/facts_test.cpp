#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "agent/ports/holder_name.h"
#include "agent/ports/owners/kernel_socket.h"
#include "agent/ports/owners/process.h"
#include "agent/ports/pod_index.h"
#include "agent/ports/port_ranges.h"

namespace hostnet {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ProcessStat, ANameMayHoldParenthesesAndSpaces) {
  const auto stat = parse_process_stat(
      "812 (a) R 1 (x) S 5 812 700 0 -1 4194560 1 0 0 0 5 3 0 0 20 0 1 0 4711 100 5\n");
  ASSERT_TRUE(stat) << stat.error().message;
  EXPECT_EQ(stat->comm, "a) R 1 (x");
  EXPECT_EQ(stat->parent, 5);
  EXPECT_EQ(stat->session, 700);
  EXPECT_EQ(stat->start_time, 4711U);
}

TEST(ProcessStat, WhatIsCutShortIsMalformed) {
  for (const char* text : {"", "812", "812 (a", ") (", "812 (a) S 1 2 3", "1 (a) S x 2 3 4"}) {
    EXPECT_EQ(parse_process_stat(text).error().reason, Reason::malformed) << text;
  }
}

TEST(PortRanges, ReadAsTheKernelWritesThem) {
  EXPECT_EQ(*parse_port_range("32768\t60999\n"), (PortRange{32768, 60999}));
  EXPECT_THAT(*parse_port_list("8080,9148-9150\n"),
              ElementsAre(PortRange{8080, 8080}, PortRange{9148, 9150}));
  EXPECT_THAT(*parse_port_list("\n"), IsEmpty());
}

TEST(PortRanges, NonsenseIsNamed) {
  for (const char* text : {"", "1", "9 1", "1 70000", "a b"}) EXPECT_FALSE(parse_port_range(text));
  EXPECT_EQ(parse_port_list("80,x-9").error().message, "not a port or range of ports: 'x-9'");
}

TEST(KernelSocket, ATunnelsSocketIsBoundToEverythingOnItsPort) {
  Link vxlan;
  vxlan.name = "vxlan0";
  vxlan.tunnel_port = 4789;
  vxlan.tunnel_link = 7;
  const std::vector<Link> links{Link{}, vxlan};
  Socket socket;
  socket.protocol = Protocol::udp;
  socket.state = SocketState::close;
  socket.local_port = 4789;
  ASSERT_NE(tunnel_of(socket, links), nullptr);
  EXPECT_EQ(tunnel_of(socket, links)->name, "vxlan0");
  socket.interface = 7;
  EXPECT_NE(tunnel_of(socket, links), nullptr);
  socket.interface = 8;
  EXPECT_EQ(tunnel_of(socket, links), nullptr);
  socket.interface = 0;
  socket.local.bytes[0] = 10;
  EXPECT_EQ(tunnel_of(socket, links), nullptr);
}

TEST(KernelSocket, AClientsPortIsThePeersAndNoListenersHere) {
  const auto is_kernels = [](std::uint16_t local, std::uint16_t peer) {
    Socket socket;
    socket.protocol = Protocol::tcp;
    socket.local_port = local;
    socket.peer_port = peer;
    return is_of_kernel_service(socket);
  };
  for (const std::uint16_t port : std::to_array<std::uint16_t>({564, 3300, 6789, 7000})) {
    EXPECT_TRUE(is_kernels(40000, port)) << port;
    EXPECT_FALSE(is_kernels(port, 0)) << port;
    EXPECT_FALSE(is_kernels(port, 40000)) << port;
  }
  for (const std::uint16_t port : std::to_array<std::uint16_t>({445, 2049, 3260, 4420})) {
    EXPECT_TRUE(is_kernels(40000, port)) << port;
    EXPECT_TRUE(is_kernels(port, 0)) << port;
  }
}

Holder holder_in_pod(const std::string& uid) {
  Holder holder;
  holder.owner.kind = HolderKind::pod;
  holder.owner.pod_uid = uid;
  holder.owner.processes = {{7, "web"}};
  return holder;
}

TEST(PodIndex, NamesAPodByItsUidAndAStaticPodByItsHash) {
  PodSnapshot pods;
  Pod web;
  web.namespace_ = "default";
  web.name = "web-1";
  web.uid = "uid-1";
  web.deleted_at = WallTime{};
  Pod etcd;
  etcd.namespace_ = "kube-system";
  etcd.name = "etcd-n1";
  etcd.uid = "mirror-uid";
  etcd.config_hash = "36b6d6be73b1065af369b3985edafa09";
  pods.pods = {web, etcd};
  std::vector<Holder> holders{holder_in_pod("uid-1"), holder_in_pod(etcd.config_hash),
                              holder_in_pod("mirror-uid"), holder_in_pod("nobody")};
  const auto name_by = [&](const PodIndex& index) {
    for (Holder& holder : holders) index.name(holder);
  };
  name_by(PodIndex(std::make_shared<const PodSnapshot>(pods)));
  EXPECT_EQ(holders[0].name, "default/web-1");
  EXPECT_TRUE(holders[0].pod_terminating);
  EXPECT_EQ(holders[1].name, "kube-system/etcd-n1");
  EXPECT_EQ(holders[2].name, "kube-system/etcd-n1");
  EXPECT_EQ(holders[3].name, "web");
  EXPECT_EQ(holders[3].namespace_, "");

  name_by(PodIndex());
  EXPECT_EQ(holders[0].pod, "");
  EXPECT_FALSE(holders[0].pod_terminating);
}

TEST(HolderName, IsTheUnitThenTheProcessThenWhatThereIs) {
  Holder holder;
  EXPECT_EQ(name_of(holder), "");
  holder.owner.unit = "user.slice";
  EXPECT_EQ(name_of(holder), "user.slice");
  holder.owner.processes = {{7, "nginx"}};
  EXPECT_EQ(name_of(holder), "nginx");
  holder.owner.unit = "nginx.service";
  EXPECT_EQ(name_of(holder), "nginx.service");
  holder.owner.kind = HolderKind::kernel;
  holder.device = "flannel.1";
  EXPECT_EQ(name_of(holder), "flannel.1");
}

TEST(HolderName, OfAContainerIsItsRuntimeAndItsIdAndWhoseItIs) {
  Holder holder;
  holder.owner.kind = HolderKind::unmanaged_container;
  holder.owner.container_runtime = "podman";
  holder.owner.processes = {{7, "rootlessport"}};
  EXPECT_EQ(name_of(holder), "podman");
  EXPECT_EQ(former_name_of(holder), "rootlessport");
  holder.owner.container_id = "0123456789ab";
  EXPECT_EQ(name_of(holder), "podman 0123456789ab");
  holder.owner.user = 1000;
  holder.owner.unit = "web.service";
  holder.owner.cgroup = "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service";
  EXPECT_EQ(name_of(holder), "podman 0123456789ab of uid 1000");
  EXPECT_EQ(former_name_of(holder), "user@1000.service");
  holder.owner.user.reset();
  holder.owner.cgroup = "/system.slice/web.service/libpod-payload-0123456789ab";
  EXPECT_EQ(former_name_of(holder), "web.service");
}

TEST(HolderName, FormerlyOfASocketUnitWasItsServicesOrSystemds) {
  Holder holder;
  holder.owner.kind = HolderKind::unmanaged_process;
  holder.owner.unit = "console.socket";
  EXPECT_EQ(former_name_of(holder), "init.scope");
  holder.owner.unit_service = "console.service";
  EXPECT_EQ(former_name_of(holder), "console.service");
  holder.owner.unit = "nginx.service";
  holder.owner.unit_service = "";
  EXPECT_EQ(former_name_of(holder), "");
}

}  // namespace
}  // namespace hostnet
