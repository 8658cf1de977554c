#include "agent/reserve/plan.h"

#include <gtest/gtest.h>

#include <string>

#include "agent/ports/port_ranges.h"

namespace hostnet {
namespace {

PortSet ports(std::string_view list) {
  return port_set(parse_port_list(list).value());
}
std::string list(const PortSet& set) {
  return port_list(ranges_of(set));
}

struct Case {
  const char* sentence;
  const char* reserved;  // now
  const char* wanted;
  const char* keep;
  bool may_release;
  const char* own_added;
  const char* own_result;
  // What is to come of it.
  const char* missing;
  const char* released;
  const char* taken_over;
  const char* then_added;
  const char* then_result;
};

constexpr Case kCases[] = {
    {"nothing wanted, nothing done", "8080", "", "", true, "", "8080", "", "", "", "", "8080"},
    {"a wanted port is merged with what is there", "8080,9148-9150", "40000,40001", "", true, "",
     "8080,9148-9150", "40000-40001", "", "", "40000-40001", "8080,9148-9150,40000-40001"},
    {"a port that is reserved already never becomes the agent's", "40000-40010", "40005", "", true,
     "", "40000-40010", "", "", "", "", "40000-40010"},
    {"what is wanted no more goes, and only that", "8080,40000,40001", "40001", "", true,
     "40000,40001", "8080,40000,40001", "", "40000", "", "40001", "8080,40001"},
    {"an administrator's port stays when the pod goes", "40000", "", "", true, "", "40000", "", "",
     "", "", "40000"},
    {"a port whose pod went just now stays", "40000", "", "40000", true, "40000", "40000", "", "",
     "", "40000", "40000"},
    {"nothing goes while the pods are not known for sure", "40000", "40002", "", false, "40000",
     "40000", "40002", "", "", "40000,40002", "40000,40002"},
    {"once somebody else wrote the list, all of it is theirs", "40000,50000", "", "", true, "40000",
     "40000", "", "", "40000", "", "40000,50000"},
    {"somebody took a wanted port out: it is added again", "8080", "40000", "", true, "40000",
     "8080,40000", "40000", "", "", "40000", "8080,40000"},
    {"one goes and one comes in the same write", "40000", "40001", "", true, "40000", "40000",
     "40001", "40000", "", "40001", "40001"},
    {"the last port of all", "", "65535,1", "", true, "", "", "1,65535", "", "", "1,65535",
     "1,65535"},
};

TEST(PlanReservation, DecidesEachCase) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.sentence);
    const auto plan =
        plan_reservation({.reserved = ports(c.reserved),
                          .wanted = ports(c.wanted),
                          .keep = ports(c.keep),
                          .may_release = c.may_release},
                         {.added = ports(c.own_added), .result = ports(c.own_result)});
    EXPECT_EQ(list(plan.missing), c.missing);
    EXPECT_EQ(list(plan.released), c.released);
    EXPECT_EQ(list(plan.taken_over), c.taken_over);
    EXPECT_EQ(list(plan.then.added), c.then_added);
    EXPECT_EQ(list(plan.then.result), c.then_result);
    EXPECT_EQ(plan.writes(), c.missing[0] != '\0' || c.released[0] != '\0');
  }
}

TEST(PlanReservation, OnceDoneHasNothingMoreToDo) {
  const ReservationFacts facts{
      .reserved = ports("8080"), .wanted = ports("40000-40002"), .keep = {}, .may_release = true};
  const auto first = plan_reservation(facts, {.added = {}, .result = ports("8080")});
  ReservationFacts after = facts;
  after.reserved = first.then.result;
  const auto second = plan_reservation(after, first.then);
  EXPECT_FALSE(second.writes());
  EXPECT_EQ(second.then, first.then);
}

}  // namespace
}  // namespace hostnet
