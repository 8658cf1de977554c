#include "agent/web/responder.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <exception>

#include "agent/web/gzip.h"

namespace hostnet {
namespace {

constexpr std::size_t kWorthCompressing = 1024;
constexpr std::size_t kPiece = std::size_t{32} * 1024;

constexpr const char* kPagePolicy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// What httplib reads a request from and writes the answer to. The head was
// read by read_head, more strictly than httplib does (which decodes percent
// signs in header values and takes "a=b=c" for a=c), so httplib gets one that
// it cannot misread and only forms the answer.
class AnswerStream : public httplib::Stream {
 public:
  AnswerStream(Connection& connection, std::string head)
      : connection_(connection), head_(std::move(head)) {}

  bool is_readable() const override { return read_ < head_.size(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* into, size_t size) override {
    const std::size_t n = head_.copy(into, size, read_);
    read_ += n;
    return static_cast<ssize_t>(n);
  }
  ssize_t write(const char* bytes, size_t size) override {
    return connection_.write({bytes, size}) ? static_cast<ssize_t>(size) : -1;
  }
  void get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  void get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  // Only compared with FD_SETSIZE, which does not bind us: nothing here selects.
  socket_t socket() const override { return 0; }

 private:
  Connection& connection_;
  std::string head_;
  std::size_t read_{};
};

// Cuts a body into chunks (RFC 9112 section 7.1) or, for HTTP/1.0, which knows
// none, leaves it as it is. Collects small writes, so that a chunk's frame
// costs little. Not httplib's chunks: it copies each one twice.
class PieceSink : public Sink {
 public:
  PieceSink(httplib::DataSink& to, bool chunked) : to_(to), chunked_(chunked) {}
  bool write(std::string_view bytes) override {
    if (piece_.size() + bytes.size() > kPiece && !flush()) return false;
    if (bytes.size() >= kPiece) return put(bytes);
    piece_.reserve(kPiece);
    piece_ += bytes;
    return true;
  }
  bool finish() { return flush() && (!chunked_ || to_.write(kLastChunk, sizeof kLastChunk - 1)); }

 private:
  static constexpr char kLastChunk[] = "0\r\n\r\n";

  bool flush() {
    // An empty chunk would end the body.
    const bool good = piece_.empty() || put(piece_);
    piece_.clear();
    return good;
  }
  bool put(std::string_view bytes) {
    if (!chunked_) return to_.write(bytes.data(), bytes.size());
    const std::string size = fmt::format("{:x}\r\n", bytes.size());
    return to_.write(size.data(), size.size()) && to_.write(bytes.data(), bytes.size()) &&
           to_.write("\r\n", 2);
  }

  httplib::DataSink& to_;
  bool chunked_;
  std::string piece_;
};

class StringSink : public Sink {
 public:
  bool write(std::string_view bytes) override {
    text += bytes;
    return true;
  }
  std::string text;
};

bool stream_into(const std::function<bool(Sink&)>& stream, Sink& sink, bool gzip, int level) try {
  if (!gzip) return stream(sink);
  GzipSink compressed(sink, level);
  return stream(compressed) && compressed.finish();
} catch (const std::exception&) {
  return false;  // half an answer is out: all that is left is to cut it
}

HttpResponse call_handler(Job& job) {
  if (job.refusal) return std::move(*job.refusal);
  try {
    return job.route->handler(job.request);
  } catch (const std::exception& error) {
    return error_answer(job.request, 500, std::string("internal error: ") + error.what());
  }
}

bool says(const HttpResponse& response, std::string_view name) {
  return std::ranges::any_of(response.headers, [&](const auto& header) {
    return equals_ignoring_case(header.first, name);
  });
}

void add_default_headers(HttpResponse& response) {
  const auto add = [&](const char* name, const char* value) {
    if (!says(response, name)) response.headers.emplace_back(name, value);
  };
  add("X-Content-Type-Options", "nosniff");
  add("Cache-Control", "no-store");
  if (response.content_type.starts_with("text/html")) {
    add("Content-Security-Policy", kPagePolicy);
    add("Referrer-Policy", "no-referrer");
  }
}

}  // namespace

class Responder::Http : public httplib::Server {
 public:
  explicit Http(int gzip_level) : gzip_level_(gzip_level) {
    // A chunked answer is given up where this looks like a closed listener.
    svr_sock_ = 0;
    set_pre_routing_handler([this](const httplib::Request& /*request*/, httplib::Response& out) {
      fill(out);
      return HandlerResponse::Handled;
    });
    set_post_routing_handler([](const httplib::Request& /*request*/, httplib::Response& out) {
      // httplib's own limits on a connection, and ranges, are not ours.
      out.headers.erase("Keep-Alive");
      out.headers.erase("Accept-Ranges");
    });
  }

  int answer(Job& job) {
    job_ = &job;
    status_ = 500;
    AnswerStream stream(*job.connection, head_for(job));
    bool closed = false;
    const bool whole = process_request(stream, job.close, closed, nullptr);
    job.connection->after = !whole      ? After::cut
                            : job.close ? (job.refusal ? After::linger : After::close)
                                        : After::keep;
    return status_;
  }

 private:
  static std::string head_for(const Job& job) {
    const bool head_only = job.request.method == "HEAD";
    return std::string(head_only ? "HEAD" : "GET") + " / HTTP/1.1\r\n\r\n";
  }

  void fill(httplib::Response& out) {
    Job& job = *job_;
    HttpResponse response = call_handler(job);
    status_ = response.status;
    // The web config's headers win over ours: that is what they are for.
    for (const auto& [name, value] : job.web->config.headers) {
      std::erase_if(response.headers,
                    [&](const auto& header) { return equals_ignoring_case(header.first, name); });
      response.headers.emplace_back(name, value);
    }
    add_default_headers(response);
    const bool large = response.stream || response.body.size() > kWorthCompressing;
    const bool gzip = large && !says(response, "Content-Encoding") &&
                      accepts_gzip(header(job.request.headers, "Accept-Encoding"));
    if (large) response.headers.emplace_back("Vary", "Accept-Encoding");
    if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
    out.status = response.status;
    for (const auto& [name, value] : response.headers) out.set_header(name, value);
    if (response.stream) {
      set_stream(out, std::move(response), gzip);
    } else if (gzip) {
      StringSink compressed;
      GzipSink sink(compressed, gzip_level_);
      sink.write(response.body);
      sink.finish();
      out.set_content(compressed.text, response.content_type);
    } else {
      out.set_content(response.body, response.content_type);
    }
  }

  void set_stream(httplib::Response& out, HttpResponse response, bool gzip) {
    // Without chunks the end of the connection ends the body.
    const bool chunked = !job_->head.http_1_0;
    if (chunked) out.set_header("Transfer-Encoding", "chunked");
    const auto provide = [stream = std::move(response.stream), gzip, level = gzip_level_, chunked](
                             std::size_t /*offset*/, httplib::DataSink& to) {
      PieceSink sink(to, chunked);
      if (!stream_into(stream, sink, gzip, level) || !sink.finish()) return false;
      to.done();
      return true;
    };
    out.set_content_provider(response.content_type, provide);
  }

  int gzip_level_;
  Job* job_{};
  int status_{};
};

Responder::Responder(int gzip_level) : http_(std::make_unique<Http>(gzip_level)) {}
Responder::~Responder() = default;

int Responder::answer(Job& job) {
  return http_->answer(job);
}

}  // namespace hostnet
