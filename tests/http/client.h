#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "agent/http/message/http.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {

// What a test's client got.
struct Answer {
  int status{};
  HttpHeaders headers;
  std::string body;  // without chunk frames
  bool whole{};      // the body ended where it should
};

// A client that can misbehave: plain bytes over TCP, reads with a deadline.
class Client {
 public:
  // `from`: another address of loopback, and so another peer to the server.
  explicit Client(std::uint16_t port, int receive_buffer = 0, std::uint32_t from = 0x7f000001);
  void send(std::string_view bytes);
  // One answer; `head_only` for HEAD. Nothing when the server closed first.
  std::optional<Answer> receive(bool head_only = false);
  // Everything until the server closes, or nothing after ten seconds.
  std::optional<std::string> receive_all();
  bool closed_by_server();  // waits up to ten seconds
  void half_close();
  int fd() const { return socket_.get(); }

 private:
  bool more();
  UniqueFd socket_;
  std::string buffer_;
};

// "GET <target>" with Host: localhost and these header lines.
std::string get(std::string_view target, std::string_view more_headers = "");
std::optional<Answer> fetch(std::uint16_t port, std::string_view target,
                            std::string_view more_headers = "");
std::optional<Answer> fetch_from(std::uint32_t from, std::uint16_t port, std::string_view target,
                                 std::string_view more_headers = "");
std::optional<Answer> parse_answer(std::string_view text);
std::string gunzip(std::string_view bytes);

}  // namespace hostnet
