#include "agent/http/settings/details_token.h"

#include <openssl/crypto.h>

#include <utility>

#include "netlink/base/read_file.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::chrono::seconds kScanEvery{1};

Result<std::string> read_token(const std::string& path) {
  const auto text = read_regular_file(path);
  if (!text) return std::unexpected(text.error());
  std::string token(trim(*text));
  if (token.size() < DetailsToken::kShortestToken) {
    return failure(Reason::malformed, "reading " + path + ": a token has at least " +
                                          std::to_string(DetailsToken::kShortestToken) +
                                          " characters");
  }
  return token;
}

}  // namespace

Result<DetailsToken> DetailsToken::open(const std::string& file) {
  DetailsToken opened;
  opened.file_ = file;
  opened.seen_ = stamp_of(file).value_or(FileStamp{});
  auto token = read_token(file);
  if (!token) return std::unexpected(std::move(token.error()));
  opened.token_ = std::move(*token);
  return opened;
}

void DetailsToken::scan(Time now) {
  if (file_.empty() || now < scan_again_) return;
  scan_again_ = now + kScanEvery;
  const FileStamp stamp = stamp_of(file_).value_or(FileStamp{});
  if (std::exchange(seen_, stamp) == stamp) return;
  token_ = read_token(file_).value_or(std::string());
}

bool DetailsToken::shown_in(std::string_view authorization) const {
  constexpr std::string_view kScheme = "Bearer ";
  if (token_.empty() || !equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
    return false;
  }
  const std::string_view shown = trim(authorization.substr(kScheme.size()));
  return shown.size() == token_.size() &&
         CRYPTO_memcmp(shown.data(), token_.data(), token_.size()) == 0;
}

}  // namespace hostnet
