#include "agent/kube/streams/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <utility>

#include "agent/kube/tls_identity.h"

namespace hostnet {
namespace {

struct SslDeleter {
  void operator()(SSL* connection) const { SSL_free(connection); }
};
using SslPtr = std::unique_ptr<SSL, SslDeleter>;

// OpenSSL reads and writes memory buffers; the bytes go over the stream below.
class TlsStream final : public ByteStream {
 public:
  TlsStream(std::unique_ptr<ByteStream> under, SslPtr connection, std::string name)
      : under_(std::move(under)), connection_(std::move(connection)), name_(std::move(name)) {}

  Result<> shake_hands() {
    while (true) {
      const int done = SSL_connect(connection_.get());
      if (done == 1) return flush();
      if (auto more = exchange(done); !more) return std::unexpected(more.error());
    }
  }

  Result<> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      std::size_t written = 0;
      const int done = SSL_write_ex(connection_.get(), bytes.data(), bytes.size(), &written);
      bytes.remove_prefix(written);
      if (done == 1) {
        if (auto sent = flush(); !sent) return sent;
      } else if (auto more = exchange(done); !more) {
        return std::unexpected(more.error());
      }
    }
    return {};
  }

  Result<std::string> read() override {
    std::string bytes(kReadSize, '\0');
    while (true) {
      std::size_t got = 0;
      const int done = SSL_read_ex(connection_.get(), bytes.data(), bytes.size(), &got);
      if (done == 1) {
        bytes.resize(got);
        return bytes;
      }
      const auto more = exchange(done);
      if (!more) return std::unexpected(more.error());
      if (!*more) return "";
    }
  }

 private:
  // Sends and receives the bytes that OpenSSL waits for. False: the peer has closed.
  Result<bool> exchange(int done) {
    const int why = SSL_get_error(connection_.get(), done);
    // In any case alerts are sent first.
    if (auto sent = flush(); !sent && why == SSL_ERROR_WANT_READ) {
      return std::unexpected(sent.error());
    }
    if (why == SSL_ERROR_ZERO_RETURN) return false;
    if (why != SSL_ERROR_WANT_READ) return broken();
    auto bytes = under_->read();
    if (!bytes) return std::unexpected(bytes.error());
    // Closed without close_notify: the reader knows from the length whether that is all.
    if (bytes->empty()) return SSL_is_init_finished(connection_.get()) == 1 ? ended() : broken();
    BIO_write(SSL_get_rbio(connection_.get()), bytes->data(), static_cast<int>(bytes->size()));
    return true;
  }

  static Result<bool> ended() { return false; }

  Result<bool> broken() const {
    ERR_clear_error();
    const long refusal = SSL_get_verify_result(connection_.get());
    // OpenSSL keeps the verification result even if verification is off.
    if (SSL_get_verify_mode(connection_.get()) != SSL_VERIFY_NONE && refusal != X509_V_OK) {
      return failure(Reason::denied,
                     name_ + ": " + words_for_refused_certificate(static_cast<int>(refusal)));
    }
    return failure(Reason::unreachable, name_ + ": TLS failed");
  }

  Result<> flush() {
    BIO* const out = SSL_get_wbio(connection_.get());
    std::array<char, kReadSize> buffer{};
    while (BIO_ctrl_pending(out) > 0) {
      const int taken = BIO_read(out, buffer.data(), static_cast<int>(buffer.size()));
      if (taken <= 0) break;
      const auto sent = under_->write({buffer.data(), static_cast<std::size_t>(taken)});
      if (!sent) return sent;
    }
    return {};
  }

  std::unique_ptr<ByteStream> under_;
  SslPtr connection_;
  std::string name_;
};

}  // namespace

Result<std::unique_ptr<ByteStream>> start_tls(std::unique_ptr<ByteStream> under, SSL_CTX* context,
                                              const std::string& host, const std::string& name) {
  SslPtr connection(SSL_new(context));
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  if (!connection || in == nullptr || out == nullptr) {
    BIO_free(in);
    BIO_free(out);
    return failure(Reason::exhausted, name + ": no memory for TLS");
  }
  SSL_set_bio(connection.get(), in, out);
  ask_for_name(connection.get(), host);
  auto stream = std::make_unique<TlsStream>(std::move(under), std::move(connection), name);
  if (auto shaken = stream->shake_hands(); !shaken) return std::unexpected(shaken.error());
  return stream;
}

}  // namespace hostnet
