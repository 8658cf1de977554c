#pragma once

#include <cerrno>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace hostnet {

// Why something could not be done, in the eight words that users see: the
// `reason` label of hostnet_scan_errors_total and the codes in `problems`.
enum class Reason {
  vanished,     // it was there a moment ago: a process, an interface, a file
  denied,       // permission: a missing capability, an LSM, file mode
  unsupported,  // this kernel or this hardware does not have it
  malformed,    // bytes that do not parse
  timeout,      // a deadline passed
  exhausted,    // out of descriptors, memory or buffers
  unreachable,  // the peer does not answer
  internal,     // everything else; a bug here or in the kernel
};

std::string_view to_string(Reason reason);

// Errors are values. `message` is one line, "doing X: what the system said",
// that names the thing (file, request, pod) and is fit for a log line.
struct Error {
  Reason reason{};
  int system_error{};  // errno where the system gave one, else 0
  std::string message;
  bool operator==(const Error&) const = default;
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> failure(Reason reason, std::string message) {
  return std::unexpected(Error{.reason = reason, .system_error = 0, .message = std::move(message)});
}

// The reason that an errno stands for (EPERM, EACCES: denied; ENOENT, ESRCH,
// ENODEV: vanished; ...).
Reason reason_of(int system_error);

// failure() from an errno: "<doing>: <strerror>".
std::unexpected<Error> system_failure(int system_error, std::string_view doing);

}  // namespace hostnet
