#include "netlink/node/recording/recording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "netlink/node/node.h"
#include "netlink/node/recording/recorder.h"
#include "netlink/node/recording/replay.h"
#include "netlink/rtnetlink/rtnetlink.h"
#include "netlink/sock_diag.h"
#include "tests/node/recording_scene.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// Every question once; the answers as text.
std::vector<std::string> interview(const Node& node) {
  std::vector<std::string> answers;
  const auto say = [&](const auto& result, const auto& text) {
    answers.push_back(result ? text(*result)
                             : std::string(to_string(result.error().reason)) + " " +
                                   std::to_string(result.error().system_error) + " " +
                                   result.error().message);
  };
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  const auto same = [](const std::string& text) { return text; };
  for (const auto* path : {"proc/812/comm", "proc/812/status", "proc/7/comm", "proc/812",
                           "proc/../etc/passwd", "proc/sys/net/ipv4/ip_local_port_range"}) {
    say(node.files->read(path), same);
    say(node.files->link(path), same);
    say(node.files->inode(path), number);
    answers.emplace_back(node.files->exists(path) ? "there" : "not there");
    say(node.files->list(path), [](const std::vector<std::string>& names) {
      std::string all;
      for (const auto& name : names) all += name + ",";
      return all;
    });
  }
  say(node.files->link("proc/812/exe"), same);
  say(node.files->inode("proc/1/ns/net"), number);
  for (std::uint64_t id = 1; id < 110; ++id) say(node.files->cgroup_path(id), same);
  for (const int pid : {1, 812, 900, 901}) {
    std::vector<SocketDescriptor> sockets;
    const auto done = node.files->socket_descriptors(pid, sockets);
    answers.push_back(done ? "ok" : done.error().message);
    for (const auto& socket : sockets) answers.push_back(std::to_string(socket.inode));
    say(node.files->socket_inode(pid, 3), number);
  }
  const auto links = read_links(*node.netlink).value();
  for (const auto& link : links) answers.push_back(link.name);
  const auto addresses = read_addresses(*node.netlink).value();
  for (const auto& address : addresses) {
    answers.push_back(address.ip.to_string());
  }
  for (const auto protocol : {Protocol::tcp, Protocol::udp, Protocol::sctp}) {
    for (const auto family : {AddressFamily::ipv4, AddressFamily::ipv6}) {
      const auto sockets = read_sockets(*node.netlink, {.protocol = protocol,
                                                        .family = family,
                                                        .states = state_bit(SocketState::listen) |
                                                                  state_bit(SocketState::close)});
      say(sockets, [&](const std::vector<Socket>& all) {
        std::string text;
        for (const auto& s : all) text += s.local.to_string() + " " + std::to_string(s.inode) + ",";
        return text;
      });
    }
  }
  return answers;
}

TEST_F(Recording, SocketOptionsAreAnsweredBySocketWhoeverHasItOpen) {
  const BindOptions dual{
      .reuse_address = true, .reuse_port = false, .v6only = false, .device = "br 0"};
  const Error denied{Reason::denied, EPERM, "reading the options of socket 8: Yama forbids it"};
  auto builder = small_node();
  builder.identity().shows_bound_inactive = false;
  builder.options(7, dual).options(8, std::unexpected(denied));
  ASSERT_TRUE(builder.write_recording(directory_));
  const Node replayed = replayed_node(directory_).value();
  EXPECT_EQ(replayed.socket_options->read(812, 5, 7), dual);
  EXPECT_EQ(replayed.socket_options->read(1, 3, 7), dual);
  EXPECT_EQ(replayed.socket_options->read(812, 6, 8).error(), denied);
  const auto unasked = replayed.socket_options->read(812, 7, 9);
  ASSERT_FALSE(unasked);
  EXPECT_EQ(unasked.error().reason, Reason::unsupported);
  EXPECT_THAT(unasked.error().message, HasSubstr("socket 9"));
  EXPECT_EQ(replayed.identity.shows_bound_inactive, false);
}

TEST_F(Recording, LegacyIptablesAreRecordedByFamily) {
  struct OneTable final : IpTables {
    IpTableBytes bytes{.valid_hooks = 0x1B,
                       .hook_entry = {0, 1, 2, 3, 0xFFFFFFFF},
                       .underflow = {5, 6, 7, 8, 9},
                       .entries = {std::byte{0}, std::byte{0xAB}, std::byte{0xFF}}};
    Result<IpTableBytes> table(AddressFamily family, const std::string& name) const override {
      if (family == AddressFamily::ipv4 && name == "nat") return bytes;
      return failure(Reason::denied, "reading ip6tables' nat table");
    }
  };
  Node node = small_node().build();
  node.ip_tables = std::make_shared<const OneTable>();
  const auto recorder = record_node(std::move(node), directory_).value();
  const IpTables& live = *recorder->node().ip_tables;
  const auto table = live.table(AddressFamily::ipv4, "nat");
  ASSERT_TRUE(table);
  static_cast<void>(live.table(AddressFamily::ipv6, "nat"));
  ASSERT_TRUE(recorder->finish());
  const Node replayed = replayed_node(directory_).value();
  EXPECT_EQ(replayed.ip_tables->table(AddressFamily::ipv4, "nat"), table);
  EXPECT_EQ(replayed.ip_tables->table(AddressFamily::ipv6, "nat").error().reason, Reason::denied);
}

