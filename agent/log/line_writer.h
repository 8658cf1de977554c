#pragma once

#include <cstddef>
#include <string_view>

namespace hostnet::log {

// Writes lines to a descriptor of somebody else, whose reader may be slow or stuck (a container
// runtime that hangs, a terminal that is stopped). No thread of the agent may hang with it: a line
// that cannot be written in time is lost and counted. The descriptor is shared with other
// processes, so O_NONBLOCK is none of our business. Not thread safe.
class LineWriter {
 public:
  explicit LineWriter(int descriptor) : descriptor_(descriptor) {}

  // With its newline.
  void write(std::string_view line);
  // How many lines were lost, once there is room again: 0 until then, and the next time.
  std::size_t take_lost();

 private:
  bool has_room() const;
  bool write_pieces(std::string_view text);

  int descriptor_;
  std::size_t lost_{};
  bool cut_{};  // the last line has no end yet
};

}  // namespace hostnet::log
