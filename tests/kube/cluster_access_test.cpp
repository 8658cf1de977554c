#include "agent/kube/cluster_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace hostnet {
namespace {

using testing::HasSubstr;

std::string kubeconfig(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: here\n"
         "contexts: [{name: other, context: {cluster: x, user: y}},\n"
         "           {name: here, context: {cluster: c, user: u}}]\n"
         "clusters: [{name: c, cluster: {" +
         cluster + "}}]\nusers: [{name: u, user: {" + user + "}}]\n";
}

std::string refusal(const std::string& cluster, const std::string& user) {
  const auto access = parse_kubeconfig(kubeconfig(cluster, user), "/etc/kube");
  return access ? "accepted" : access.error().message;
}

TEST(Kubeconfig, TakesServerAuthorityAndToken) {
  const auto access = parse_kubeconfig(
      kubeconfig("server: 'https://[fd00::1]:6443/base/', certificate-authority-data: Q0EK",
                 "token: secret"),
      "/etc/kube");
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->host, "fd00::1");
  EXPECT_EQ(access->port, 6443);
  EXPECT_EQ(access->base_path, "/base");
  EXPECT_EQ(access->ca.data, "CA\n");
  EXPECT_EQ(access->token.data, "secret");
  EXPECT_FALSE(access->insecure);
}

TEST(Kubeconfig, RelativePathsStartInItsFolder) {
  const auto access = parse_kubeconfig(
      kubeconfig("server: 'https://api.example', certificate-authority: pki/ca.crt, "
                 "insecure-skip-tls-verify: true",
                 "tokenFile: /run/token, client-certificate: c.pem, client-key-data: S0VZ"),
      "/etc/kube");
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->port, 443);
  EXPECT_EQ(access->ca.file, "/etc/kube/pki/ca.crt");
  EXPECT_EQ(access->token.file, "/run/token");
  EXPECT_EQ(access->certificate.file, "/etc/kube/c.pem");
  EXPECT_EQ(access->key.data, "KEY");
  EXPECT_TRUE(access->insecure);
}

TEST(Kubeconfig, NamesWhatItRefusesAndWhy) {
  const std::string server = "server: 'https://a'";
  EXPECT_THAT(refusal(server, "exec: {command: aws}"), HasSubstr("never does"));
  EXPECT_THAT(refusal(server, "auth-provider: {name: gcp}"), HasSubstr("auth-provider"));
  EXPECT_THAT(refusal(server, "username: a, password: b"), HasSubstr("passwords"));
  EXPECT_THAT(refusal(server, "client-certificate: c.pem"), HasSubstr("go together"));
  EXPECT_THAT(refusal("server: 'http://a'", ""), HasSubstr("https"));
  EXPECT_THAT(refusal(server + ", proxy-url: 'http://b'", ""), HasSubstr("proxy-url"));
  EXPECT_THAT(refusal(server + ", certificate-authority-data: '?'", ""), HasSubstr("base64"));
  EXPECT_THAT(parse_kubeconfig("a: [", "").error().message, HasSubstr("kubeconfig:1:"));
  EXPECT_THAT(parse_kubeconfig("current-context: x", "").error().message, HasSubstr("'x'"));
  EXPECT_THAT(read_kubeconfig("/nowhere/config").error().message, HasSubstr("/nowhere/config"));
}

TEST(Kubeconfig, WhatOnlyKubectlCanDoNamesTheWayThroughIt) {
  for (const char* const user : {"exec: {command: aws}", "auth-provider: {name: gcp}", "as: me"}) {
    EXPECT_THAT(refusal("server: 'https://a'", user), HasSubstr("kubectl proxy")) << user;
  }
}

TEST(Kubeconfig, TakesTheNameThatTheServersCertificateHas) {
  const auto access = parse_kubeconfig(
      kubeconfig("server: 'https://127.0.0.1', tls-server-name: api.example", ""), "/etc/kube");
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->host, "127.0.0.1");
  EXPECT_EQ(access->tls_server_name, "api.example");
}