TEST_F(Recording, IptablesThatNobodyAskedForAreUnsupported) {
  ASSERT_TRUE(small_node().write_recording(directory_));
  const Node replayed = replayed_node(directory_).value();
  const auto table = replayed.ip_tables->table(AddressFamily::ipv4, "nat");
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().reason, Reason::unsupported);
  EXPECT_THAT(table.error().message, HasSubstr("the nat table of ipv4"));
}

TEST_F(Recording, SocketsOfBothFamiliesAtOnceAreLeftToTheRequestsOfEach) {
  auto builder = small_node();
  builder.netlink().answers[{NETLINK_SOCK_DIAG, TCPDIAG_GETSOCK}] = {};
  const NetlinkRequest both = tcp_request_of_both_families({});
  const DumpSink sink{[] {}, [](const NetlinkMessage&) -> Result<> { return {}; }};
  ASSERT_TRUE(builder.build().netlink->dump(both, sink));
  auto recorder = record_node(builder.build(), directory_).value();
  const auto refused = recorder->node().netlink->dump(both, sink);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::unsupported);
}

TEST_F(Recording, AReplayGivesEveryAnswerThatTheNodeGave) {
  auto builder = small_node();
  builder.netlink().socket_failures.emplace(
      Protocol::sctp, Error{Reason::unsupported, ENOENT, "listing sctp sockets: not here"});
  auto recorder = record_node(builder.build(), directory_).value();
  const auto live = interview(recorder->node());
  ASSERT_TRUE(recorder->finish());
  const Node replayed = replayed_node(directory_).value();
  EXPECT_EQ(interview(replayed), live);
  EXPECT_EQ(interview(builder.build()), live);
  EXPECT_EQ(replayed.identity, builder.identity());
}

TEST_F(Recording, TheRealMachineReplaysAsItWas) {
  auto recorder = record_node(live_node({}).value(), directory_).value();
  const Node& live = recorder->node();
  const auto status = live.files->read("proc/self/status");
  const auto loopback = live.files->link("sys/class/net/lo");
  const auto links = read_links(*live.netlink).value();
  const SocketQuery listening{.protocol = Protocol::tcp,
                              .family = AddressFamily::ipv4,
                              .states = state_bit(SocketState::listen)};
  const auto sockets = read_sockets(*live.netlink, listening);
  std::vector<SocketDescriptor> descriptors;
  ASSERT_TRUE(live.files->socket_descriptors(::getpid(), descriptors));
  ASSERT_TRUE(recorder->finish());
  const Node replayed = replayed_node(directory_).value();
  EXPECT_EQ(replayed.files->read("proc/self/status"), status);
  EXPECT_EQ(replayed.files->link("sys/class/net/lo"), loopback);
  EXPECT_EQ(read_links(*replayed.netlink).value(), links);
  EXPECT_EQ(read_sockets(*replayed.netlink, listening), sockets);
  std::vector<SocketDescriptor> again;
  ASSERT_TRUE(replayed.files->socket_descriptors(::getpid(), again));
  EXPECT_EQ(again, descriptors);
  EXPECT_EQ(replayed.identity, live.identity);
}

TEST_F(Recording, APortThatNobodyAskedForThenIsAnswered) {
  auto recorder = record_node(small_node().build(), directory_).value();
  SocketQuery query{.protocol = Protocol::tcp,
                    .family = AddressFamily::ipv4,
                    .states = state_bit(SocketState::listen)};
  ASSERT_THAT(read_sockets(*recorder->node().netlink, query).value(), SizeIs(1));
  ASSERT_TRUE(recorder->finish());
  const Node replayed = replayed_node(directory_).value();
  query.states = kEverySocketState;
  query.ports = {9000};
  const auto without_memory = read_sockets(*replayed.netlink, query).value();
  ASSERT_THAT(without_memory, SizeIs(1));
  EXPECT_FALSE(without_memory[0].drops);
  query.memory = true;
  EXPECT_EQ(read_sockets(*replayed.netlink, query).value()[0].drops, 5U);
  query.protocol = Protocol::udp;
  const auto unasked = read_sockets(*replayed.netlink, query);
  ASSERT_FALSE(unasked);
  EXPECT_EQ(unasked.error().reason, Reason::unsupported);
  EXPECT_THAT(unasked.error().message, HasSubstr("not in the recording"));
}

