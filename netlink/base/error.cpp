#include "netlink/base/error.h"

#include <system_error>

namespace hostnet {

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::vanished: return "vanished";
    case Reason::denied: return "denied";
    case Reason::unsupported: return "unsupported";
    case Reason::malformed: return "malformed";
    case Reason::timeout: return "timeout";
    case Reason::exhausted: return "exhausted";
    case Reason::unreachable: return "unreachable";
    case Reason::internal: return "internal";
  }
  return "internal";
}

Reason reason_of(int system_error) {
  switch (system_error) {
    case ENOENT:
    case ESRCH:
    case ENODEV:
    case ENXIO:
    case ESTALE: return Reason::vanished;
    case EPERM:
    case EACCES: return Reason::denied;
    case EOPNOTSUPP:
    case ENOSYS:
    case EPROTONOSUPPORT:
    case EAFNOSUPPORT:
    case EINVAL: return Reason::unsupported;
    case EBADMSG:
    case EMSGSIZE: return Reason::malformed;
    case ETIMEDOUT:
    case EAGAIN: return Reason::timeout;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS: return Reason::exhausted;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ECONNRESET:
    case EPIPE: return Reason::unreachable;
    default: return Reason::internal;
  }
}

std::unexpected<Error> system_failure(int system_error, std::string_view doing) {
  return std::unexpected(
      Error{.reason = reason_of(system_error),
            .system_error = system_error,
            .message = std::string(doing) + ": " + std::generic_category().message(system_error)});
}

}  // namespace hostnet
