#include "agent/kube/streams/websocket.h"

#include <fmt/format.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <array>
#include <tuple>
#include <utility>

#include "agent/kube/kube_request.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::size_t kLongestRefusal = std::size_t{64} << 10;

Result<std::string> random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  auto* const where = reinterpret_cast<unsigned char*>(bytes.data());
  if (RAND_bytes(where, static_cast<int>(count)) != 1) {
    return failure(Reason::internal, "the system has no random bytes");
  }
  return bytes;
}

// A metav1.Status has more detail than the HTTP status.
std::unexpected<Error> refused(HttpReader& reader, const HttpHead& head, const std::string& host) {
  const auto body = reader.body(head, kLongestRefusal);
  KubeReply reply;
  reply.status = head.status;
  return failure(reason_of(reply), fmt::format("{} answers {}{}", host, head.status,
                                               body ? refusal_words(*body, {"message"}) : ""));
}

}  // namespace

std::string accept_of_key(const std::string& key) {
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Result<std::unique_ptr<WebSocket>> WebSocket::open(std::unique_ptr<ByteStream> stream, HttpGet get,
                                                   const std::string& protocol) {
  const auto random = random_bytes(16);
  if (!random) return std::unexpected(random.error());
  const std::string key = base64(*random);
  get.fields.insert(get.fields.end(), {{"Connection", "Upgrade"},
                                       {"Upgrade", "websocket"},
                                       {"Sec-WebSocket-Version", "13"},
                                       {"Sec-WebSocket-Key", key},
                                       {"Sec-WebSocket-Protocol", protocol}});
  if (auto sent = stream->write(request_text(get)); !sent) return std::unexpected(sent.error());
  HttpReader reader(*stream);
  const auto head = reader.head();
  if (!head) return std::unexpected(head.error());
  if (head->status != 101) return refused(reader, *head, get.host);
  if (head->field("Sec-WebSocket-Accept") != accept_of_key(key) ||
      head->field("Sec-WebSocket-Protocol") != protocol) {
    return failure(Reason::malformed, "the server does not speak " + protocol);
  }
  const std::string rest = reader.take_rest();
  return std::make_unique<WebSocket>(std::move(stream), rest);
}

WebSocket::WebSocket(std::unique_ptr<ByteStream> stream, std::string_view first_bytes)
    : stream_(std::move(stream)) {
  frames_.feed(first_bytes);
}

WebSocket::~WebSocket() {
  std::ignore = send_frame(FrameKind::close, "\x03\xe8");  // 1000: normal closure
}

Result<> WebSocket::send(std::string_view message) {
  return send_frame(FrameKind::binary, message);
}

Result<> WebSocket::send_frame(FrameKind kind, std::string_view payload) {
  const auto random = random_bytes(4);
  if (!random) return std::unexpected(random.error());
  std::uint32_t mask = 0;
  for (const char byte : *random) mask = mask << 8 | static_cast<unsigned char>(byte);
  return stream_->write(encode_frame(kind, payload, mask));
}

// Unset: the stream has ended.
Result<std::optional<Frame>> WebSocket::next_frame() {
  while (true) {
    auto frame = frames_.next();
    if (!frame || *frame) return frame;
    const auto bytes = stream_->read();
    if (!bytes) return std::unexpected(bytes.error());
    if (bytes->empty()) return std::nullopt;
    frames_.feed(*bytes);
  }
}

Result<std::optional<std::string>> WebSocket::receive() {
  std::string message;
  bool begun = false;
  while (true) {
    const auto frame = next_frame();
    if (!frame) return std::unexpected(frame.error());
    if (!*frame || (*frame)->kind == FrameKind::close) return std::nullopt;
    const Frame& got = **frame;
    if (got.kind == FrameKind::pong) continue;
    if (got.kind == FrameKind::ping) {
      if (auto sent = send_frame(FrameKind::pong, got.payload); !sent) {
        return std::unexpected(sent.error());
      }
      continue;
    }
    if (begun != (got.kind == FrameKind::continuation) ||
        message.size() + got.payload.size() > kLongestFrame) {
      return failure(Reason::malformed, "the WebSocket is broken: no such message");
    }
    begun = true;
    message += got.payload;
    if (got.final) return message;
  }
}

}  // namespace hostnet
