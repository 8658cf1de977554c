# cmake -DNAME=... -DHEADER=... -DOBJECT=... -DOUTPUT=... -P embed.cmake: a source whose function
# NAME_program(), declared in HEADER, returns the object's bytes.
file(READ "${OBJECT}" bytes HEX)
file(SIZE "${OBJECT}" size)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE "${OUTPUT}" "#include \"${HEADER}\"

#include <array>

namespace hostnet {

std::span<const std::byte> ${NAME}_program() {
  alignas(8) static constexpr std::array<unsigned char, ${size}> kProgram{
${bytes}
};
  return std::as_bytes(std::span(kProgram));
}

}  // namespace hostnet
")
