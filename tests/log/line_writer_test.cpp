#include "agent/log/line_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

#include "netlink/base/unique_fd.h"

namespace hostnet::log {
namespace {

using testing::StartsWith;

class LinesIntoAPipe : public testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    reader = UniqueFd(ends[0]);
    writer = UniqueFd(ends[1]);
    ASSERT_GT(::fcntl(reader.get(), F_SETPIPE_SZ, 8192), 0);
    ASSERT_EQ(::fcntl(reader.get(), F_SETFL, O_NONBLOCK), 0);
  }

  std::string drain() const {
    std::string all;
    std::array<char, 4096> some{};
    for (ssize_t got = 0; (got = ::read(reader.get(), some.data(), some.size())) > 0;) {
      all.append(some.data(), static_cast<std::size_t>(got));
    }
    return all;
  }

  UniqueFd reader, writer;
};

TEST_F(LinesIntoAPipe, AreWrittenWhole) {
  LineWriter lines(writer.get());
  lines.write("one");
  lines.write("two");
  EXPECT_EQ(drain(), "one\ntwo\n");
  EXPECT_EQ(lines.take_lost(), 0U);
}

TEST_F(LinesIntoAPipe, WaitForNoReaderAndAreCountedOnceThereIsRoom) {
  LineWriter lines(writer.get());
  const std::string line(1000, 'x');
  for (int i = 0; i < 10'000; ++i) lines.write(line);
  EXPECT_EQ(lines.take_lost(), 0U) << "nobody could read the count yet";
  const std::string read = drain();
  const std::size_t lost = lines.take_lost();
  EXPECT_EQ(read.size() / (line.size() + 1) + lost, 10'000U);
  EXPECT_EQ(lines.take_lost(), 0U);
}

TEST_F(LinesIntoAPipe, EndALineThatWasCut) {
  LineWriter lines(writer.get());
  lines.write(std::string(12000, 'x'));
  const std::string cut = drain();
  lines.write("next");
  EXPECT_THAT(cut, StartsWith("xxx"));
  EXPECT_LT(cut.size(), 12000U);
  EXPECT_EQ(drain(), "\nnext\n");
}

TEST_F(LinesIntoAPipe, AreLostWhereNobodyCanRead) {
  LineWriter lines(reader.get());  // refuses every write
  lines.write("one");
  EXPECT_EQ(drain(), "");
}

}  // namespace
}  // namespace hostnet::log
