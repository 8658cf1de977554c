#include "agent/render/table/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

#include "netlink/base/escape.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

TEST(TextTable, AlignsColumnsAndLeavesNoBlanksAtTheEnd) {
  TextTable table({"PORT", "HELD BY"});
  table.add({"22/tcp", "sshd"});
  table.add({"8080/tcp", "nginx.service"});
  EXPECT_EQ(table.text(),
            "PORT      HELD BY\n"
            "22/tcp    sshd\n"
            "8080/tcp  nginx.service\n");
}

TEST(TextTable, FillsWhatIsMissing) {
  TextTable table({"A", "B", "C"});
  table.add({"", "x"});
  EXPECT_EQ(table.text(), "A  B  C\n-  x  -\n");
}

TEST(TextTable, HasAHeaderWithoutRows) {
  const TextTable table({"PORT", "HELD BY"});
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.text(), "PORT  HELD BY\n");
}

TEST(TextTable, AlignsWideCharacters) {
  TextTable table({"NAME", "X"});
  table.add({"漢字漢", "1"});
  table.add({"abcdef", "2"});
  EXPECT_EQ(table.text(), "NAME    X\n漢字漢  1\nabcdef  2\n");
}

TEST(TextTable, ACellCannotLeaveItsCell) {
  TextTable table({"COMM", "X"});
  table.add({"a\nb\x1b[2J", "1"});
  EXPECT_EQ(table.text(), "COMM         X\na\\nb\\x1b[2J  1\n");
}

TEST(TextTable, FoldsTheWidestColumnsToTheWidth) {
  TextTable table({"PORT", "WHAT TO DO"});
  table.add({"8080/tcp", "systemctl stop nginx.service, or change the port"});
  table.add({"22/tcp", "nothing"});
  EXPECT_EQ(table.text({.width = 32}),
            "PORT      WHAT TO DO\n"
            "8080/tcp  systemctl stop\n"
            "          nginx.service, or\n"
            "          change the port\n"
            "22/tcp    nothing\n");
  EXPECT_EQ(table.text({.width = 200}), table.text());
  EXPECT_EQ(table.text({.width = 32, .wide = true}), table.text());
}

TEST(TextTable, RowsBecomeBlocksWhereColumnsWouldBeTooNarrow) {
  TextTable table({"PORT", "VERDICT", "HELD BY", "WHY"});
  table.add({"8080/tcp", "in_use", "nginx.service nginx[812] root", "a b c d e f g h"});
  EXPECT_EQ(table.text({.width = 24}),
            "8080/tcp  in_use\n"
            "  HELD BY  nginx.service\n"
            "           nginx[812]\n"
            "           root\n"
            "  WHY      a b c d e f g\n"
            "           h\n");
}

TEST(TextTable, NoLineIsWiderThanAskedAndNothingIsLost) {
  TextTable table({"NAME", "WHY"});
  table.add({"漢字漢字漢字", std::string(100, 'x')});
  for (std::size_t width = 20; width < 60; ++width) {
    const std::string text = table.text({.width = width});
    std::size_t letters = 0;
    for (std::string_view rest = text; !rest.empty();) {
      const std::string_view line = take_until(rest, '\n');
      EXPECT_LE(display_width(line), width) << text;
      letters += static_cast<std::size_t>(std::ranges::count(line, 'x'));
    }
    EXPECT_EQ(letters, 100U);
  }
}

TEST(TextTable, ColoursSeveritiesAndNoNames) {
  TextTable table({"COMM", "SEVERITY"});
  table.add({"critical", "critical (stale)"});
  EXPECT_EQ(table.text({.color = true}),
            "\x1b[1mCOMM\x1b[0m      \x1b[1mSEVERITY\x1b[0m\n"
            "critical  \x1b[1;31mcritical (stale)\x1b[0m\n");
}

}  // namespace
}  // namespace hostnet
