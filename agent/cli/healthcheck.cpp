#include "agent/cli/healthcheck.h"

#include <fmt/format.h>
#include <httplib.h>

#include "agent/http/listen.h"
#include "agent/kube/httplib_words.h"
#include "agent/log/log.h"

namespace hostnet {
namespace {

std::string target_host(const ListenAddress& address) {
  if (!address.unix_path.empty()) return address.unix_path;
  if (address.host.empty() || address.host == "0.0.0.0" || address.host == "::") return "localhost";
  return address.host;
}

template <class Client>
httplib::Result ask_healthz(Client& client, const ListenAddress& address) {
  constexpr int kSeconds = 5;
  client.set_connection_timeout(kSeconds);
  client.set_read_timeout(kSeconds);
  if (!address.unix_path.empty()) client.set_address_family(AF_UNIX);
  return client.Get("/healthz", {{"Host", "localhost"}});  // a socket's path is no host name
}

int told_unwell(std::string_view why) {
  log::complain(why);
  return 1;
}

}  // namespace

int run_healthcheck(const std::string& listen_address) {
  const auto address = parse_listen_address(listen_address);
  if (!address) return told_unwell(address.error().message);

  const std::string host = target_host(*address);
  httplib::ClientImpl plain(host, address->port);
  httplib::Result answer = ask_healthz(plain, *address);
  // "Client sent an HTTP request to an HTTPS server."
  if (answer && answer->status == 400) {
    httplib::SSLClient secure(host, address->port);
    secure.enable_server_certificate_verification(false);  // it is ours, on this host
    answer = ask_healthz(secure, *address);
  }
  if (!answer) {
    return told_unwell(
        fmt::format("nothing answers on {}: {}", address->text, words_for(answer.error())));
  }
  if (answer->status == 200) return 0;
  return told_unwell(fmt::format("/healthz says {}: {}", answer->status, answer->body));
}

}  // namespace hostnet
