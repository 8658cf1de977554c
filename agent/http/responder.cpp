#include "agent/http/responder.h"

#include <algorithm>
#include <ctime>
#include <exception>
#include <string>
#include <vector>

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
  return false;  // half an answer is sent: it can only be cut
}

HttpResponse call_handler(Job& job) {
  if (job.refusal) return std::move(*job.refusal);
  try {
    return job.route->handler(job.request);
  } catch (const std::exception& error) {
    return error_answer(job.request, 500, std::string("internal error: ") + error.what());
  }
}

auto find_header(HttpResponse& response, std::string_view name) {
  return std::ranges::find_if(response.headers, [&](const auto& header) {
    return equals_ignoring_case(header.first, name);
  });
}

bool says(HttpResponse& response, std::string_view name) {
  return find_header(response, name) != response.headers.end();
}

// The answer depends on the request's header `name`.
void add_vary(HttpResponse& response, std::string_view name) {
  const auto vary = find_header(response, "Vary");
  if (vary == response.headers.end()) {
    response.headers.emplace_back("Vary", name);
  } else {
    vary->second += ", " + std::string(name);
  }
}

void add_default_headers(HttpResponse& response) {
  const auto add = [&](const char* name, std::string value) {
    if (!says(response, name)) response.headers.emplace_back(name, std::move(value));
  };
  add("Date", http_date(std::time(nullptr)));
  add("X-Content-Type-Options", "nosniff");
  add("Cache-Control", "no-store");
  if (response.content_type.starts_with("text/html")) {
    add("Content-Security-Policy", kPagePolicy);
    add("Referrer-Policy", "no-referrer");
  }
}

// Headers from the web config override ours, by design.
void add_configured_headers(const WebConfig& config, HttpResponse& response) {
  for (const auto& [name, value] : config.headers) {
    std::erase_if(response.headers,
                  [&](const auto& header) { return equals_ignoring_case(header.first, name); });
    response.headers.emplace_back(name, value);
  }
}

// Whether to compress the body.
bool negotiate_gzip(const Job& job, HttpResponse& response) {
  if (!response.stream && response.body.size() <= kWorthCompressing) return false;
  const bool gzip = !says(response, "Content-Encoding") &&
                    accepts_gzip(header(job.request.headers, "Accept-Encoding"));
  add_vary(response, "Accept-Encoding");
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

std::string head_for(const Job& job, const HttpResponse& response, bool chunked) {
  std::vector<AnswerField> more;
  if (chunked) more.emplace_back("Transfer-Encoding", "chunked");
  if (job.close) more.emplace_back("Connection", "close");
  return answer_head(response, more);
}

bool sends_body(const Job& job) {
  return job.request.method != "HEAD";
}

void send_head(const Job& job, const HttpResponse& response, bool chunked) {
  job.connection->write(job.connection->block(head_for(job, response, chunked)));
}

void send_body(std::span<const JobPtr> jobs, HttpResponse& response) {
  // Not for 304: it would have to be the length of the body not sent (RFC 9110 8.6).
  if (response.status != 304) {
    response.headers.emplace_back("Content-Length", std::to_string(response.body.size()));
  }
  BodySink sink;
  for (const JobPtr& job : jobs) {
    send_head(*job, response, false);
    sink.add(*job->connection, Framing::plain);
  }
  if (!sends_body(*jobs.front()) || response.body.empty()) return;
  sink.write(response.body);
  sink.finish();
}

bool send_stream(std::span<const JobPtr> jobs, const HttpResponse& response, bool gzip, int level) {
  BodySink sink;
  for (const JobPtr& job : jobs) {
    const Framing framing = job->head.http_1_0 ? Framing::plain : Framing::chunked;
    send_head(*job, response, framing == Framing::chunked);
    sink.add(*job->connection, framing);
  }
  if (!sends_body(*jobs.front())) return true;
  if (!stream_into(response.stream, sink, gzip, level)) return false;
  sink.finish();
  return true;
}

After what_follows(const Job& job, bool whole, bool refused) {
  if (!whole || job.connection->lost()) return After::cut;
  if (!job.close) return After::keep;
  return refused ? After::linger : After::close;
}

}  // namespace

void respond(std::span<const JobPtr> jobs, int gzip_level) {
  Job& first = *jobs.front();
  for (const JobPtr& job : jobs) job->connection->patient = job == jobs.front();
  const bool refused = first.refusal.has_value();
  HttpResponse response = call_handler(first);
  add_configured_headers(first.web->config, response);
  add_default_headers(response);
  response.headers.emplace_back("Content-Type", response.content_type);
  const bool gzip = negotiate_gzip(first, response);
  if (gzip && !response.stream) response.body = compressed(response.body, gzip_level);
  bool whole = true;
  if (response.stream) {
    whole = send_stream(jobs, response, gzip, gzip_level);
  } else {
    send_body(jobs, response);
  }
  for (const JobPtr& job : jobs) {
    job->status = response.status;
    job->connection->after = what_follows(*job, whole, refused);
  }
}

}  // namespace hostnet
