#pragma once

#include <array>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace hostnet {

// $2a$, $2b$ or $2y$, a cost from 4 to 31, 53 characters.
bool is_bcrypt_hash(std::string_view text);
// The binary logarithm of its rounds: 10 takes about 50 ms, each step doubles that.
int bcrypt_cost(std::string_view hash);
// Checks run one at a time: while one takes seconds, nobody else can sign in.
inline constexpr int kMostBcryptCost = 16;
// Takes as long as the hash's cost says (10: about 50 ms).
bool bcrypt_matches(const std::string& hash, const std::string& password);

struct Credentials {
  std::string user;
  std::string password;
  bool operator==(const Credentials&) const = default;
};

// From an Authorization header; nothing unless it is well-formed Basic.
std::optional<Credentials> basic_credentials(std::string_view authorization);

using Users = std::map<std::string, std::string>;  // name -> bcrypt hash

// Caches results, so that bcrypt runs once per credentials and hash and not once
// per scrape. Right and wrong ones are kept apart: guesses cannot evict known
// users. Keyed by a digest under a random key, never by a password.
// Any thread.
class PasswordCache {
 public:
  PasswordCache();
  std::optional<bool> find(const Users& users, const Credentials& credentials);
  // Slow (bcrypt). An unknown user costs as much as a known one: timing does not
  // reveal which users exist.
  bool check(const Users& users, const Credentials& credentials);

 private:
  using Digest = std::array<unsigned char, 32>;
  struct Recent {
    std::list<Digest> order;  // newest first
    std::map<Digest, std::list<Digest>::iterator> at;
    bool has(const Digest& digest);
    void add(const Digest& digest);
  };
  Digest digest_of(const Users& users, const Credentials& credentials) const;

  std::array<unsigned char, 32> key_{};
  std::mutex mutex_;  // guards the rest
  Recent right_;
  Recent wrong_;
};

}  // namespace hostnet
