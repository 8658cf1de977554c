#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/document/decode_data.h"
#include "agent/pods/manifest.h"

namespace hostnet {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A pod whose only port is `port`, on line 7.
std::string pod_with_port(std::string_view port) {
  return "kind: Pod\nmetadata: {name: a}\nspec:\n  hostNetwork: true\n  containers:\n  - name: c\n"
         "    ports: [{" +
         std::string(port) + "}, {containerPort: 81}]\n";
}

auto error_at(int document, unsigned line, std::string_view text) {
  return AllOf(Field(&ManifestError::document, document), Field(&ManifestError::line, line),
               Field(&ManifestError::message, HasSubstr(text)));
}

class BadPort : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(BadPort, IsNamedWithItsLineAndTheOtherPortCounts) {
  const auto result = read_manifests(pod_with_port(GetParam().first), "a.yaml");
  EXPECT_THAT(result.errors, ElementsAre(error_at(1, 7, GetParam().second)));
  ASSERT_THAT(result.pods(), SizeIs(1));
  ASSERT_THAT(result.pods()[0].containers[0].ports, SizeIs(1));
  EXPECT_EQ(result.pods()[0].containers[0].ports[0].container_port, 81);
}

INSTANTIATE_TEST_SUITE_P(
    Manifest, BadPort,
    testing::Values(
        std::pair{"containerPort: 0", "containerPort must be a number from 1 to 65535, not 0"},
        std::pair{"containerPort: 65536", "from 1 to 65535, not 65536"},
        std::pair{"containerPort: -1", "from 1 to 65535, not -1"},
        std::pair{"containerPort: http", "from 1 to 65535, not http"},
        std::pair{"containerPort: \"80\"", "not the text \"80\""},
        std::pair{"containerPort: 80.5", "not 80.5"},
        std::pair{"containerPort: 99999999999999999999", "not 99999999999999999999"},
        std::pair{"containerPort: [80]", "not a list"},
        std::pair{"containerPort: 80, hostPort: 70000", "ports[0].hostPort must be a number"},
        std::pair{"name: x", "ports[0].containerPort is missing"},
        std::pair{"containerPort: 80, protocol: tcp",
                  "protocol must be TCP, UDP or SCTP, not \"tcp\""}));

TEST(ManifestBadInput, NothingIsNothing) {
  for (const char* text : {"", "\n\n", "---\n", "# only a comment\n---\n...\n", "\xEF\xBB\xBF"}) {
    const auto result = read_manifests(text, "empty.yaml");
    EXPECT_THAT(result.errors, IsEmpty()) << text;
    EXPECT_THAT(result.objects, IsEmpty());
  }
}

TEST(ManifestBadInput, WhatIsNoMappingIsSaidSo) {
  EXPECT_THAT(read_manifests("just words\n", "-").errors,
              ElementsAre(error_at(1, 1, "not a Kubernetes object: text")));
  EXPECT_THAT(read_manifests("- a\n- b\n", "-").errors,
              ElementsAre(error_at(1, 1, "not a Kubernetes object: a list")));
  EXPECT_THAT(read_manifests("a: b\n", "-").errors, ElementsAre(error_at(1, 1, "kind is missing")));
  EXPECT_THAT(read_manifests("kind: Pod\nmetadata: {name: a}\nspec: [1]\n", "-").errors,
              ElementsAre(error_at(1, 3, "spec must be a mapping, not a list")));
}

TEST(ManifestBadInput, ABrokenDocumentCostsOneDocument) {
  const std::string good = pod_with_port("containerPort: 80");
  const auto result = read_manifests(good + "---\na: [b\n---\n" + good, "x.yaml");
  EXPECT_THAT(result.pods(), SizeIs(2));
  ASSERT_THAT(result.errors, SizeIs(1));
  EXPECT_EQ(result.errors[0].document, 2);
  EXPECT_GE(result.errors[0].line, 9U);
  EXPECT_LE(result.errors[0].line, 10U);
}

TEST(ManifestBadInput, ATemplateIsToldToBeRendered) {  // helm/helm: docs/chart_template_guide
  const auto words = testing::HasSubstr("render it first (helm template");
  for (const char* text : {"{{- if .Values.enabled }}\nkind: Pod\n{{- end }}\n",
                           "kind: Pod\nspec:\n  {{- toYaml .Values.spec | nindent 2 }}\n",
                           "kind: Pod\nmetadata:\n  name: {{ .Release.Name }}-web\n"}) {
    const auto errors = read_manifests(text, "pod.yaml").errors;
    ASSERT_THAT(errors, SizeIs(1)) << text;
    EXPECT_THAT(errors[0].message, words);
  }
  // What Argo fills in is text.
  EXPECT_THAT(read_manifests("kind: X\na: '{{inputs.a}}'\n\n\nb: [\n", "x").errors,
              ElementsAre(testing::Field(&ManifestError::message, testing::Not(words))));
}

TEST(ManifestBadInput, WhatFollowsTheEndOfADocumentIsAnError) {
  for (const char* text :
       {"a: b\n]\n", "kind: Service\n, b\n", "{a: b} }\n", "# c\n    , a{\"b\n"}) {
    EXPECT_THAT(read_manifests(text, "x").errors, testing::Not(IsEmpty())) << text;
  }
}

TEST(ManifestBadInput, ADuplicateKeyIsNamedWithBothLinesAndTheLastOneCounts) {
  const auto result = read_manifests(
      "kind: Pod\nmetadata: {name: a}\nspec:\n  dnsPolicy: None\n  containers: [{name: c}]\n"
      "  dnsPolicy: Default\n",
      "-");
  EXPECT_THAT(result.errors,
              ElementsAre(error_at(1, 6, "duplicate key \"dnsPolicy\", first on line 4")));
  ASSERT_THAT(result.pods(), SizeIs(1));
  EXPECT_EQ(result.pods()[0].dns_policy, "Default");
  EXPECT_THAT(read_manifests("{\"kind\": \"Service\",\n\"kind\": \"Pod\"}", "x.json").errors,
              testing::Contains(error_at(1, 2, "duplicate key \"kind\"")));
}

TEST(ManifestBadInput, BinaryIsNamedWithTheByteAndItsPlace) {
  EXPECT_THAT(read_manifests(std::string_view("kind: Pod\n\0\x01", 12), "x").errors,
              ElementsAre(error_at(0, 2, "byte 0x00 at offset 10")));
  EXPECT_THAT(read_manifests("\x1f\x8b\x08", "x.yaml").errors,
              ElementsAre(error_at(0, 1, "not a text file")));
}

TEST(ManifestBadInput, TenMebibytesAreRefusedWithSizeAndLimit) {
  const std::string text(std::size_t{10} << 20, ' ');
  EXPECT_THAT(read_manifests(text, "big.yaml").errors,
              ElementsAre(error_at(0, 0, "10.0 MiB long, more than the 8 MiB")));
}

TEST(ManifestBadInput, DeepNestingIsRefusedInEveryForm) {
  const std::string brackets(100'000, '[');
  const std::string braces(100'000, '{');
  std::string dashes, objects;
  for (int i = 0; i < 50'000; ++i) dashes += "- ";
  for (int i = 0; i < 50'000; ++i) objects += "{\"a\":";
  for (const std::string& text : {brackets, braces, dashes, objects, "kind: " + brackets,
                                  "{\"kind\":" + brackets, "a: &x " + brackets}) {
    const auto result = read_manifests(text, "deep.yaml");
    ASSERT_THAT(result.errors, SizeIs(1)) << text.substr(0, 20);
    EXPECT_EQ(result.errors[0].line, 1U);
  }
  EXPECT_THAT(read_manifests(objects, "deep.json").errors,
              ElementsAre(error_at(1, 1, "nested deeper than 100 levels")));
  std::string lines;
  for (int i = 0; i < 150; ++i) lines += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_THAT(read_manifests(lines, "deep.yaml").errors,
              ElementsAre(error_at(1, 101, "nested deeper than 100 levels")));
}

// yaml-cpp keeps every token of them until the last: 8 MiB cost 2 GiB.
TEST(ManifestBadInput, ManyBracketsAreRefusedBeforeTheyAreKept) {
  std::string many;
  while (many.size() < (std::size_t{7} << 20)) many += "a, ";
  for (const std::string& text : {"a: [" + many, "a: [" + many + "a]", "- [" + many,
                                  "a: &x [" + many, "a: !x [\"b\", " + many, "? [" + many}) {
    EXPECT_THAT(read_manifests(text, "many.yaml").errors,
                ElementsAre(error_at(1, 1, "more than 256 KiB in brackets")))
        << text.substr(0, 20);
  }
}

TEST(ManifestBadInput, BracketsInTextAreNone) {
  std::string many;
  while (many.size() < (std::size_t{1} << 20)) many += "  grep '[[[' x-[a\n\n";
  const std::string pod =
      "kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: 'it''s [[['\n  annotations: {a: "
      "\"\\\"[[[[\", b: [c]} # [[[[\n";
  for (const char* begin : {"data: |\n", "data: >-2\n", "data:\n- |\n", "data: &x |+ # text\n"}) {
    EXPECT_TRUE(read_manifests(pod + begin + many, "text.yaml").errors.empty()) << begin;
  }
}

TEST(ManifestBadInput, AnAnchorBombIsRefused) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 9; ++k) bomb += before + ", ";
    bomb += before + "]\n";
  }
  EXPECT_THAT(read_manifests(bomb, "bomb.yaml").errors,
              ElementsAre(error_at(1, 5, "aliases stand for more than 100000 values")));

  std::string long_text = "a: &a " + std::string(1 << 20, 'x') + "\nb: [";
  for (int i = 0; i < 1000; ++i) long_text += "*a, ";
  EXPECT_THAT(read_manifests(long_text + "]\n", "bomb.yaml").errors,
              ElementsAre(error_at(1, 2, "aliases stand for more than")));
  EXPECT_THAT(read_manifests("a: &a [*a]\n", "self.yaml").errors, SizeIs(1));
  EXPECT_THAT(read_manifests("a: *nobody\n", "unknown.yaml").errors, SizeIs(1));
}

TEST(ManifestBadInput, ManyValuesAreRefusedWhereTheyBecomeTooMany) {
  std::string text = "kind: List\nitems:\n";
  while (text.size() < (std::size_t{7} << 20)) text += "- a\n- a\n- a\n- a\n";
  const auto errors = read_manifests(text, "many.yaml").errors;
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0].message, HasSubstr("more than 150000 values"));
}

TEST(ManifestBadInput, WhatIsWithinADataUrlIsReadOnce) {
  std::string urls;
  for (int i = 0; i < 200'000; ++i) urls += "data:";  // each of them read to its end takes minutes
  const std::string object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: ";
  const ManifestResult plain = read_manifests(object + urls + ",x\n", "a.yaml");
  EXPECT_THAT(plain.errors, IsEmpty());
  EXPECT_THAT(plain.unread, IsEmpty());
  EXPECT_THAT(read_manifests(object + urls + ",hostNetwork:%20true\n", "a.yaml").unread, SizeIs(1));
}

TEST(ManifestBadInput, MessagesHaveNoControlCharactersAndAreShort) {
  const auto result =
      read_manifests(pod_with_port("containerPort: \"\\e[31m" + std::string(300, 'x') + "\""), "-");
  ASSERT_THAT(result.errors, SizeIs(1));
  EXPECT_LT(result.errors[0].message.size(), 200U);
  EXPECT_EQ(result.errors[0].message.find('\x1b'), std::string::npos);
}

TEST(ManifestBadInput, AServicesBadPortIsNamedWithItsOwnPath) {
  const std::string service =
      "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n"
      "  type: LoadBalancer\n  externalTrafficPolicy: Local\n";
  EXPECT_THAT(read_manifests(service + "  ports: [{port: 80, nodePort: 70000}]\n", "a.yaml").errors,
              ElementsAre(error_at(1, 7, "spec.ports.nodePort must be")));
  EXPECT_THAT(
      read_manifests(service + "  ports: []\n  healthCheckNodePort: 70000\n", "a.yaml").errors,
      ElementsAre(error_at(1, 8, "spec.healthCheckNodePort must be")));
}

TEST(ManifestBadInput, PackedTextIsUnpackedTo32TimesItsSize) {
  const auto spaces = from_base64_lines(  // 100,000 of them
      "H4sIAAAAAAACA+3BMQEAAADCoCrrn9IaHkABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
      "AAAArwYt8HnKoIYBAA==");
  ASSERT_TRUE(spaces);
  EXPECT_EQ(unpacked(*spaces), std::string(32 * spaces->size(), ' '));
}

}  // namespace
}  // namespace hostnet
