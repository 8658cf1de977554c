#include "agent/http/settings/basic_auth.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "agent/http/message/http.h"
#include "netlink/base/ascii.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::size_t kRemembered = 256;
constexpr std::size_t kLongestCredentials = 1024;
// Any well-formed hash: unknown users are checked against it if there is no user
// whose hash could be used.
constexpr const char* kNobodysHash = "$2b$10$abcdefghijklmnopqrstuuAbCdEfGhIjKlMnOpQrStUvWxYz01234";

bool is_bcrypt_letter(char c) {
  return is_alphanumeric(c) || c == '.' || c == '/';
}

const std::string* hash_of(const Users& users, const std::string& user) {
  const auto found = users.find(user);
  return found == users.end() ? nullptr : &found->second;
}

}  // namespace

bool is_bcrypt_hash(std::string_view text) {
  constexpr std::size_t kSize = 60;
  if (text.size() != kSize || !text.starts_with("$2") || text[3] != '$' || text[6] != '$') {
    return false;
  }
  if (!std::string_view("aby").contains(text[2])) return false;
  const int tens = text[4] - '0';
  const int ones = text[5] - '0';
  if (tens < 0 || tens > 3 || ones < 0 || ones > 9) return false;
  const int cost = tens * 10 + ones;
  return cost >= 4 && cost <= 31 && std::ranges::all_of(text.substr(7), is_bcrypt_letter);
}

int bcrypt_cost(std::string_view hash) {
  return parse_number<int>(hash.substr(4, 2)).value_or(0);
}

bool bcrypt_matches(const std::string& hash, const std::string& password) {
  // crypt(3) would stop at a NUL and ignore the rest.
  if (password.find('\0') != std::string::npos) return false;
  const auto data = std::make_unique<crypt_data>();
  const char* made = crypt_r(password.c_str(), hash.c_str(), data.get());
  const bool matches = made != nullptr && std::strlen(made) == hash.size() &&
                       CRYPTO_memcmp(made, hash.data(), hash.size()) == 0;
  OPENSSL_cleanse(data.get(), sizeof *data);
  return matches;
}

std::optional<Credentials> basic_credentials(std::string_view authorization) {
  const std::size_t space = authorization.find(' ');
  if (!equals_ignoring_case(authorization.substr(0, space), "Basic")) return std::nullopt;
  std::string_view encoded = authorization.substr(std::min(space, authorization.size()));
  while (encoded.starts_with(' ')) encoded.remove_prefix(1);
  if (encoded.empty() || encoded.size() > kLongestCredentials) return std::nullopt;
  const auto plain = from_base64(encoded);
  if (!plain) return std::nullopt;
  const std::string& decoded = *plain;
  const std::size_t colon = decoded.find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{.user = decoded.substr(0, colon), .password = decoded.substr(colon + 1)};
}

bool PasswordCache::Recent::has(const Digest& digest) {
  const auto found = at.find(digest);
  if (found == at.end()) return false;
  order.splice(order.begin(), order, found->second);
  return true;
}

void PasswordCache::Recent::add(const Digest& digest) {
  if (has(digest)) return;
  order.push_front(digest);
  at.emplace(digest, order.begin());
  if (order.size() <= kRemembered) return;
  at.erase(order.back());
  order.pop_back();
}

PasswordCache::PasswordCache() {
  RAND_bytes(key_.data(), static_cast<int>(key_.size()));
}

PasswordCache::Digest PasswordCache::digest_of(const Users& users,
                                               const Credentials& credentials) const {
  // Lengths first: no two different triples give the same bytes. The hash is
  // included, so a changed password is checked again.
  const std::string* hash = hash_of(users, credentials.user);
  std::string text = std::to_string(credentials.user.size()) + ":" +
                     std::to_string(credentials.password.size()) + ":" + credentials.user +
                     credentials.password + (hash == nullptr ? "" : *hash);
  Digest digest{};
  unsigned int size = digest.size();
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  OPENSSL_cleanse(text.data(), text.size());
  return digest;
}

std::optional<bool> PasswordCache::find(const Users& users, const Credentials& credentials) {
  const Digest digest = digest_of(users, credentials);
  const std::scoped_lock lock(mutex_);
  if (right_.has(digest)) return true;
  if (wrong_.has(digest)) return false;
  return std::nullopt;
}

bool PasswordCache::check(const Users& users, const Credentials& credentials) {
  const std::string* hash = hash_of(users, credentials.user);
  const std::string any = users.empty() ? kNobodysHash : users.begin()->second;
  const bool matches = bcrypt_matches(hash == nullptr ? any : *hash, credentials.password);
  const bool right = matches && hash != nullptr;
  const Digest digest = digest_of(users, credentials);
  const std::scoped_lock lock(mutex_);
  (right ? right_ : wrong_).add(digest);
  return right;
}

}  // namespace hostnet
