#include "agent/report/form.h"

#include <gtest/gtest.h>

#include <string>

namespace hostnet {
namespace {

Form by_accept(std::string_view accept) {
  return form_for(std::nullopt, accept).value();
}

TEST(Form, TheParameterWinsOverTheHeader) {
  EXPECT_EQ(form_for("json", "text/html").value(), Form::json);
  EXPECT_EQ(form_for("text", "text/html").value(), Form::text);
  EXPECT_EQ(form_for("html", "*/*").value(), Form::html);
}

TEST(Form, ABadParameterIsNamed) {
  EXPECT_EQ(form_for("xml", "").error().message, "format \"xml\" is not one of text, json, html");
  EXPECT_EQ(form_for("", "").error().message, "format \"\" is not one of text, json, html");
  EXPECT_EQ(form_for("\x1b[2J", "").error().message,
            "format \"\\x1b[2J\" is not one of text, json, html");
}

TEST(Form, CurlGetsText) {
  EXPECT_EQ(by_accept("*/*"), Form::text);
  EXPECT_EQ(by_accept(""), Form::text);
}

TEST(Form, ABrowserGetsHtml) {
  EXPECT_EQ(by_accept("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,"
                      "image/webp,*/*;q=0.8"),
            Form::html);
}

TEST(Form, AClientOfJsonGetsJson) {
  EXPECT_EQ(by_accept("application/json"), Form::json);
  EXPECT_EQ(by_accept("application/json, text/plain, */*"), Form::json);
  EXPECT_EQ(by_accept("*/*, application/json"), Form::json);
  EXPECT_EQ(by_accept("Application/JSON;charset=utf-8"), Form::json);
}

TEST(Form, QualitiesDecide) {
  EXPECT_EQ(by_accept("text/html;q=0.5, application/json;q=0.9"), Form::json);
  EXPECT_EQ(by_accept("text/html ; level=1 ; q=0.4, text/plain;q=0.5"), Form::text);
  EXPECT_EQ(by_accept("application/json;q=0"), Form::text);
  EXPECT_EQ(by_accept("application/json;q=nonsense, text/html;q=0.1"), Form::html);
}

TEST(Form, AnUnknownTypeGetsText) {
  EXPECT_EQ(by_accept("image/png"), Form::text);
  EXPECT_EQ(by_accept(",,;;q=,="), Form::text);
  EXPECT_EQ(by_accept(std::string(100'000, ',')), Form::text);
}

TEST(Form, EachHasItsContentType) {
  EXPECT_EQ(content_type(Form::text), "text/plain; charset=utf-8");
  EXPECT_EQ(content_type(Form::json), "application/json");
  EXPECT_EQ(content_type(Form::html), "text/html; charset=utf-8");
}

}  // namespace
}  // namespace hostnet
