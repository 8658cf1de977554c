#include "agent/kube/grpc/http2_exchange.h"

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>

#include "netlink/base/real_time.h"
#include "netlink/base/wake_up.h"

namespace hostnet {
namespace {

// Frames that say nothing, between two pieces of the body.
constexpr std::size_t kMostBesideBody = std::size_t{1} << 20;

// nghttp2 uses unsigned bytes.
const std::uint8_t* octets(const char* text) {
  return reinterpret_cast<const std::uint8_t*>(text);
}
std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

struct FreeSession {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  void operator()(nghttp2_session_callbacks* callbacks) const {
    nghttp2_session_callbacks_del(callbacks);
  }
};

class Exchange {
 public:
  Exchange(int socket, const Http2Request& request, const Http2Handlers& handlers)
      : socket_(socket), handlers_(handlers), unsent_(request.body) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() = default;

  Result<> begin(const Http2Request& request) {
    nghttp2_session_callbacks* made = nullptr;
    if (nghttp2_session_callbacks_new(&made) != 0) return no_memory();
    const std::unique_ptr<nghttp2_session_callbacks, FreeSession> callbacks(made);
    nghttp2_session_callbacks_set_on_header_callback(made, &Exchange::on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, &Exchange::on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, &Exchange::on_close);
    nghttp2_session* session = nullptr;
    if (nghttp2_session_client_new(&session, made, this) != 0) return no_memory();
    session_.reset(session);
    const nghttp2_settings_entry no_push{NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, &no_push, 1);
    std::vector<nghttp2_nv> headers;
    for (const auto& [name, value] : request.headers) {
      // Neither is modified (nghttp2.h).
      headers.push_back({.name = const_cast<std::uint8_t*>(octets(name.data())),
                         .value = const_cast<std::uint8_t*>(octets(value.data())),
                         .namelen = name.size(),
                         .valuelen = value.size(),
                         .flags = NGHTTP2_NV_FLAG_NONE});
    }
    const nghttp2_data_provider body{.source = {.ptr = this},
                                     .read_callback = &Exchange::give_body};
    stream_ = nghttp2_submit_request(session, nullptr, headers.data(), headers.size(), &body, this);
    if (stream_ < 0) return broken(stream_);
    return {};
  }

  bool over() const { return closed_ || enough_; }
  short wanted_events() const {
    const bool writes = !output_.empty() || nghttp2_session_want_write(session_.get()) != 0;
    return static_cast<short>(POLLIN | (writes ? POLLOUT : 0));
  }

  Result<> send() {
    for (;;) {
      if (output_.empty()) {
        const std::uint8_t* data = nullptr;
        const auto size = nghttp2_session_mem_send(session_.get(), &data);
        if (size < 0) return broken(static_cast<int>(size));
        if (size == 0) return {};
        output_ = text_of(data, static_cast<std::size_t>(size));
      }
      const auto sent = ::send(socket_, output_.data(), output_.size(), MSG_NOSIGNAL);
      if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return {};
      if (sent < 0) return system_failure(errno, "sending");
      output_.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // Reads at most one buffer, so that the deadline and the peer are checked in between.
  Result<> receive() {
    std::array<char, std::size_t{16} << 10> buffer;  // NOLINT(*-member-init): read into
    const auto size = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (size < 0) return system_failure(errno, "receiving");
    if (size == 0) return failure(Reason::unreachable, "the connection ended before the answer");
    beside_body_ += static_cast<std::size_t>(size);
    if (beside_body_ > kMostBesideBody) {
      return failure(Reason::malformed, "HTTP/2: frames without end, and no answer in them");
    }
    const auto used = nghttp2_session_mem_recv(session_.get(), octets(buffer.data()),
                                               static_cast<std::size_t>(size));
    if (used < 0) return broken(static_cast<int>(used));
    return {};
  }

  std::optional<Error> refusal() const {
    if (enough_ || code_ == NGHTTP2_NO_ERROR) return std::nullopt;
    return failure(Reason::unreachable,
                   fmt::format("the stream was reset ({})", nghttp2_http2_strerror(code_)))
        .error();
  }

 private:
  static Exchange& self(void* data) { return *static_cast<Exchange*>(data); }
  static std::unexpected<Error> no_memory() {
    return failure(Reason::exhausted, "no memory for an HTTP/2 session");
  }
  static std::unexpected<Error> broken(int code) {
    return failure(Reason::malformed, fmt::format("HTTP/2: {}", nghttp2_strerror(code)));
  }

  static int on_header(nghttp2_session* /*session*/, const nghttp2_frame* frame,
                       const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                       std::size_t value_size, std::uint8_t /*flags*/, void* data) {
    auto& exchange = self(data);
    if (frame->hd.stream_id == exchange.stream_) {
      exchange.handlers_.on_header(text_of(name, name_size), text_of(value, value_size));
    }
    return 0;
  }
  static int on_data(nghttp2_session* /*session*/, std::uint8_t /*flags*/, std::int32_t stream,
                     const std::uint8_t* chunk, std::size_t size, void* data) {
    auto& exchange = self(data);
    if (stream == exchange.stream_ && !exchange.enough_) {
      exchange.beside_body_ = 0;
      exchange.enough_ = !exchange.handlers_.on_body(text_of(chunk, size));
    }
    return 0;
  }
  static int on_close(nghttp2_session* /*session*/, std::int32_t stream, std::uint32_t code,
                      void* data) {
    auto& exchange = self(data);
    if (stream == exchange.stream_) {
      exchange.closed_ = true;
      exchange.code_ = code;
    }
    return 0;
  }
  static ssize_t give_body(nghttp2_session* /*session*/, std::int32_t /*stream*/,
                           std::uint8_t* buffer, std::size_t size, std::uint32_t* flags,
                           nghttp2_data_source* /*source*/, void* data) {
    auto& unsent = self(data).unsent_;
    const std::string_view part = unsent.substr(0, size);
    std::memcpy(buffer, part.data(), part.size());
    unsent.remove_prefix(part.size());
    if (unsent.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(part.size());
  }

  int socket_;
  const Http2Handlers& handlers_;
  std::string_view unsent_;
  std::string_view output_;  // nghttp2's, valid until the next call for more
  std::unique_ptr<nghttp2_session, FreeSession> session_;
  std::int32_t stream_{};
  std::size_t beside_body_{};
  bool closed_{}, enough_{};
  std::uint32_t code_{NGHTTP2_NO_ERROR};
};

}  // namespace

Result<> exchange_http2(int socket, int wake, const Http2Request& request,
                        const Http2Handlers& handlers, std::chrono::milliseconds within) {
  Exchange exchange(socket, request, handlers);
  if (auto begun = exchange.begin(request); !begun) return begun;
  const SteadyTime deadline = steady_now() + within;
  while (!exchange.over()) {
    if (auto sent = exchange.send(); !sent) return sent;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_now());
    if (left.count() <= 0) return failure(Reason::timeout, "no whole answer in time");
    std::array<pollfd, 2> waits{
        pollfd{.fd = socket, .events = exchange.wanted_events(), .revents = 0},
        pollfd{.fd = wake, .events = POLLIN, .revents = 0}};
    wait_for_input(waits, left);
    if (waits[1].revents != 0) return failure(Reason::timeout, "stopped");
    if ((waits[0].revents & ~POLLOUT) == 0) continue;
    if (auto received = exchange.receive(); !received) return received;
  }
  if (auto refusal = exchange.refusal()) return std::unexpected(*std::move(refusal));
  return {};
}

}  // namespace hostnet
