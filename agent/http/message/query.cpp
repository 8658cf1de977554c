#include "agent/http/message/query.h"

#include "netlink/base/text.h"

namespace hostnet {

std::optional<HttpQuery> parse_query(std::string_view text) {
  HttpQuery query;
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), PlusSign::is_a_space);
    auto value = equals == std::string_view::npos
                     ? std::optional<std::string>(std::in_place)
                     : percent_decode(pair.substr(equals + 1), PlusSign::is_a_space);
    if (!name || !value) return std::nullopt;
    query.emplace(std::move(*name), std::move(*value));
  }
  return query;
}

}  // namespace hostnet
