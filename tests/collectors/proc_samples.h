#pragma once

// A file of each parser as kernels write them: seeds of the wrong ones.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hostnet {

struct ProcSample {
  std::string_view collector;
  std::string_view path;
  std::string_view contents;
};

// With the options below each collector reads its file and no netlink.
inline const std::map<std::string, std::vector<std::string>, std::less<>> kFileOptions = {
    {"arp.netlink", {"false"}}, {"netdev.netlink", {"false"}}};

inline constexpr ProcSample kProcSamples[] = {
    {"arp", "proc/1/net/arp",
     "IP address       HW type     Flags       HW address            Mask     Device\n"
     "10.0.0.1         0x1         0x2         02:00:00:00:00:01     *        eth0\n"},
    {"boottime", "proc/stat", "cpu  1 2 3\nbtime 1700000000\nprocesses 9\n"},
    {"conntrack", "proc/1/net/stat/nf_conntrack",
     "entries  searched found new invalid ignore delete delete_list insert insert_failed drop "
     "early_drop icmp_error  expect_new expect_create expect_delete search_restart\n"
     "00000001  00000000 00000002 00000000 00000003 00000004 00000000 00000000 00000005 00000006 "
     "00000007 00000008 00000000  00000000 00000000 00000000 00000009\n"},
    {"conntrack", "proc/sys/net/netfilter/nf_conntrack_count", "12\n"},
    {"interrupts", "proc/interrupts",
     "           CPU0       CPU1\n  1:         10         20   IO-APIC   1-edge      i8042\n"
     "NMI:          3          4   Non-maskable interrupts\nERR:          0\n"},
    {"ipvs", "proc/1/net/ip_vs",
     "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n"
     "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n"
     "TCP  C0A80016:0CEA wlc\n  -> C0A85216:0CEA      Tunnel  100    248        2\n"
     "FWM  10001000 wlc\n  -> C0A83215:0CEA      Route   0      0          1\n"
     "TCP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0050 rr\n"},
    {"ipvs", "proc/1/net/ip_vs_stats",
     "   Total Incoming Outgoing         Incoming         Outgoing\n"
     "   Conns  Packets  Packets            Bytes            Bytes\n"
     " 16AA370 E33656E5        0     51D8C8883AB3                0\n\n"
     " Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n"
     "       4    1FB3C        0          1282A8F                0\n"},
    {"lnstat", "proc/1/net/stat/arp_cache", "entries  allocs\n00000014 00000001\n"},
    {"multicast", "proc/1/net/igmp",
     "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
     "2\teth0      :     1      V3\n\t\t\t\tFB0000E0     1 0:00000000\t\t0\n"},
    {"multicast", "proc/1/net/igmp6",
     "2    eth0            ff0200000000000000000000000000fb     1 00000004 0\n"},
    {"netdev", "proc/1/net/dev",
     "Inter-|   Receive                            |  Transmit\n face |bytes    packets\n"
     "  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"},
    {"netstat", "proc/1/net/netstat",
     "TcpExt: SyncookiesSent ListenDrops\nTcpExt: 1 2\nIpExt: InOctets\nIpExt: 3\n"},
    {"netstat", "proc/1/net/snmp", "Tcp: RtoAlgorithm MaxConn InSegs\nTcp: 1 -1 7\n"},
    {"netstat", "proc/1/net/snmp6", "Ip6InOctets                     \t12\nUdp6NoPorts  \t3\n"},
    {"sockstat", "proc/1/net/sockstat",
     "sockets: used 290\nTCP: inuse 4 orphan 0 tw 4 alloc 17 mem 1\nFRAG: inuse 0 memory 0\n"},
    {"sockstat", "proc/1/net/sockstat6", "TCP6: inuse 17\nFRAG6: inuse 0 memory 0\n"},
    {"softirqs", "proc/softirqs", "        CPU0       CPU1\n  HI:   3          4\n"},
    {"softnet", "proc/1/net/softnet_stat",
     "00015c73 00020e76 0000076c 00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
     "00000000 00000000 00000001 00000000 00000000\n"},
    {"udp_queues", "proc/1/net/udp",
     "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"
     "    0: 0100007F:0035 00000000:0000 07 00000010:00000020 00:00000000 00000000\n"},
    {"udp_queues", "proc/1/net/udp6",
     "  sl  local_address                         remote_address                        st\n"
     "   0: 00000000000000000000000000000000:0035 00000000000000000000000000000000:0000 07 "
     "00000000:00000001 00:00000000\n"},
    {"xfrm", "proc/1/net/xfrm_stat", "XfrmInError             1\nXfrmOutStateSeqError    2\n"},
};

}  // namespace hostnet
