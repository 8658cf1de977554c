#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <filesystem>

#include "agent/document/parse_document.h"
#include "agent/kube/cluster_access.h"

namespace hostnet {
namespace {

std::unexpected<Error> bad_config(const std::string& why) {
  return failure(Reason::malformed, "kubeconfig: " + why);
}

std::string text_at(const Value& map, std::string_view key) {
  const Value* value = map.find(key);
  return value != nullptr && value->is_scalar() ? value->text : std::string();
}

// "clusters: [{name: NAME, cluster: {...}}]"
const Value* named_entry(const Value& root, std::string_view list, const std::string& name,
                         std::string_view member) {
  const Value* entries = root.find(list);
  if (entries == nullptr || !entries->is_list()) return nullptr;
  for (const Value& entry : entries->items) {
    if (!entry.is_map() || text_at(entry, "name") != name) continue;
    const Value* found = entry.find(member);
    return found != nullptr && found->is_map() ? found : nullptr;
  }
  return nullptr;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c != '\n' && c != '\r' && c != ' ') plain.push_back(c);
  }
  if (plain.empty() || plain.size() % 4 != 0) return std::nullopt;
  std::string decoded(plain.size() / 4 * 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                                     reinterpret_cast<const unsigned char*>(plain.data()),
                                     static_cast<int>(plain.size()));
  if (length < 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && plain[plain.size() - 1 - padding] == '=') ++padding;
  decoded.resize(static_cast<std::size_t>(length) - padding);
  return decoded;
}

// NAME-data (base64) wins over NAME (a path), as with kubectl.
Result<Credential> credential_at(const Value& map, const std::string& name,
                                 const std::string& folder) {
  Credential credential;
  if (const std::string data = text_at(map, name + "-data"); !data.empty()) {
    auto decoded = from_base64(data);
    if (!decoded) return bad_config(name + "-data is not base64");
    credential.data = *std::move(decoded);
    return credential;
  }
  if (const std::string path = text_at(map, name); !path.empty()) {
    credential.file = (std::filesystem::path(folder) / path).string();
  }
  return credential;
}

Result<> read_user(const Value& user, const std::string& folder, ClusterAccess& access) {
  struct Refused {
    std::string_view key, why;
  };
  static constexpr std::array<Refused, 4> kRefused{{
      {"exec", "exec would run a program, which the agent never does; use a token or tokenFile"},
      {"auth-provider", "auth-provider is not supported; use a token or tokenFile"},
      {"username", "user names and passwords are not supported; use a token or tokenFile"},
      {"as", "impersonation is not supported"},
  }};
  for (const Refused& refused : kRefused) {
    if (user.find(refused.key) != nullptr) return bad_config(std::string(refused.why));
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
  if (const std::string file = text_at(user, "tokenFile"); !file.empty()) {
    access.token.file = (std::filesystem::path(folder) / file).string();
  } else {
    access.token.data = text_at(user, "token");
  }
  return {};
}

}  // namespace

Result<ClusterAccess> parse_kubeconfig(std::string_view text, const std::string& folder) {
  const ParsedDocuments parsed = parse_yaml(text);
  if (parsed.failure) {
    return bad_config(fmt::format("line {}: {}", parsed.failure->line, parsed.failure->message));
  }
  if (parsed.documents.empty() || !parsed.documents.front().root.is_map()) {
    return bad_config("not a mapping");
  }
  const Value& root = parsed.documents.front().root;
  const std::string current = text_at(root, "current-context");
  if (current.empty()) return bad_config("current-context is not set");
  const Value* context = named_entry(root, "contexts", current, "context");
  if (context == nullptr) return bad_config(fmt::format("there is no context '{}'", current));
  const std::string cluster_name = text_at(*context, "cluster");
  const Value* cluster = named_entry(root, "clusters", cluster_name, "cluster");
  if (cluster == nullptr) return bad_config(fmt::format("there is no cluster '{}'", cluster_name));
  for (const std::string_view key : {"proxy-url", "tls-server-name"}) {
    if (cluster->find(key) != nullptr) return bad_config(std::string(key) + " is not supported");
  }

  auto access = parse_server_url(text_at(*cluster, "server"));
  if (!access) return bad_config(access.error().message);
  auto ca = credential_at(*cluster, "certificate-authority", folder);
  if (!ca) return std::unexpected(ca.error());
  access->ca = *std::move(ca);
  if (const Value* insecure = cluster->find("insecure-skip-tls-verify"); insecure != nullptr) {
    access->insecure = insecure->boolean().value_or(false);
  }
  const std::string user_name = text_at(*context, "user");
  if (user_name.empty()) return access;
  const Value* user = named_entry(root, "users", user_name, "user");
  if (user == nullptr) return bad_config(fmt::format("there is no user '{}'", user_name));
  if (auto done = read_user(*user, folder, *access); !done) return std::unexpected(done.error());
  return access;
}

Result<ClusterAccess> read_kubeconfig(const std::string& file) {
  const auto text = read_credential({.file = file, .data = {}});
  if (!text) return std::unexpected(text.error());
  auto access = parse_kubeconfig(*text, std::filesystem::path(file).parent_path().string());
  if (!access) {
    return failure(access.error().reason, fmt::format("{}: {}", file, access.error().message));
  }
  return access;
}

}  // namespace hostnet
