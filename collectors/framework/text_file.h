#pragma once

// Parses /proc and /sys files strictly: what does not parse is an error that
// names the file and the line, never a zero.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/node/files.h"

namespace hostnet {

// The message for a text that parse_number() refused: "\"12x\" is not a number".
std::string not_a_number(std::string_view text, int base = 10);

// The node's file below /proc/net: "proc/1/net/<name>", or "proc/net/<name>"
// if there is no proc/1/net (a fixture). /proc/net itself would be the reader's own
// namespace.
std::string net_path(const Files& files, std::string_view name);

// For files that a kernel without the feature lacks: absence is Reason::unsupported.
template <class T>
Result<T> or_unsupported(Result<T> read) {
  if (!read && read.error().reason == Reason::vanished) read.error().reason = Reason::unsupported;
  return read;
}

// A sysfs-like file with one value; trailing newline removed.
Result<std::string> read_value(const Files& files, std::string_view path);
Result<std::uint64_t> read_u64(const Files& files, std::string_view path);

// Iterates over the lines of a text and splits each into fields at blanks. The last line
// need not end in a newline (gVisor's and LXCFS's do not): Files::read() returns a
// whole file or an error, never a truncated one. Views into `text`, which must
// outlive it.
class LineReader {
 public:
  LineReader(std::string_view path, std::string_view text) : path_(path), rest_(text) {}

  bool next();        // moves to the next line; false at the end
  bool next_whole();  // the same, but does not split the line: fields() is empty
  void cut();         // splits the line that next_whole() left
  std::string_view line() const { return line_; }
  std::size_t number() const { return number_; }  // 1 for the first
  std::span<const std::string_view> fields() const { return fields_; }
  // The field as a number; malformed if it is missing or not a number.
  Result<std::uint64_t> u64(std::size_t field) const { return field_as(field, 10); }
  Result<std::uint64_t> hex(std::size_t field) const { return field_as(field, 16); }
  // Part of the line as a number.
  Result<std::uint64_t> number_in(std::string_view piece, int base = 10) const;
  // Reason::malformed, "<path> line <n>: <what>".
  std::unexpected<Error> malformed(std::string_view what) const;

 private:
  Result<std::uint64_t> field_as(std::size_t field, int base) const;

  std::string path_;
  std::string_view rest_;
  std::string_view line_;
  std::size_t number_{};
  std::vector<std::string_view> fields_;
};

}  // namespace hostnet
