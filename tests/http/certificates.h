#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

namespace hostnet {

// A certificate and its key, as PEM.
struct Pem {
  std::string certificate;
  std::string key;
};

// A certificate authority that lives as long as the test.
class TestCa {
 public:
  TestCa();
  TestCa(const TestCa&) = delete;
  TestCa& operator=(const TestCa&) = delete;
  ~TestCa();
  // `san` as OpenSSL writes it: "DNS:localhost,IP:127.0.0.1".
  Pem issue(const std::string& common_name, const std::string& san) const;
  std::string certificate() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A key of another kind than TestCa's, as PEM.
std::string new_ed25519_key();

// A folder that is removed at the end.
class TestFolder {
 public:
  TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder();
  // Returns the path. Replaces the file, as a rename does.
  std::string write(const std::string& name, const std::string& text) const;
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace hostnet
