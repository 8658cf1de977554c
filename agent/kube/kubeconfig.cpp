#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <optional>
#include <vector>

#include "agent/document/fields.h"
#include "agent/document/settings.h"
#include "agent/kube/cluster_access.h"
#include "netlink/base/escape.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

// The error may quote text from anybody.
std::unexpected<Error> bad_config(const std::string& why) {
  return failure(Reason::malformed, "kubeconfig: " + terminal_text(why));
}

// For features that only kubectl has: points to kubectl.
std::unexpected<Error> ask_kubectl(std::string_view why) {
  return bad_config(
      fmt::format("{}; use a token (kubectl create token SERVICEACCOUNT) or tokenFile; "
                  "`fleet` can go through `kubectl proxy`: --server=http://127.0.0.1:8001",
                  why));
}

// "clusters: [{name: NAME, cluster: {...}}]"
std::optional<Fields> named_entry(const Fields& root, std::string_view list,
                                  const std::string& name, std::string_view member) {
  for (const Fields& entry : root.items(list)) {
    if (entry.value().is_map() && entry.word("name") == name) return entry.section(member);
  }
  return std::nullopt;
}

// Some tools wrap it into lines.
std::optional<std::string> from_folded_base64(std::string text) {
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
  return text.empty() ? std::nullopt : from_base64(text);
}

// NAME-data (base64) wins over NAME (a path), as with kubectl.
Result<Credential> credential_at(const Fields& map, const std::string& name,
                                 const std::string& folder) {
  Credential credential;
  if (const std::string data = map.word(name + "-data"); !data.empty()) {
    auto decoded = from_folded_base64(data);
    if (!decoded) return bad_config(name + "-data is not base64");
    credential.data = *std::move(decoded);
    return credential;
  }
  if (const std::string path = map.word(name); !path.empty()) {
    credential.file = (std::filesystem::path(folder) / path).string();
  }
  return credential;
}

Result<> read_user(const Fields& user, const std::string& folder, ClusterAccess& access) {
  if (user.has("exec")) {
    const auto plugin = user.section("exec");
    const std::string command = plugin ? plugin->word("command") : "";
    return ask_kubectl(fmt::format("exec would run a program, which the agent never does{}",
                                   command.empty() ? "" : fmt::format(" ({})", command)));
  }
  struct Refused {
    std::string_view key, why;
  };
  static constexpr std::array<Refused, 3> kRefused{{
      {"auth-provider", "auth-provider is not supported"},
      {"username", "user names and passwords are not supported"},
      {"as", "impersonation is not supported"},
  }};
  for (const Refused& refused : kRefused) {
    if (user.has(refused.key)) return ask_kubectl(refused.why);
  }
  auto certificate = credential_at(user, "client-certificate", folder);
  if (!certificate) return std::unexpected(certificate.error());
  auto key = credential_at(user, "client-key", folder);
  if (!key) return std::unexpected(key.error());
  if (certificate->empty() != key->empty()) {
    return bad_config("client-certificate and client-key go together");
  }
  access.certificate = *std::move(certificate);
  access.key = *std::move(key);
  if (const std::string file = user.word("tokenFile"); !file.empty()) {
    access.token.file = (std::filesystem::path(folder) / file).string();
  } else {
    access.token.data = user.word("token");
  }
  return {};
}

}  // namespace

Result<ClusterAccess> parse_kubeconfig(std::string_view text, const std::string& folder,
                                       const std::string& wanted) {
  const auto document = parse_settings(text, "kubeconfig");
  if (!document) return std::unexpected(document.error());
  std::vector<Complaint> complaints;
  const Fields root(document->root, "", complaints);
  if (!root.value().is_map()) return bad_config("not a mapping");
  const std::string current = wanted.empty() ? root.word("current-context") : wanted;
  if (current.empty()) return bad_config("current-context is not set");
  const auto context = named_entry(root, "contexts", current, "context");
  if (!context) return bad_config(fmt::format("there is no context '{}'", current));
  const std::string cluster_name = context->word("cluster");
  const auto cluster = named_entry(root, "clusters", cluster_name, "cluster");
  if (!cluster) return bad_config(fmt::format("there is no cluster '{}'", cluster_name));
  if (cluster->has("proxy-url")) {
    return bad_config(
        "proxy-url is not supported; `fleet` can go through `kubectl proxy`: "
        "--server=http://127.0.0.1:8001");
  }

  auto access = parse_server_url(cluster->word("server"));
  if (!access) return bad_config(access.error().message);
  auto ca = credential_at(*cluster, "certificate-authority", folder);
  if (!ca) return std::unexpected(ca.error());
  access->ca = *std::move(ca);
  access->tls_server_name = cluster->word("tls-server-name");
  access->insecure = cluster->boolean("insecure-skip-tls-verify");
  if (const std::string user_name = context->word("user"); !user_name.empty()) {
    const auto user = named_entry(root, "users", user_name, "user");
    if (!user) return bad_config(fmt::format("there is no user '{}'", user_name));
    if (auto done = read_user(*user, folder, *access); !done) return std::unexpected(done.error());
  }
  if (auto good = without_complaints("kubeconfig", complaints); !good) {
    return std::unexpected(std::move(good).error());
  }
  return access;
}

Result<ClusterAccess> read_kubeconfig(const std::string& file, const std::string& context) {
  const auto text = read_credential({.file = file});
  if (!text) return std::unexpected(text.error());
  auto access =
      parse_kubeconfig(*text, std::filesystem::path(file).parent_path().string(), context);
  if (!access) {
    return failure(access.error().reason, fmt::format("{}: {}", file, access.error().message));
  }
  return access;
}

}  // namespace hostnet
