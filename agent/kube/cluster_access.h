#pragma once

// Where the API server (or the kubelet) is, whom to trust and as whom to come.

#include <functional>
#include <string>
#include <string_view>

#include "netlink/base/error.h"

namespace hostnet {

// Contents, or the file that has them, which is read again for each request:
// tokens and certificates are replaced while the agent runs.
struct Credential {
  std::string file;
  std::string data;
  bool empty() const { return file.empty() && data.empty(); }
  bool operator==(const Credential&) const = default;
};

struct ClusterAccess {
  std::string host;  // without brackets
  int port{443};
  std::string base_path;  // "" or "/k8s/clusters/c-1"
  // PEM; empty: the system's authorities. A server that shows one of these very
  // certificates may have any name; one that they only signed must have `host`.
  Credential ca;
  // Whom the server's certificate must name, and whom SNI asks for; "": host.
  std::string tls_server_name;
  bool insecure{};              // the server's certificate is not verified
  Credential certificate, key;  // PEM, of the client
  Credential token;             // bearer
  bool plain{};                 // HTTP without TLS, and without any of these
  bool operator==(const ClusterAccess&) const = default;
};

// "10.0.0.1:6443", "[2001:db8::1]:443".
std::string host_and_port(std::string_view host, int port);

// "https://10.0.0.1:6443/path" into host, port and base_path; "http://..." is `plain`. Pure.
Result<ClusterAccess> parse_http_url(std::string_view url);
// Of an API server or a kubelet. Only https: a token must not go over the wire in the clear.
Result<ClusterAccess> parse_server_url(std::string_view url);
// "http://127.0.0.1:8001", on loopback only: `kubectl proxy`, which asks as its user.
Result<ClusterAccess> parse_proxy_url(std::string_view url);

// A kubeconfig's `context`, "": its current-context. `folder` is where its relative paths start.
// Programs (exec), auth providers and passwords are refused by name: the agent
// never runs anything. Pure. k8s.io/client-go/tools/clientcmd/api/v1
Result<ClusterAccess> parse_kubeconfig(std::string_view text, const std::string& folder,
                                       const std::string& context = {});
Result<ClusterAccess> read_kubeconfig(const std::string& file, const std::string& context = {});

inline constexpr std::string_view kServiceAccountFolder =
    "/var/run/secrets/kubernetes.io/serviceaccount";
// What a pod is given. Reason::vanished where this is no pod or it has no token.
Result<ClusterAccess> in_cluster_access(
    const std::function<const char*(const char*)>& environment,
    const std::string& folder = std::string(kServiceAccountFolder));

// What it holds now: data, or the contents of the regular file without blanks at
// its end, at most 1 MiB. "" where there is none.
Result<std::string> read_credential(const Credential& credential);

}  // namespace hostnet
