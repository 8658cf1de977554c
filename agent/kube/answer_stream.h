#pragma once

#include <httplib.h>

#include <array>
#include <chrono>
#include <span>
#include <string>

#include "agent/kube/answer_limits.h"

namespace hostnet {

// How cpp-httplib reads the connection of one exchange: what it gets is within the limits.
class AnswerStream final : public httplib::Stream {
 public:
  struct Timeouts {
    std::chrono::milliseconds read, write;  // of silence
  };

  // `tls`: null for a plain connection. All must outlive the stream.
  AnswerStream(int socket, ssl_st* tls, AnswerLimits& limits, Timeouts timeouts)
      : socket_(socket), tls_(tls), limits_(limits), timeouts_(timeouts) {}

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* data, std::size_t size) override;
  ssize_t write(const char* data, std::size_t size) override;
  void get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  void get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  socket_t socket() const override { return socket_; }

 private:
  ssize_t receive();

  int socket_;
  ssl_st* tls_;
  AnswerLimits& limits_;
  Timeouts timeouts_;
  std::array<char, 4096> buffer_{};  // heads are read byte by byte
  std::span<const char> left_;       // of the buffer
};

// httplib::ClientImpl or httplib::SSLClient, reading through an AnswerStream.
template <typename Client>
class LimitedClient final : public Client {
 public:
  LimitedClient(const std::string& host, int port, AnswerLimits& limits,
                AnswerStream::Timeouts timeouts)
      : Client(host, port), limits_(limits), timeouts_(timeouts) {}

 private:
  bool process_socket(const httplib::ClientImpl::Socket& socket,
                      std::function<bool(httplib::Stream&)> exchange) override {
    AnswerStream stream(socket.sock, socket.ssl, limits_, timeouts_);
    return exchange(stream);
  }

  AnswerLimits& limits_;
  AnswerStream::Timeouts timeouts_;
};

}  // namespace hostnet
