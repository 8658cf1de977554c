#pragma once

#include <cerrno>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace hostnet {

// Why an operation failed, in the eight words that users see: the `reason`
// label of hostnet_scan_errors_total and the codes in `problems`.
enum class Reason {
  vanished,     // it existed a moment ago: a process, an interface, a file
  denied,       // permission: a missing capability, an LSM, file mode
  unsupported,  // this kernel or this hardware does not have it
  malformed,    // bytes that do not parse
  timeout,      // a deadline passed
  exhausted,    // out of descriptors, memory or buffers
  unreachable,  // the peer does not respond
  internal,     // everything else; a bug here or in the kernel
};

std::string_view to_string(Reason reason);

// Errors are values. `message` is one line, "doing X: what went wrong", that names
// the object (file, request, pod) and can be logged as it is.
struct Error {
  Reason reason{};
  int system_error{};  // errno if the system returned one, else 0
  std::string message;
  bool operator==(const Error&) const = default;
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> failure(Reason reason, std::string message) {
  return std::unexpected(Error{.reason = reason, .system_error = 0, .message = std::move(message)});
}

// Maps an errno to its reason (EPERM, EACCES: denied; ENOENT, ESRCH, ENODEV:
// vanished; ...).
Reason reason_of(int system_error);

// failure() from an errno: "<doing>: <strerror>".
std::unexpected<Error> system_failure(int system_error, std::string_view doing);

}  // namespace hostnet
