#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

TEST(Sockstat, GivesEveryProtocolAndItsMemoryInBytes) {
  NodeBuilder builder;
  builder.identity().page_size = 16384;
  builder.file("proc/1/net/sockstat",
               "sockets: used 22\nTCP: inuse 4 orphan 1 tw 2 alloc 5 mem 144\n"
               "FRAG: inuse 0 memory 7\n");
  builder.file("proc/1/net/sockstat6", "TCP6: inuse 3\n");
  EXPECT_EQ(*TestCollector("sockstat").page(builder.build()),
            "# TYPE node_sockstat_FRAG_inuse gauge\nnode_sockstat_FRAG_inuse 0\n"
            "# TYPE node_sockstat_FRAG_memory gauge\nnode_sockstat_FRAG_memory 7\n"
            "# TYPE node_sockstat_TCP6_inuse gauge\nnode_sockstat_TCP6_inuse 3\n"
            "# TYPE node_sockstat_TCP_alloc gauge\nnode_sockstat_TCP_alloc 5\n"
            "# TYPE node_sockstat_TCP_inuse gauge\nnode_sockstat_TCP_inuse 4\n"
            "# TYPE node_sockstat_TCP_mem gauge\nnode_sockstat_TCP_mem 144\n"
            "# TYPE node_sockstat_TCP_mem_bytes gauge\nnode_sockstat_TCP_mem_bytes 2.359296e+06\n"
            "# TYPE node_sockstat_TCP_orphan gauge\nnode_sockstat_TCP_orphan 1\n"
            "# TYPE node_sockstat_TCP_tw gauge\nnode_sockstat_TCP_tw 2\n"
            "# TYPE node_sockstat_sockets_used gauge\nnode_sockstat_sockets_used 22\n");
}

TEST(Sockstat, DoesWithoutIpv6ButNotWithoutBoth) {
  const TestCollector collector("sockstat");
  EXPECT_TRUE(collector.page(NodeBuilder().file("proc/net/sockstat", "UDP: inuse 1\n").build()));
  EXPECT_EQ(collector.page(NodeBuilder().build()).error().reason, Reason::unsupported);
}

TEST(Sockstat, NamesTheLineThatDoesNotParse) {
  const TestCollector collector("sockstat");
  const auto said_of = [&](const char* text) {
    return collector.page(NodeBuilder().file("proc/net/sockstat", text).build()).error().message;
  };
  EXPECT_EQ(said_of("TCP: inuse\n"),
            "proc/net/sockstat line 1: expected \"<protocol>: <name> <number> ...\"");
  EXPECT_EQ(said_of("sockets: used 1\nTCP: inuse many\n"),
            "proc/net/sockstat line 2: \"many\" is not a number");
}

}  // namespace
}  // namespace hostnet