TEST_F(Recording, WhatWasNotAskedForIsUnsupportedAndNamed) {
  ASSERT_TRUE(NodeBuilder().write_recording(directory_));
  const Node node = replayed_node(directory_).value();
  const auto read = node.files->read("proc/4242/comm");
  EXPECT_EQ(read.error().reason, Reason::unsupported);
  EXPECT_EQ(read.error().message, "not in the recording: proc/4242/comm");
  EXPECT_EQ(node.files->read("proc/1").error().reason, Reason::unsupported);
  EXPECT_EQ(node.files->cgroup_path(987).error().message, "not in the recording: cgroup 987");
  std::vector<SocketDescriptor> sockets;
  EXPECT_EQ(node.files->socket_descriptors(4242, sockets).error().reason, Reason::unsupported);
  const NetlinkRequest request{
      .family = 12, .type = 1, .flags = 0x300, .body = {}, .doing = "listing x"};
  EXPECT_EQ(node.netlink->dump(request, {}).error().message, "not in the recording: listing x");
  EXPECT_EQ(node.netlink->subscribe(0, {}).value()->descriptor(), -1);
}

TEST_F(Recording, TheLastAnswerIsKeptAndTheClockStands) {
  NodeBuilder builder;
  auto files = std::make_shared<MemoryFiles>();
  files->put_file("proc/uptime", "1");
  Node node = builder.build();
  node.files = files;
  auto recorder = record_node(node, directory_).value();
  ASSERT_TRUE(recorder->node().files->read("proc/uptime"));
  ASSERT_FALSE(recorder->node().files->read("proc/stat"));
  files->put_file("proc/uptime", "2");
  files->put_file("proc/stat", "cpu");
  ASSERT_TRUE(recorder->node().files->read("proc/uptime"));
  ASSERT_TRUE(recorder->node().files->read("proc/stat"));
  builder.clock()->advance(std::chrono::seconds(5));
  const auto wall = builder.clock()->wall();
  ASSERT_TRUE(recorder->finish());
  builder.clock()->advance(std::chrono::seconds(5));
  const Node replayed = replayed_node(directory_).value();
  EXPECT_EQ(replayed.files->read("proc/uptime").value(), "2");
  EXPECT_EQ(replayed.files->read("proc/stat").value(), "cpu");
  EXPECT_EQ(replayed.clock->wall(), wall);
  EXPECT_EQ(replayed.clock->steady(), replayed.clock->steady());
}

TEST_F(Recording, NamesAndContentsMayBeAnyBytes) {
  const std::string bytes("\x00\xff%\n\"", 5);
  NodeBuilder builder;
  builder.file("proc/a", bytes).file_link("proc/7/exe", "/x\xff%41 (deleted)\n");
  builder.cgroup("/machine\xe9");
  ASSERT_TRUE(builder.write_recording(directory_));
  const Node node = replayed_node(directory_).value();
  EXPECT_EQ(node.files->read("proc/a").value(), bytes);
  EXPECT_EQ(node.files->link("proc/7/exe").value(), "/x\xff%41 (deleted)\n");
  EXPECT_THAT(node.files->list("sys/fs/cgroup").value(), ::testing::Contains("machine\xe9"));
}

TEST_F(Recording, OtherModulesAttachDocumentsOfTheirOwn) {
  auto recorder = record_node(NodeBuilder().build(), directory_).value();
  EXPECT_TRUE(recorder->attach("pods.json", "[1]"));
  EXPECT_TRUE(recorder->attach("pods.json", "[2]"));
  for (const auto* name : {"", "..", ".hidden", "a/b", "index.json", "index.json.partial", "proc",
                           "sys", "netlink", "a b"}) {
    EXPECT_EQ(recorder->attach(name, "").error().reason, Reason::malformed) << name;
    EXPECT_EQ(recorded_attachment(directory_, name).error().reason, Reason::malformed) << name;
  }
  ASSERT_TRUE(recorder->finish());
  EXPECT_EQ(recorded_attachment(directory_, "pods.json").value(), "[2]");
  EXPECT_EQ(recorded_attachment(directory_, "flags.json").error().reason, Reason::vanished);
}

TEST_F(Recording, ManyThreadsMayAskAtOnce) {
  auto recorder = record_node(small_node().build(), directory_).value();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { interview(recorder->node()); });
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE(recorder->finish());
  EXPECT_EQ(interview(replayed_node(directory_).value()), interview(small_node().build()));
}

}  // namespace
}  // namespace hostnet
