#pragma once

// Where the API server (or the kubelet) is, which CA to trust and which credentials to use.

#include <functional>
#include <string>
#include <string_view>

#include "netlink/base/error.h"

namespace hostnet {

// The contents, or the file that holds them, which is read again for each request: tokens and
// certificates are rotated while the agent runs.
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
  // PEM; empty: the system's CAs. A server that presents one of these very certificates may have
  // any name; one that they only signed must match `host`.
  Credential ca;
  // The name that the server's certificate must have and that is sent as SNI; "": host.
  std::string tls_server_name;
  bool insecure{};              // the server's certificate is not verified
  Credential certificate, key;  // PEM, of the client
  Credential token;             // bearer
  bool plain{};                 // HTTP, without TLS or credentials
  bool operator==(const ClusterAccess&) const = default;
};

// "10.0.0.1:6443", "[2001:db8::1]:443".
std::string host_and_port(std::string_view host, int port);

// "https://10.0.0.1:6443/path" into host, port and base_path; "http://..." is `plain`. Pure.
Result<ClusterAccess> parse_http_url(std::string_view url);
// URL of an API server or a kubelet. Only https: a token must not be sent in the clear.
Result<ClusterAccess> parse_server_url(std::string_view url);
// "http://127.0.0.1:8001", on loopback only: `kubectl proxy`, which adds its user's credentials.
Result<ClusterAccess> parse_proxy_url(std::string_view url);

// The `context` of a kubeconfig, "": its current-context. Relative paths start at `folder`. Exec
// plugins, auth providers and passwords are refused by name: the agent never runs anything. Pure.
// k8s.io/client-go/tools/clientcmd/api/v1
Result<ClusterAccess> parse_kubeconfig(std::string_view text, const std::string& folder,
                                       const std::string& context = {});
Result<ClusterAccess> read_kubeconfig(const std::string& file, const std::string& context = {});

inline constexpr std::string_view kServiceAccountFolder =
    "/var/run/secrets/kubernetes.io/serviceaccount";
// The service account of a pod. Reason::vanished outside a pod or without a token.
Result<ClusterAccess> in_cluster_access(
    const std::function<const char*(const char*)>& environment,
    const std::string& folder = std::string(kServiceAccountFolder));

// Its current contents: the data, or the contents of the regular file without trailing blanks, at
// most 1 MiB. "" if there is none.
Result<std::string> read_credential(const Credential& credential);

}  // namespace hostnet
