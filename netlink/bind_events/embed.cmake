# cmake -DOBJECT=... -DOUTPUT=... -P embed.cmake: a source that holds the object's bytes.
file(READ "${OBJECT}" bytes HEX)
file(SIZE "${OBJECT}" size)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE "${OUTPUT}" "#include \"netlink/bind_events/program.h\"

#include <array>

namespace hostnet {
namespace {
alignas(8) constexpr std::array<unsigned char, ${size}> kProgram{
${bytes}
};
}  // namespace

std::span<const std::byte> bind_program() {
  return std::as_bytes(std::span(kProgram));
}
}  // namespace hostnet
")
