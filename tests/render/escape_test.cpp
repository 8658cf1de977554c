#include "netlink/base/escape.h"

#include <gtest/gtest.h>

#include <string>

namespace hostnet {
namespace {

TEST(NextCharacter, RefusesOverlongFormsSurrogatesAndWhatIsBeyondUnicode) {
  EXPECT_TRUE(next_character("漢").valid);
  for (const std::string bytes : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                                  "\xF8\x88\x80\x80", "\xE6\xBC"}) {
    EXPECT_FALSE(next_character(bytes).valid) << testing::PrintToString(bytes);
  }
}

TEST(TerminalText, LeavesNothingThatMovesTheCursorOrChangesColours) {
  EXPECT_EQ(terminal_text("\x1b[31mred\a\x7f"), "\\x1b[31mred\\x07\\x7f");
  EXPECT_EQ(terminal_text("a\nb\rc\td"), "a\\nb\\rc\\td");
  EXPECT_EQ(terminal_text("\xC2\x9B"
                          "31m"),
            "\\u009b31m");  // the C1 form of ESC [
  EXPECT_EQ(terminal_text("\xff"), "\\xff");
  EXPECT_EQ(terminal_text(std::string_view("\0", 1)), "\\x00");
}

TEST(TerminalText, ShowsOverridesOfDirectionAndInvisibleCharacters) {
  EXPECT_EQ(terminal_text("\xE2\x80\xAEgpj"), "\\u202egpj");
  EXPECT_EQ(terminal_text("ngi\xE2\x80\x8Bnx"), "ngi\\u200bnx");
}

TEST(TerminalText, LeavesOrdinaryNamesAlone) {
  EXPECT_EQ(terminal_text("kube-system/coredns-5d78c é 漢字"), "kube-system/coredns-5d78c é 漢字");
}

TEST(HtmlText, EscapesMarkupAndQuotes) {
  EXPECT_EQ(html_text("<script>\"a\" & 'b'</script>"),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;");
  EXPECT_EQ(html_text("a\x1b"), "a\\x1b");
}

TEST(DisplayWidth, CountsWideCharactersTwiceAndCombiningOnesNotAtAll) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("漢字"), 4U);
  EXPECT_EQ(display_width("한글"), 4U);
  EXPECT_EQ(display_width("e\xCC\x81"), 1U);
  EXPECT_EQ(display_width("😀"), 2U);
  EXPECT_EQ(display_width(""), 0U);
}

}  // namespace
}  // namespace hostnet
