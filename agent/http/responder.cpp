#include "agent/http/responder.h"

#include <algorithm>
#include <exception>
#include <string>

#include "agent/http/answer_head.h"
#include "agent/http/body_sink.h"
#include "agent/http/message/gzip.h"

namespace hostnet {
namespace {

constexpr std::size_t kWorthCompressing = 1024;

constexpr const char* kPagePolicy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

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

// The web config's headers win over ours: that is what they are for.
void add_configured_headers(const WebConfig& config, HttpResponse& response) {
  for (const auto& [name, value] : config.headers) {
    std::erase_if(response.headers,
                  [&](const auto& header) { return equals_ignoring_case(header.first, name); });
    response.headers.emplace_back(name, value);
  }
}

// Whether the body is to be compressed.
bool negotiate_gzip(const Job& job, HttpResponse& response) {
  if (!response.stream && response.body.size() <= kWorthCompressing) return false;
  const bool gzip = !says(response, "Content-Encoding") &&
                    accepts_gzip(header(job.request.headers, "Accept-Encoding"));
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  return gzip;
}

std::string compressed(std::string_view body, int level) {
  StringSink text;
  GzipSink sink(text, level);
  sink.write(body);
  sink.finish();
  return std::move(text.text);
}

bool send_body(Job& job, HttpResponse& response) {
  Connection& connection = *job.connection;
  response.headers.emplace_back("Content-Length", std::to_string(response.body.size()));
  const bool head_only = job.request.method == "HEAD";
  return connection.write(answer_head(response)) && (head_only || connection.write(response.body));
}

bool send_stream(Job& job, HttpResponse& response, bool gzip, int level) {
  const Framing framing = job.head.http_1_0 ? Framing::until_close : Framing::chunked;
  if (framing == Framing::chunked) response.headers.emplace_back("Transfer-Encoding", "chunked");
  if (!job.connection->write(answer_head(response))) return false;
  if (job.request.method == "HEAD") return true;
  BodySink sink(*job.connection, framing);
  return stream_into(response.stream, sink, gzip, level) && sink.finish();
}

}  // namespace

int respond(Job& job, int gzip_level) {
  const bool refused = job.refusal.has_value();
  HttpResponse response = call_handler(job);
  add_configured_headers(job.web->config, response);
  add_default_headers(response);
  response.headers.emplace_back("Content-Type", response.content_type);
  if (job.close) response.headers.emplace_back("Connection", "close");
  const bool gzip = negotiate_gzip(job, response);
  if (gzip && !response.stream) response.body = compressed(response.body, gzip_level);
  const bool whole =
      response.stream ? send_stream(job, response, gzip, gzip_level) : send_body(job, response);
  job.connection->after = !whole      ? After::cut
                          : job.close ? (refused ? After::linger : After::close)
                                      : After::keep;
  return response.status;
}

}  // namespace hostnet
