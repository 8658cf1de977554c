#include <gtest/gtest.h>

#include <string>

#include "agent/render/output_format.h"

namespace hostnet {
namespace {

OutputFormat by_accept(std::string_view accept) {
  return output_for(std::nullopt, accept).value().format;
}

TEST(OutputFormat, TheParameterWinsOverTheHeader) {
  EXPECT_EQ(output_for("json", "text/html").value().format, OutputFormat::json);
  EXPECT_EQ(output_for("text", "text/html").value().format, OutputFormat::text);
  EXPECT_EQ(output_for("html", "*/*").value().format, OutputFormat::html);
}

TEST(OutputFormat, WideAndNameAreText) {
  for (const std::string_view name : {"wide", "name"}) {
    const auto output = output_for(name, "application/json");
    ASSERT_TRUE(output) << name;
    EXPECT_EQ(output->format, OutputFormat::text);
    EXPECT_EQ(name_of(*output), name);
  }
}

TEST(OutputFormat, ABadParameterIsNamed) {
  EXPECT_EQ(output_for("xml", "").error().message,
            "bad format 'xml': it is one of text, json, html, wide, name");
  EXPECT_EQ(output_for("", "").error().message,
            "bad format '': it is one of text, json, html, wide, name");
  EXPECT_EQ(output_for("\x1b[2J", "").error().message,
            "bad format '\\x1b[2J': it is one of text, json, html, wide, name");
}

TEST(OutputFormat, CurlGetsText) {
  EXPECT_EQ(by_accept("*/*"), OutputFormat::text);
  EXPECT_EQ(by_accept(""), OutputFormat::text);
}

TEST(OutputFormat, ABrowserGetsHtml) {
  EXPECT_EQ(by_accept("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,"
                      "image/webp,*/*;q=0.8"),
            OutputFormat::html);
}

TEST(OutputFormat, AClientOfJsonGetsJson) {
  EXPECT_EQ(by_accept("application/json"), OutputFormat::json);
  EXPECT_EQ(by_accept("application/json, text/plain, */*"), OutputFormat::json);
  EXPECT_EQ(by_accept("*/*, application/json"), OutputFormat::json);
  EXPECT_EQ(by_accept("Application/JSON;charset=utf-8"), OutputFormat::json);
}

TEST(OutputFormat, QualitiesDecide) {
  EXPECT_EQ(by_accept("text/html;q=0.5, application/json;q=0.9"), OutputFormat::json);
  EXPECT_EQ(by_accept("text/html ; level=1 ; q=0.4, text/plain;q=0.5"), OutputFormat::text);
  EXPECT_EQ(by_accept("application/json;q=0"), OutputFormat::text);
  EXPECT_EQ(by_accept("application/json;q=nonsense, text/html;q=0.1"), OutputFormat::html);
}

TEST(OutputFormat, AnUnknownTypeGetsText) {
  EXPECT_EQ(by_accept("image/png"), OutputFormat::text);
  EXPECT_EQ(by_accept(",,;;q=,="), OutputFormat::text);
  EXPECT_EQ(by_accept(std::string(100'000, ',')), OutputFormat::text);
}

TEST(OutputFormat, EachHasItsContentType) {
  EXPECT_EQ(content_type(OutputFormat::text), "text/plain; charset=utf-8");
  EXPECT_EQ(content_type(OutputFormat::json), "application/json");
  EXPECT_EQ(content_type(OutputFormat::html), "text/html; charset=utf-8");
}

}  // namespace
}  // namespace hostnet
