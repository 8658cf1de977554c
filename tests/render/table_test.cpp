#include "agent/render/table.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace hostnet
