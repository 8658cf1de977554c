#include "agent/document/settings.h"

#include <string>
#include <utility>

#include "netlink/base/escape.h"

namespace hostnet {

std::unexpected<Error> settings_failure(std::string_view file, const Complaint& complaint) {
  auto message = terminal_text(file);
  if (complaint.line != 0) message += ":" + std::to_string(complaint.line);
  // The YAML library quotes the offending text, newlines included.
  return failure(Reason::malformed, message + ": " + terminal_text(complaint.message));
}

Result<> without_complaints(std::string_view file, std::span<const Complaint> complaints) {
  if (complaints.empty()) return {};
  return settings_failure(file, complaints.front());
}

Result<ParsedDocument> parse_settings(std::string_view text, std::string_view file) {
  ParsedDocuments parsed = parse_yaml(text);
  if (parsed.failure) return settings_failure(file, *parsed.failure);
  if (parsed.documents.empty()) return ParsedDocument{};
  if (parsed.documents.size() > 1) {
    return settings_failure(file, {.line = parsed.documents[1].root.line,
                                   .message = "has a second document; one is enough"});
  }
  ParsedDocument document = std::move(parsed.documents.front());
  for (Complaint& complaint : document.complaints) {
    // "...; the last one counts" applies to manifests only.
    complaint.message.resize(complaint.message.rfind(';'));
  }
  return document;
}

}  // namespace hostnet
