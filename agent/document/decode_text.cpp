#include "agent/document/decode_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "netlink/base/escape.h"

namespace hostnet {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

void append_utf8(char32_t code, std::string& text) {
  const auto rest = [&](unsigned shift) {
    text += static_cast<char>(0x80U | (code >> shift & 0x3FU));
  };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0U | code >> 6);
    rest(0);
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0U | code >> 12);
    rest(6);
    rest(0);
  } else {
    text += static_cast<char>(0xF0U | code >> 18);
    rest(12);
    rest(6);
    rest(0);
  }
}

bool is_high_surrogate(char32_t unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}
bool is_low_surrogate(char32_t unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

std::string from_utf16(std::string_view bytes, bool big_endian) {
  const auto unit_at = [&](std::size_t i) -> char32_t {
    const auto first = static_cast<unsigned char>(bytes[i]);
    const auto second = static_cast<unsigned char>(bytes[i + 1]);
    return big_endian ? first * 256U + second : second * 256U + first;
  };
  std::string text;
  text.reserve(bytes.size() / 2);
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    char32_t code = unit_at(i);
    if (is_high_surrogate(code) && i + 3 < bytes.size() && is_low_surrogate(unit_at(i + 2))) {
      code = 0x10000 + (code - 0xD800) * 0x400 + (unit_at(i + 2) - 0xDC00);
      i += 2;
    } else if (is_high_surrogate(code) || is_low_surrogate(code)) {
      code = kReplacement;
    }
    append_utf8(code, text);
  }
  if (bytes.size() % 2 != 0) append_utf8(kReplacement, text);
  return text;
}

std::string transcoded(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) return std::string(bytes.substr(3));
  if (bytes.starts_with("\xFF\xFE")) return from_utf16(bytes.substr(2), false);
  if (bytes.starts_with("\xFE\xFF")) return from_utf16(bytes.substr(2), true);
  return std::string(bytes);
}

// A byte order mark may begin any line (yaml.v2: scannerc.go): concatenated files have some.
std::string without_marks(std::string text) {
  constexpr std::string_view kMark = "\n\xEF\xBB\xBF";
  if (!text.contains(kMark)) return text;
  std::string plain;
  std::size_t copied = 0;
  for (auto at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at + 1)) {
    plain.append(text, copied, at + 1 - copied);
    copied = at + kMark.size();
  }
  return plain.append(text, copied);
}

// As in yaml.v2's reader.
bool is_control(char32_t code) {
  const bool low = code < 0x20 && code != '\t' && code != '\n' && code != '\r';
  return low || (code >= 0x7F && code <= 0x9F && code != 0x85);
}

Complaint not_text(std::string_view text, std::size_t offset, std::string_view what) {
  const auto line = 1 + std::ranges::count(text.substr(0, offset), '\n');
  return {.line = static_cast<unsigned>(line),
          .message = fmt::format("not a text file: byte 0x{:02x} at offset {} is {}",
                                 static_cast<unsigned char>(text[offset]), offset, what)};
}

}  // namespace

std::string decode_text(std::string_view bytes) {
  std::string text = without_marks(transcoded(bytes));
  for (auto at = text.find('\r'); at != std::string::npos; at = text.find('\r', at + 1)) {
    if (at + 1 == text.size() || text[at + 1] != '\n') text[at] = '\n';
  }
  return text;
}

std::optional<Complaint> find_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Character character = next_character(text.substr(i, 4));
    if (character.valid && is_control(character.code)) {
      return not_text(text, i, "a control character");
    }
    i += character.size;
  }
  return std::nullopt;
}

std::optional<Complaint> replace_invalid_utf8(std::string& text) {
  std::optional<Complaint> complaint;
  std::string valid;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Character character = next_character(std::string_view(text).substr(i, 4));
    if (!character.valid) {
      if (!complaint) complaint = not_text(text, i, "not UTF-8");
      valid.append(text, copied, i - copied);
      append_utf8(kReplacement, valid);
      copied = i + 1;
    }
    i += character.size;
  }
  if (!complaint) return std::nullopt;
  text = valid.append(text, copied);
  return complaint;
}

}  // namespace hostnet
