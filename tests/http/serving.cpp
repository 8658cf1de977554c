#include "tests/http/serving.h"

#include <stdexcept>

namespace hostnet {
namespace {

HttpResponse text(std::string body) {
  HttpResponse response;
  response.body = std::move(body);
  return response;
}

}  // namespace

std::string big_body() {
  std::string body;
  for (int i = 0; body.size() < 2'000'000; ++i) {
    body += "node_network_receive_bytes_total{device=\"veth" + std::to_string(i) + "\"} 1e+06\n";
  }
  return body;
}

Serving::Serving(ServerOptions options) {
  if (options.listen == ServerOptions{}.listen) options.listen = {"127.0.0.1:0"};
  const auto echo = [](const HttpRequest& request) {
    std::string body = request.method + " " + request.path + "\n";
    for (const auto& [name, value] : request.query) body += name + "=" + value + "\n";
    body += "user=" + request.user + "\n";
    return text(body);
  };
  std::vector<HttpRoute> routes{
      {.path = "/metrics", .handler = [](auto&) { return text(kMetricsBody); }, .open = true},
      {.path = "/healthz",
       .handler = [](auto&) { return text("ok\n"); },
       .limited = false,
       .open = true,
       .unauthenticated = true},
      {.path = "/slow",
       .handler =
           [this](auto&) {
             turnstile.pass();
             return text("at last\n");
           },
       .open = true},
      {.path = "/together",
       .handler =
           [this](auto&) {
             turnstile.pass();
             HttpResponse response;
             response.stream = [n = ++together](Sink& sink) {
               return sink.write("answer " + std::to_string(n) + "\n");
             };
             return response;
           },
       .open = true,
       .shared = true},
      {.path = "/whole",
       .handler =
           [this](auto&) {
             const int at_once = ++together;
             turnstile.pass();
             --together;
             return text(std::to_string(at_once) + " at once\n");
           },
       .open = true,
       .one_at_a_time = true},
      {.path = "/big",
       .handler =
           [](auto&) {
             HttpResponse response;
             response.stream = [](Sink& sink) {
               const std::string body = big_body();
               for (std::size_t at = 0; at < body.size(); at += 1000) {
                 if (!sink.write(std::string_view(body).substr(at, 1000))) return false;
               }
               return true;
             };
             return response;
           },
       .open = true},
      {.path = "/body",
       .handler =
           [this](auto&) {
             turnstile.pass();
             return text(big_body());
           },
       .open = true,
       .shared = true},
      {.path = "/half",
       .handler =
           [](auto&) {
             HttpResponse response;
             response.stream = [](Sink& sink) {
               sink.write("the first half");
               return false;
             };
             return response;
           },
       .open = true},
      {.path = "/throws",
       .handler = [](auto&) -> HttpResponse { throw std::runtime_error("the handler's bug"); },
       .open = true},
      {.path = "/page",
       .handler =
           [](auto&) {
             HttpResponse response;
             response.content_type = "text/html; charset=utf-8";
             response.body = "<p>hello";
             return response;
           },
       .open = true},
      {.path = "/ports", .handler = echo},
      {.path = "/ports/", .prefix = true, .handler = echo},
      {.path = "/echo", .handler = echo, .open = true},
  };
  auto started = HttpServer::start(std::move(options), std::move(routes));
  if (!started) throw std::runtime_error(started.error().error.message);
  server = std::move(*started);
  port = server->addresses().front().port;
}

Serving::~Serving() {
  turnstile.open();
}

}  // namespace hostnet
