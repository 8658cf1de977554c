#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <span>

#include "netlink/bind_events/decode_bind_event.h"
#include "netlink/bind_events/wire.h"

namespace hostnet {
namespace {

hostnet_bind_event refused_on_8080() {
  hostnet_bind_event wire{};
  wire.kind = HOSTNET_BIND_REFUSED;
  wire.port = 8080;
  wire.protocol = IPPROTO_TCP;
  wire.family = AF_INET;
  wire.address[0] = 10;
  wire.address[3] = 7;
  wire.binder.at = 1'000'000'005;
  wire.binder.cgroup = 77;
  wire.binder.ancestors[0] = 5;
  wire.binder.process = wire.binder.thread = 812;
  wire.binder.user = 33;
  std::ranges::copy(std::string_view("nginx"), std::begin(wire.binder.comm));
  return wire;
}

Result<BindEvent> decode(const hostnet_bind_event& wire) {
  return decode_bind_event(std::as_bytes(std::span(&wire, 1)));
}

TEST(BindEvent, TellsWhoWasRefusedWhat) {
  const auto event = decode(refused_on_8080()).value();
  EXPECT_EQ(event.kind, BindEvent::Kind::refused);
  EXPECT_EQ(event.protocol, Protocol::tcp);
  EXPECT_EQ(event.port, 8080);
  EXPECT_EQ(event.address.to_string(), "10.0.0.7");
  EXPECT_EQ(event.error, 0);
  EXPECT_EQ(event.binder.at.time_since_epoch().count(), 1'000'000'005);
  EXPECT_EQ(event.binder.cgroup, 77U);
  EXPECT_EQ(event.binder.ancestors[0], 5U);
  EXPECT_EQ(event.binder.process, 812);
  EXPECT_EQ(event.binder.user, 33U);
  EXPECT_EQ(event.binder.comm, "nginx");
  EXPECT_FALSE(event.before);
}

TEST(BindEvent, TellsWhoBoundThePortBefore) {
  auto wire = refused_on_8080();
  wire.before = wire.binder;
  wire.before.process = wire.before.thread = 9;
  EXPECT_EQ(decode(wire).value().before->process, 9);
}

TEST(BindEvent, OfASuccessTheAddressIsNotKnown) {
  auto wire = refused_on_8080();
  wire.kind = HOSTNET_BIND_DONE;
  wire.family = AF_INET6;
  const auto event = decode(wire).value();
  EXPECT_EQ(event.kind, BindEvent::Kind::done);
  EXPECT_EQ(event.address.to_string(), "::");
}

TEST(BindEvent, ACommMayFillItsFieldAndHoldAnyByte) {
  auto wire = refused_on_8080();
  std::ranges::fill(wire.binder.comm, '\x1b');
  EXPECT_EQ(decode(wire).value().binder.comm, std::string(16, '\x1b'));
}

TEST(BindEvent, WhatTheProgramsCannotWriteIsMalformed) {
  const std::function<void(hostnet_bind_event&)> wrong[]{
      [](auto& wire) { wire.kind = 3; },
      [](auto& wire) { wire.port = 0; },
      [](auto& wire) { wire.protocol = IPPROTO_SCTP; },
      [](auto& wire) { wire.family = AF_UNIX; },
      [](auto& wire) { wire.error = 5000; },
      [](auto& wire) { wire.binder.process = 0; },
      [](auto& wire) { wire.binder.thread = 0x80000000; },
      [](auto& wire) { wire.before.cgroup = 1; },  // of nobody
  };
  for (const auto& spoil : wrong) {
    auto wire = refused_on_8080();
    spoil(wire);
    const auto event = decode(wire);
    ASSERT_FALSE(event);
    EXPECT_EQ(event.error().reason, Reason::malformed);
  }
  const auto whole = refused_on_8080();
  const auto bytes = std::as_bytes(std::span(&whole, 1));
  EXPECT_FALSE(decode_bind_event(bytes.first(bytes.size() - 1)));
  EXPECT_FALSE(decode_bind_event({}));
}

}  // namespace
}  // namespace hostnet
