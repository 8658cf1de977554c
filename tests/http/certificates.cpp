#include "tests/http/certificates.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hostnet {
namespace {

struct FreeForTest {
  void operator()(X509* cert) const { X509_free(cert); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
template <class T>
using Kept = std::unique_ptr<T, FreeForTest>;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_text(X509* cert) {
  const Kept<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), cert);
  return text_of(bio.get());
}

std::string pem_text(EVP_PKEY* key) {
  const Kept<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio.get());
}

Kept<X509> new_certificate(EVP_PKEY* key, const std::string& name, X509* issuer,
                           EVP_PKEY* issuer_key, int extension, const std::string& value) {
  static long serial = 1;
  Kept<X509> cert(X509_new());
  X509_set_version(cert.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), 3600);
  X509_set_pubkey(cert.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(cert.get(), X509_get_subject_name(issuer == nullptr ? cert.get() : issuer));
  if (!value.empty()) {
    const Kept<X509_EXTENSION> made(
        X509V3_EXT_conf_nid(nullptr, nullptr, extension, value.c_str()));
    X509_add_ext(cert.get(), made.get(), -1);
  }
  X509_sign(cert.get(), issuer_key, EVP_sha256());
  return cert;
}

}  // namespace

struct TestCa::State {
  Kept<EVP_PKEY> key{EVP_EC_gen("P-256")};
  Kept<X509> certificate = new_certificate(key.get(), "test CA", nullptr, key.get(),
                                           NID_basic_constraints, "critical,CA:TRUE");
};

TestCa::TestCa() : state_(std::make_unique<State>()) {}
TestCa::~TestCa() = default;

Pem TestCa::issue(const std::string& common_name, const std::string& san) const {
  const Kept<EVP_PKEY> key(EVP_EC_gen("P-256"));
  const Kept<X509> cert = new_certificate(key.get(), common_name, state_->certificate.get(),
                                          state_->key.get(), NID_subject_alt_name, san);
  return {.certificate = pem_text(cert.get()), .key = pem_text(key.get())};
}

std::string TestCa::certificate() const {
  return pem_text(state_->certificate.get());
}

std::string new_ed25519_key() {
  const Kept<EVP_PKEY> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  return pem_text(key.get());
}

TestFolder::TestFolder() {
  std::string name = testing::TempDir() + "hostnet-web-XXXXXX";
  if (mkdtemp(name.data()) != nullptr) path_ = name;
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

std::string TestFolder::write(const std::string& name, const std::string& text) const {
  std::ofstream(path(name + ".new")) << text;
  std::filesystem::rename(path(name + ".new"), path(name));
  return path(name);
}

}  // namespace hostnet
