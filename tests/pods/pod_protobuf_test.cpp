#include "agent/pods/sources/pod_protobuf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "agent/pods/read_pod.h"

namespace hostnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string varint(std::uint64_t value) {
  std::string text;
  for (; value > 0x7f; value >>= 7U) text += static_cast<char>((value & 0x7fU) | 0x80U);
  return text + static_cast<char>(value);
}
std::string bytes(unsigned field, const std::string& value) {
  return varint(field << 3U | 2U) + varint(value.size()) + value;
}
std::string number(unsigned field, std::uint64_t value) {
  return varint(field << 3U) + varint(value);
}

std::string metadata(const std::string& more = "") {
  return bytes(1, bytes(1, "web") + bytes(3, "shop") + bytes(5, "uid-1") + more);
}
Pod read(const std::string& message) {
  return read_pod_json(pod_json_from_protobuf(message).value()).value();
}

TEST(PodProtobuf, DeclaresWhatItsContainersDo) {
  const std::string port =
      bytes(1, "http") + number(2, 8080) + number(3, 80) + bytes(4, "UDP") + bytes(5, "10.0.0.1");
  const std::string main = bytes(2, bytes(1, "main") + bytes(6, port) + bytes(7, "an environment"));
  const std::string sidecar =
      bytes(20, bytes(1, "proxy") + bytes(6, number(2, 9) + number(3, 9)) + bytes(24, "Always"));
  const std::string debugger = bytes(34, bytes(1, bytes(1, "debug")) + bytes(2, "main"));
  const Pod pod = read(metadata() + bytes(2, main + bytes(10, "n1") + sidecar + debugger));
  EXPECT_EQ(pod.namespace_, "shop");
  EXPECT_EQ(pod.uid, "uid-1");
  EXPECT_EQ(pod.node_name, "n1");
  EXPECT_FALSE(pod.host_network);
  ASSERT_EQ(pod.containers.size(), 3U);
  EXPECT_EQ(pod.containers[0].type, ContainerType::sidecar);
  EXPECT_EQ(pod.containers[0].ports.at(0).protocol, Protocol::tcp);
  EXPECT_EQ(pod.containers[1].name, "main");
  EXPECT_THAT(pod.containers[1].ports, ElementsAre(ContainerPort{.name = "http",
                                                                 .protocol = Protocol::udp,
                                                                 .container_port = 80,
                                                                 .host_port = 8080,
                                                                 .host_ip = "10.0.0.1"}));
  EXPECT_EQ(pod.containers[2].name, "debug");
}

TEST(PodProtobuf, TellsOwnersAndHowItsContainersAre) {
  const std::string time = number(1, 1'700'000'000);
  const std::string owner = bytes(13, bytes(1, "DaemonSet") + bytes(3, "ds") + number(6, 1));
  const std::string running = bytes(2, bytes(2, bytes(1, time)));
  const std::string ended =
      bytes(3, bytes(3, number(1, 137) + bytes(6, time) + bytes(7, "containerd://abc")));
  const std::string status = bytes(1, "Running") + bytes(6, "10.1.1.1") +
                             bytes(8, bytes(1, "main") + running + ended + number(4, 1) +
                                          number(5, 3) + bytes(8, "containerd://def"));
  const Pod pod = read(metadata(owner + bytes(9, time)) + bytes(2, bytes(2, bytes(1, "main"))) +
                       bytes(3, status));
  EXPECT_EQ(pod.workload, "DaemonSet/ds");
  EXPECT_EQ(pod.deleted_at, WallTime(std::chrono::seconds(1'700'000'000)));
  EXPECT_EQ(pod.phase, "Running");
  EXPECT_THAT(pod.pod_ips, ElementsAre("10.1.1.1"));
  const Container& container = pod.containers.at(0);
  EXPECT_EQ(container.state, "running");
  EXPECT_EQ(container.id, "def");
  EXPECT_EQ(container.restarts, 3);
  EXPECT_EQ(container.last_termination->exit_code, 137);
  EXPECT_EQ(container.last_termination->id, "abc");
}

TEST(PodProtobuf, TextsAreEscapedAndUnknownFieldsPassedOver) {
  const std::string odd = "a\"\n\x01\xff";
  EXPECT_THAT(
      pod_json_from_protobuf(bytes(1, bytes(1, odd) + bytes(99, "x") + number(98, 5))).value(),
      HasSubstr(R"("name":"a\"\n\u0001)"));
}

TEST(PodProtobuf, BrokenMessagesAreErrors) {
  const std::string whole = metadata() + bytes(2, bytes(2, bytes(1, "main")));
  EXPECT_TRUE(pod_json_from_protobuf(whole));
  for (const std::string& broken : {
           whole.substr(0, whole.size() - 1),  // cut
           number(1, 5),                       // metadata as a number
           metadata() + std::string("\x0b"),   // a group
           std::string(11, '\xff'),            // an endless varint
           bytes(1, number(1, 7)),             // a name as a number
           std::string("\x00\x00", 2),         // field 0
       }) {
    EXPECT_FALSE(pod_json_from_protobuf(broken)) << testing::PrintToString(broken);
  }
}

TEST(PodProtobuf, TheMaskNamesWhatIsReadAndNoEnvironment) {
  const std::string mask = pod_field_mask();
  for (const char* path : {"metadata.uid", "spec.containers.ports", "spec.ephemeralContainers.name",
                           "status.containerStatuses.state.terminated.exitCode"}) {
    EXPECT_THAT("," + mask + ",", HasSubstr("," + std::string(path) + ","));
  }
  EXPECT_THAT(mask, testing::Not(HasSubstr("env")));
  EXPECT_THAT(mask, testing::Not(HasSubstr(",spec.containers,")));
}

}  // namespace
}  // namespace hostnet
