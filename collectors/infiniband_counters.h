#pragma once

// The counters of an InfiniBand port: their file below ports/<n>/ and their name in
// node_exporter.

#include <array>
#include <cstdint>
#include <string_view>

namespace hostnet {

struct InfinibandCounter {
  std::string_view name;  // node_infiniband_<name>
  std::string_view file;
  std::uint64_t factor = 1;
};

// The hardware counts data in words of 4 octets (InfiniBand 1.4, PortCounters).
inline constexpr std::uint64_t kInfinibandWord = 4;

inline constexpr std::array<InfinibandCounter, 59> kInfinibandCounters = {{
    {"legacy_multicast_packets_received_total", "counters_ext/port_multicast_rcv_packets"},
    {"legacy_multicast_packets_transmitted_total", "counters_ext/port_multicast_xmit_packets"},
    {"legacy_data_received_bytes_total", "counters_ext/port_rcv_data_64", kInfinibandWord},
    {"legacy_packets_received_total", "counters_ext/port_rcv_packets_64"},
    {"legacy_unicast_packets_received_total", "counters_ext/port_unicast_rcv_packets"},
    {"legacy_unicast_packets_transmitted_total", "counters_ext/port_unicast_xmit_packets"},
    {"legacy_data_transmitted_bytes_total", "counters_ext/port_xmit_data_64", kInfinibandWord},
    {"legacy_packets_transmitted_total", "counters_ext/port_xmit_packets_64"},
    {"excessive_buffer_overrun_errors_total", "counters/excessive_buffer_overrun_errors"},
    {"link_downed_total", "counters/link_downed"},
    {"link_error_recovery_total", "counters/link_error_recovery"},
    {"local_link_integrity_errors_total", "counters/local_link_integrity_errors"},
    {"multicast_packets_received_total", "counters/multicast_rcv_packets"},
    {"multicast_packets_transmitted_total", "counters/multicast_xmit_packets"},
    {"port_constraint_errors_received_total", "counters/port_rcv_constraint_errors"},
    {"port_constraint_errors_transmitted_total", "counters/port_xmit_constraint_errors"},
    {"port_data_received_bytes_total", "counters/port_rcv_data", kInfinibandWord},
    {"port_data_transmitted_bytes_total", "counters/port_xmit_data", kInfinibandWord},
    {"port_discards_received_total", "counters/port_rcv_discards"},
    {"port_discards_transmitted_total", "counters/port_xmit_discards"},
    {"port_errors_received_total", "counters/port_rcv_errors"},
    {"port_packets_received_total", "counters/port_rcv_packets"},
    {"port_packets_transmitted_total", "counters/port_xmit_packets"},
    {"port_receive_remote_physical_errors_total", "counters/port_rcv_remote_physical_errors"},
    {"port_receive_switch_relay_errors_total", "counters/port_rcv_switch_relay_errors"},
    {"port_transmit_wait_total", "counters/port_xmit_wait"},
    {"symbol_error_total", "counters/symbol_error"},
    {"unicast_packets_received_total", "counters/unicast_rcv_packets"},
    {"unicast_packets_transmitted_total", "counters/unicast_xmit_packets"},
    {"vl15_dropped_total", "counters/VL15_dropped"},
    {"duplicate_requests_packets_total", "hw_counters/duplicate_request"},
    {"implied_nak_seq_errors_total", "hw_counters/implied_nak_seq_err"},
    {"local_ack_timeout_errors_total", "hw_counters/local_ack_timeout_err"},
    {"np_cnp_packets_sent_total", "hw_counters/np_cnp_sent"},
    {"np_ecn_marked_roce_packets_received_total", "hw_counters/np_ecn_marked_roce_packets"},
    {"out_of_buffer_drops_total", "hw_counters/out_of_buffer"},
    {"out_of_sequence_packets_received_total", "hw_counters/out_of_sequence"},
    {"packet_sequence_errors_total", "hw_counters/packet_seq_err"},
    {"req_cqes_errors_total", "hw_counters/req_cqe_error"},
    {"req_cqes_flush_errors_total", "hw_counters/req_cqe_flush_error"},
    {"req_remote_access_errors_total", "hw_counters/req_remote_access_errors"},
    {"req_remote_invalid_request_errors_total", "hw_counters/req_remote_invalid_request"},
    {"resp_cqes_errors_total", "hw_counters/resp_cqe_error"},
    {"resp_cqes_flush_errors_total", "hw_counters/resp_cqe_flush_error"},
    {"resp_local_length_errors_total", "hw_counters/resp_local_length_error"},
    {"resp_remote_access_errors_total", "hw_counters/resp_remote_access_errors"},
    {"rnr_nak_retry_packets_received_total", "hw_counters/rnr_nak_retry_err"},
    {"roce_adp_retransmits_total", "hw_counters/roce_adp_retrans"},
    {"roce_adp_retransmits_timeout_total", "hw_counters/roce_adp_retrans_to"},
    {"roce_slow_restart_used_total", "hw_counters/roce_slow_restart"},
    {"roce_slow_restart_cnps_total", "hw_counters/roce_slow_restart_cnps"},
    {"roce_slow_restart_total", "hw_counters/roce_slow_restart_trans"},
    {"rp_cnp_packets_handled_total", "hw_counters/rp_cnp_handled"},
    {"rp_cnp_ignored_packets_received_total", "hw_counters/rp_cnp_ignored"},
    {"rx_atomic_requests_total", "hw_counters/rx_atomic_requests"},
    {"rx_dct_connect_requests_total", "hw_counters/rx_dct_connect"},
    {"rx_read_requests_total", "hw_counters/rx_read_requests"},
    {"rx_write_requests_total", "hw_counters/rx_write_requests"},
    {"rx_icrc_encapsulated_errors_total", "hw_counters/rx_icrc_encapsulated"},
}};

}  // namespace hostnet
