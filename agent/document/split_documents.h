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
  // Why Kubernetes' reader refuses it where others read it: a %directive, content behind "---".
  std::optional<Complaint> refused;
};

// Cuts where a line begins with "---", as Kubernetes' own reader does
// (apimachinery/pkg/util/yaml: white space or a comment may follow, "---# so" too), so that one
// broken document costs one document. Parts without content (blank, comments, %directives) are
// left out.
std::vector<DocumentText> split_documents(std::string_view text);

// The line of a "..." or "- ..." that documentation prints for "and so on", the
// last one up to `line`; 0: none.
unsigned placeholder_line(const DocumentText& document, unsigned line);

// Whether `line` or the one before has a template's "{{" (Helm, Jinja): its number; 0: neither.
unsigned template_line(const DocumentText& document, unsigned line);

}  // namespace hostnet
