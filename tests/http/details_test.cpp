#include "agent/http/details.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/http/gate.h"
#include "agent/http/message/gzip.h"

namespace hostnet {
namespace {

HttpRequest from(bool loopback, HttpHeaders headers = {}) {
  HttpRequest request;
  request.peer = loopback ? "127.0.0.1:5" : "192.0.2.7:5";
  request.peer_is_loopback = loopback;
  request.headers = std::move(headers);
  return request;
}

TEST(Details, KnowLoopbackHosts) {
  for (const char* host : {"localhost", "LOCALHOST:20000", "localhost.", "127.0.0.1", "127.8.9.1:1",
                           "[::1]", "[::1]:20000", "[::ffff:127.0.0.1]:80"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const char* host :
       {"", "localhost.evil.example", "127.0.0.1.evil.example", "1270.0.0.1", "10.0.0.1", "[::2]",
        "[::1]x", "[::1", "::1", "127.1", "0.0.0.0", "[::ffff:10.0.0.1]", "n1"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

TEST(Details, FollowThePolicy) {
  EXPECT_FALSE(details_refusal(Details::loopback, from(true), "localhost:20000"));
  EXPECT_TRUE(details_refusal(Details::loopback, from(true), "n1"));
  EXPECT_TRUE(details_refusal(Details::loopback, from(true), ""));
  EXPECT_TRUE(details_refusal(Details::loopback, from(false), "localhost"));
  EXPECT_FALSE(details_refusal(Details::all, from(false), "n1"));
  EXPECT_TRUE(details_refusal(Details::none, from(true), "localhost"));
}

TEST(Details, DoNotGoThroughAProxy) {
  for (const char* name :
       {"Forwarded", "x-forwarded-for", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port",
        "X-Forwarded-Anything", "X-Real-IP", "Via", "X-Client-IP", "CF-Connecting-IP", "cf-ray",
        "True-Client-IP", "X-Envoy-External-Address", "X-Original-Forwarded-For",
        "Fastly-Client-IP", "X-Azure-ClientIP", "Tailscale-User-Login", "CDN-Loop",
        // None of the names that are known, and those that are to come.
        "X-Rewrite-URL", "Remote-Addr", "X-Host", "DO-Connecting-IP", "X-Sucuri-ClientIP",
        "X-SSL-Client-Cert", "X-Ingress-Path", "X_Forwarded_For", "Proxy-Connection",
        "X-Some-New-Proxy"}) {
    for (const Details policy : {Details::loopback, Details::socket}) {
      HttpRequest request = from(true, {{name, "x"}});
      request.peer_is_unix = true;
      EXPECT_TRUE(details_refusal(policy, request, "localhost")) << name;
    }
  }
  for (const char* name : {"accept", "User-Agent", "X-Request-Id", "Sec-Fetch-Mode", "traceparent",
                           "X-Prometheus-Scrape-Timeout-Seconds", "If-None-Match", "DNT"}) {
    EXPECT_FALSE(forwarding_header({{name, "x"}})) << name;
  }
}

TEST(Details, OfASocketAreForItsPeersOnly) {
  HttpRequest request = from(true);
  EXPECT_THAT(details_refusal(Details::socket, request, "localhost").value_or(""),
              testing::HasSubstr("--unix-socket"));
  request.peer_is_unix = true;
  EXPECT_FALSE(details_refusal(Details::socket, request, "any.name"));
}

TEST(Details, OfATokenAreForWhoShowsIt) {
  HttpRequest request = from(true);
  EXPECT_THAT(details_refusal(Details::token, request, "localhost").value_or(""),
              testing::HasSubstr("--web.details-token-file"));
  request.shows_token = true;
  request.peer_is_loopback = false;
  EXPECT_FALSE(details_refusal(Details::token, request, "n1"));
}

TEST(Details, RefusalsNameThePeerAndTheFlag) {
  const auto why = details_refusal(Details::loopback, from(false), "n1");
  EXPECT_THAT(why.value_or(""), testing::HasSubstr("192.0.2.7"));
  EXPECT_THAT(why.value_or(""), testing::HasSubstr("--web.details=all"));
  EXPECT_THAT(details_refusal(Details::none, from(true), "localhost").value_or(""),
              testing::HasSubstr("--web.details"));
}

TEST(Routes, PreferTheExactAndThenTheLongestPrefix) {
  const std::vector<HttpRoute> routes{{.path = "/", .prefix = false},
                                      {.path = "/a/", .prefix = true},
                                      {.path = "/a/b/", .prefix = true},
                                      {.path = "/a/x", .prefix = false}};
  EXPECT_EQ(find_route(routes, "/"), &routes[0]);
  EXPECT_EQ(find_route(routes, "/a/1"), &routes[1]);
  EXPECT_EQ(find_route(routes, "/a/b/1"), &routes[2]);
  EXPECT_EQ(find_route(routes, "/a/x"), &routes[3]);
  EXPECT_EQ(find_route(routes, "/b"), nullptr);
}

TEST(Gzip, IsTakenAsAcceptEncodingSays) {
  for (const char* taken : {"gzip", "deflate, gzip", "GZIP;q=0.5", "*", "br;q=1.0, *;q=0.1"}) {
    EXPECT_TRUE(accepts_gzip(taken)) << taken;
  }
  for (const char* refused :
       {"", "identity", "gzip;q=0", "gzip; q=0.000", "*;q=0", "*, gzip;q=0", "gzipped"}) {
    EXPECT_FALSE(accepts_gzip(refused)) << refused;
  }
}

}  // namespace
}  // namespace hostnet