TEST(Kubeconfig, AnErrorIsOneLineWhateverIsNamed) {
  EXPECT_EQ(parse_kubeconfig("current-context: \"a\\nb\"", "").error().message,
            "kubeconfig: there is no context 'a\\nb'");
  EXPECT_THAT(refusal("server: 'https://a'", "exec: {command: \"a\\e[31m\"}"),
              HasSubstr("(a\\x1b[31m)"));
}

TEST(Kubeconfig, AnErrorNeverQuotesASecret) {
  EXPECT_THAT(refusal("server: 'https://a'", "token: hunter2, exec: {}, password: hunter2"),
              testing::Not(HasSubstr("hunter2")));
}

TEST(ServerUrl, RefusesWhatIsNone) {
  for (const std::string_view url :
       {"", "https://", "https://a:0", "https://a:70000", "https://[::1", "https://[::1]x",
        "https://a b", "ftp://a", "https://a/p?q", "https://a:1:2"}) {
    EXPECT_FALSE(parse_server_url(url)) << url;
  }
}

TEST(HttpUrl, HasTheUsualPortOfItsScheme) {
  EXPECT_EQ(parse_http_url("http://prometheus/prefix")->port, 80);
  EXPECT_EQ(parse_http_url("https://[::1]")->port, 443);
  EXPECT_EQ(parse_http_url("http://prometheus:9090/prefix")->base_path, "/prefix");
  EXPECT_FALSE(parse_http_url("prometheus:9090"));
  EXPECT_FALSE(parse_http_url("http://"));
}

TEST(ProxyUrl, IsPlainHttpOnLoopbackOnly) {
  for (const std::string_view url :
       {"http://127.0.0.1:8001", "http://localhost:8001/prefix", "http://[::1]:8001"}) {
    const auto access = parse_proxy_url(url);
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_TRUE(access->plain);
    EXPECT_EQ(access->port, 8001);
  }
  EXPECT_EQ(parse_proxy_url("http://127.9.9.9")->port, 80);
  for (const std::string_view url :
       {"https://127.0.0.1:8001", "http://10.0.0.1:8001", "http://127.0.0.1.example:8001",
        "http://localhost.example", "http://[fe80::1]", "127.0.0.1:8001", "http://"}) {
    EXPECT_FALSE(parse_proxy_url(url)) << url;
  }
}

TEST(InCluster, NeedsTheEnvironmentAndAToken) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "in_cluster_needs";
  std::filesystem::create_directories(folder);
  std::filesystem::remove(folder / "token");
  const auto outside = [](const char*) -> const char* { return nullptr; };
  const auto inside = [](const char* name) -> const char* {
    return std::string_view(name) == "KUBERNETES_SERVICE_HOST" ? "10.0.0.1" : "6443";
  };
  EXPECT_EQ(in_cluster_access(outside, folder.string()).error().reason, Reason::vanished);
  EXPECT_THAT(in_cluster_access(inside, folder.string()).error().message, HasSubstr("token"));
  std::ofstream(folder / "token") << "first\n";
  const auto access = in_cluster_access(inside, folder.string());
  ASSERT_TRUE(access);
  EXPECT_EQ(access->host, "10.0.0.1");
  EXPECT_EQ(access->port, 6443);
  EXPECT_EQ(read_credential(access->token), "first");
  std::ofstream(folder / "token") << "second";
  EXPECT_EQ(read_credential(access->token), "second");
  const std::string large(std::size_t{1} << 20, 'x');  // as much as is taken
  std::ofstream(folder / "token") << large;
  EXPECT_EQ(read_credential(access->token), large);
  std::ofstream(folder / "token") << large << 'x';
  EXPECT_THAT(read_credential(access->token).error().message, HasSubstr("larger than 1 MiB"));
  std::ofstream(folder / "token") << "\n";
  EXPECT_FALSE(read_credential(access->token));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace hostnet
