#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace hostnet::log {

// Writes lines to a descriptor of somebody else, whose reader may be slow or stuck (a container
// runtime that hangs, a terminal that is stopped). No thread of the agent may hang with it: a line
// that cannot be written in time is lost and counted. The descriptor is shared with other
// processes, so O_NONBLOCK is none of our business. This holds for pipes, sockets and files, which
// poll as writable only if they take a piece at once. A terminal polls as writable if it takes one
// byte: there a write may wait for the reader. Not thread safe.
class LineWriter {
 public:
  explicit LineWriter(int descriptor) : descriptor_(descriptor) {}

  // With its newline. Waits a tenth of a second at most, however long the line is.
  void write(std::string_view line);
  // How many lines were lost, once there is room again: 0 until then, and the next time.
  std::size_t take_lost();

 private:
  bool has_room(std::chrono::milliseconds patience) const;
  bool write_pieces(std::string_view text);

  int descriptor_;
  std::size_t lost_{};
  bool cut_{};  // the last line has no end yet
};

}  // namespace hostnet::log
