// Which texts Kubernetes' own readers take, and for what. Each row was tried with kubectl 1.32
// (`kubectl label --local`, apimachinery's YAMLReader and yaml.v2 behind it); what it refuses is
// an error with its line here, and what it leaves out is not counted.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/pods/manifest.h"

namespace hostnet {
namespace {

using testing::ElementsAreArray;

std::string pod(std::string_view name, int port) {
  return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + std::string(name) +
         "}\nspec:\n  hostNetwork: true\n  containers:\n  - name: c\n    ports:\n    - "
         "containerPort: " +
         std::to_string(port) + "\n";  // 9 lines
}
std::string a() {
  return pod("a", 81);
}
std::string b() {
  return pod("b", 82);
}

// With `line` put in after that many lines.
std::string a_with(int after, const std::string& line) {
  std::string text = a();
  std::size_t at = 0;
  for (int i = 0; i < after; ++i) at = text.find('\n', at) + 1;
  return text.insert(at, line + "\n");
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

struct Case {
  const char* name;
  std::string text;
  std::vector<int> ports;
  std::vector<std::string> errors;  // how they begin, with the line
};

class KubernetesReader : public testing::TestWithParam<Case> {};

TEST_P(KubernetesReader, TakesTheSameAsKubectl) {
  const ManifestResult result = read_manifests(GetParam().text, "x.yaml");
  std::vector<int> ports;
  for (const Pod& pod : result.pods()) {
    for (const Container& container : pod.containers) {
      for (const ContainerPort& port : container.ports) ports.push_back(port.container_port);
    }
  }
  EXPECT_THAT(ports, ElementsAreArray(GetParam().ports));
  std::vector<testing::Matcher<std::string>> wanted;
  for (const std::string& error : GetParam().errors)
    wanted.emplace_back(testing::StartsWith(error));
  std::vector<std::string> errors;
  for (const ManifestError& error : result.errors) {
    errors.push_back(std::to_string(error.line) + " " + error.message);
  }
  EXPECT_THAT(errors, ElementsAreArray(wanted));
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(
    Separators, KubernetesReader,
    testing::Values(
        Case{"comment", a() + "--- # b\n" + b(), {81, 82}, {}},
        Case{"comment_without_a_space", a() + "---# b\n" + b(), {81, 82}, {}},
        Case{"comment_without_a_space_first",
             "---# a\n" + a(),
             {81},
             {"1 \"---#\" on the first line is text"}},
        Case{"blanks_and_line_end", a() + "---\t \r\n" + b(), {81, 82}, {}},
        Case{"several", "---\n---\n\n---\n#c\n---\n" + a() + "---\n---\n", {81}, {}},
        Case{"four_dashes", a() + "----\n" + b(), {81, 82}, {"10 only white space or a # comment"}},
        Case{"text_behind", a() + "---b\n" + b(), {81, 82}, {"10 only white space"}},
        Case{"a_document_behind",
             a() + "--- {kind: Pod, metadata: {name: b}, spec: {hostNetwork: true, containers: "
                   "[{name: c, ports: [{containerPort: 82}]}]}}\n",
             {81, 82},
             {"10 only white space"}},
        Case{"indented", a() + " ---\n" + b(), {}, {"10 YAML: this line does not fit"}},
        Case{"dots_and_separator", a() + "...\n---\n" + b(), {81, 82}, {}},
        Case{"dots_alone", a() + "...\n" + b(), {81}, {"11 what follows a \"...\" line"}},
        Case{"dots_and_a_comment", a() + "...\n# the end\n", {81}, {}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Directives, KubernetesReader,
    testing::Values(Case{"yaml_1_2", "%YAML 1.2\n---\n" + a(), {81}, {"1 \"%YAML 1.2\" is"}},
                    Case{"yaml_1_1", "# c\n%YAML 1.1\n---\n" + a(), {81}, {"2 \"%YAML 1.1\" is"}},
                    Case{"tag", "%TAG ! tag:x,2000:\n---\n" + a(), {81}, {"1 \"%TAG"}},
                    Case{"behind_a_document", a() + "...\n%YAML 1.1\n---\n" + b(), {81, 82}, {}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Bytes, KubernetesReader,
    testing::Values(
        Case{"crlf", replaced(a() + "---\n" + b(), "\n", "\r\n"), {81, 82}, {}},
        Case{"cr_cr_lf", replaced(a(), "\n", "\r\r\n"), {81}, {}},
        Case{"cr_alone", replaced(a(), "\n", "\r"), {81}, {}},
        Case{"byte_order_mark", "\xEF\xBB\xBF---\n" + a(), {81}, {}},
        Case{"latin_1", a() + "# caf\xE9\n", {81}, {"10 not a text file: byte 0xe9"}},
        Case{"nul_at_the_end", a() + std::string(1, '\0'), {}, {"10 not a text file: byte 0x00"}},
        Case{"ctrl_z_at_the_end", a() + "\x1A", {}, {"10 not a text file: byte 0x1a"}},
        Case{"c1_control", a() + "# \xC2\x9B\n", {}, {"10 not a text file: byte 0xc2"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Tabs, KubernetesReader,
    testing::Values(Case{"first_line", "\t\n" + a(), {}, {"1 YAML: a tab where spaces must be"}},
                    Case{"empty_line_after_text", a_with(2, "\t"), {}, {"3 YAML: a tab"}},
                    Case{"empty_line_after_a_mapping", a_with(3, "     \t"), {}, {"4 YAML: a tab"}},
                    Case{"empty_line_after_a_key", a_with(4, "   \t"), {}, {"5 YAML: a tab"}},
                    Case{"comment_after_a_key", a_with(4, "\t# c"), {}, {"5 YAML: a tab"}},
                    Case{"deeper_after_text", a_with(5, "   \t# c"), {81}, {}},
                    Case{"indentation", replaced(a(), "  hostN", "\thostN"), {}, {"5 YAML: a tab"}},
                    Case{"at_the_end_of_a_line", replaced(a(), "true", "true\t"), {81}, {}},
                    Case{"after_a_colon", replaced(a(), "work: ", "work:\t"), {81}, {}},
                    Case{"in_a_block", a() + "  x: |\n    a\n    \tb\n", {81}, {}},
                    Case{"before_a_block", a() + "  x: |\n\t\n    a\n", {}, {"11 YAML: a tab"}},
                    Case{"in_brackets", a() + "  x: [1,\n\t2]\n", {81}, {}},
                    Case{"in_quotes", a() + "  x: \"a\n\tb\"\n", {81}, {}}),
    name_of);

// yaml-cpp's own words are those of who wrote it.
TEST(KubernetesReaderErrors, AreSaidToWhoWroteTheText) {
  const auto first = [](const std::string& text) {
    const auto errors = read_manifests(text, "x").errors;
    return errors.empty() ? std::string() : errors.front().message;
  };
  EXPECT_EQ(
      first("a: b: c\n"),
      "YAML: a \": \" where no value can begin: wrong indentation, or text that needs quotes");
  EXPECT_EQ(first("a: \"b\n"), "YAML: a quote that is not closed");
  EXPECT_EQ(first("a: {b\n"), "YAML: a \"{\" that is not closed, or a comma is missing");
  EXPECT_EQ(first("a: @b\n"),
            "YAML: a character that cannot begin a value (@, ` or %): put the value in quotes");
  EXPECT_EQ(first("a: *b\n"), "YAML: an alias (*NAME) without its anchor (&NAME) before it");
}

}  // namespace
}  // namespace hostnet
