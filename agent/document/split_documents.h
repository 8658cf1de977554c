#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "agent/document/parse_document.h"

namespace hostnet {

// A part of a manifest between "---" lines.
struct DocumentText {
  std::string_view text;
  unsigned first_line{};  // 1-based
  // Why Kubernetes' reader refuses it, unlike others: a %directive, content behind "---".
  std::optional<Complaint> refused;
};

// Splits at lines that begin with "---", as Kubernetes' own reader does
// (apimachinery/pkg/util/yaml: white space or a comment may follow, "---# so" too), so that a
// broken document does not affect the others. Parts without content (blank, comments, %directives)
// are dropped.
std::vector<DocumentText> split_documents(std::string_view text);

// The line of a "..." or "- ..." as documentation uses for "and so on", the last one up to `line`;
// 0: none.
unsigned placeholder_line(const DocumentText& document, unsigned line);

// The number of `line` or the one before if it has a template's "{{" (Helm, Jinja); 0: neither.
unsigned template_line(const DocumentText& document, unsigned line);

}  // namespace hostnet
