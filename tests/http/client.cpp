#include "tests/http/client.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <zlib.h>

#include <array>
#include <charconv>
#include <stdexcept>

namespace hostnet {
namespace {

constexpr int kPatienceMs = 120'000;

struct ParsedHead {
  Answer answer;
  std::size_t size{};
};

std::optional<ParsedHead> parse_answer_head(std::string_view text) {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos || !text.starts_with("HTTP/1.")) return std::nullopt;
  ParsedHead head{.answer = {}, .size = end + 4};
  std::from_chars(text.data() + 9, text.data() + 12, head.answer.status);
  std::size_t at = text.find("\r\n") + 2;
  while (at < end) {
    const std::size_t line_end = text.find("\r\n", at);
    const std::string_view line = text.substr(at, line_end - at);
    const std::size_t colon = line.find(": ");
    head.answer.headers.emplace(line.substr(0, colon), line.substr(colon + 2));
    at = line_end + 2;
  }
  return head;
}

// The size of the body in the buffer, if it is whole; fills answer.body.
std::optional<std::size_t> take_body(std::string_view bytes, Answer& answer) {
  if (header(answer.headers, "Transfer-Encoding") != "chunked") {
    const std::string length = header(answer.headers, "Content-Length");
    if (length.empty() || bytes.size() < std::stoul(length)) return std::nullopt;
    answer.body = bytes.substr(0, std::stoul(length));
    return answer.body.size();
  }
  answer.body.clear();
  std::size_t at = 0;
  while (true) {
    const std::size_t line = bytes.find("\r\n", at);
    if (line == std::string_view::npos) return std::nullopt;
    std::size_t size = 0;
    std::from_chars(bytes.data() + at, bytes.data() + line, size, 16);
    at = line + 2;
    if (bytes.size() < at + size + 2) return std::nullopt;
    answer.body += bytes.substr(at, size);
    at += size + 2;
    if (size == 0) return at;
  }
}

}  // namespace

Client::Client(std::uint16_t port, int receive_buffer, std::uint32_t from)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer > 0) {
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(from);
  if (bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("the test's client cannot bind");
  }
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("the test's client cannot connect");
  }
}

void Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server closed: what it said counts
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool Client::more() {
  pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  if (poll(&ready, 1, kPatienceMs) <= 0) return false;
  std::array<char, 65536> bytes{};
  const ssize_t got = recv(socket_.get(), bytes.data(), bytes.size(), 0);
  if (got <= 0) return false;
  buffer_.append(bytes.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<Answer> Client::receive(bool head_only) {
  std::optional<ParsedHead> head;
  while (!(head = parse_answer_head(buffer_))) {
    if (!more()) return std::nullopt;
  }
  buffer_.erase(0, head->size);
  head->answer.whole = true;
  if (head_only) return head->answer;
  std::optional<std::size_t> size;
  while (!(size = take_body(buffer_, head->answer))) {
    if (more()) continue;
    head->answer.whole = !head->answer.headers.contains("Content-Length") &&
                         !head->answer.headers.contains("Transfer-Encoding");
    if (head->answer.whole) head->answer.body = std::exchange(buffer_, {});
    return head->answer;
  }
  buffer_.erase(0, *size);
  return head->answer;
}

std::optional<std::string> Client::receive_all() {
  while (more()) {
  }
  pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  if (poll(&ready, 1, 0) == 0) return std::nullopt;
  return buffer_;
}

bool Client::closed_by_server() {
  return receive_all().has_value();
}

void Client::half_close() {
  shutdown(socket_.get(), SHUT_WR);
}

std::string get(std::string_view target, std::string_view more_headers) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" +
         std::string(more_headers) + "\r\n";
}

std::optional<Answer> fetch(std::uint16_t port, std::string_view target,
                            std::string_view more_headers) {
  Client client(port);
  client.send(get(target, more_headers));
  return client.receive();
}

std::optional<Answer> fetch_from(std::uint32_t from, std::uint16_t port, std::string_view target,
                                 std::string_view more_headers) {
  Client client(port, 0, from);
  client.send(get(target, more_headers));
  return client.receive();
}

std::optional<Answer> parse_answer(std::string_view text) {
  auto head = parse_answer_head(text);
  if (!head) return std::nullopt;
  head->answer.whole = take_body(text.substr(head->size), head->answer).has_value();
  return head->answer;
}

std::string gunzip(std::string_view bytes) {
  z_stream stream{};
  std::string text;
  std::array<char, 65536> out{};
  inflateInit2(&stream, MAX_WBITS + 16);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  int code = Z_OK;
  while (code == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    code = inflate(&stream, Z_NO_FLUSH);
    text.append(out.data(), out.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  return code == Z_STREAM_END ? text : "not a whole gzip member";
}

}  // namespace hostnet
