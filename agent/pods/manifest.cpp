#include "agent/pods/manifest.h"

#include <fmt/format.h>

#include "agent/document/decode_text.h"
#include "agent/document/split_documents.h"
#include "agent/pods/manifest_reader.h"

namespace hostnet {

std::string manifest_too_long(std::size_t bytes) {
  return fmt::format("{:.1f} MiB long, more than the {} MiB that a manifest may have",
                     static_cast<double>(bytes) / (1 << 20), kMaxManifestBytes >> 20);
}

std::string to_string(const ManifestError& error) {
  std::string text = error.file;
  if (error.document != 0) text += fmt::format(": document {}", error.document);
  if (error.line != 0)
    text += fmt::format("{} line {}", error.document != 0 ? "," : ":", error.line);
  return text + ": " + error.message;
}

std::string to_string(const UnreadHostAccess& unread) {
  const std::string_view setting =
      std::string_view(unread.path)
          .substr(unread.path.rfind('.') == std::string::npos ? 0 : unread.path.rfind('.') + 1);
  const std::string why =
      unread.text ? fmt::format(
                        "a manifest in the text at {} asks for the host's network, "
                        "and is not read",
                        unread.path)
      : unread.misplaced
          ? fmt::format("has no field {}", unread.path)
          : fmt::format("sets {} at {}, and its pods are not read", setting, unread.path);
  return to_string(ManifestError{
      .file = unread.file,
      .document = unread.document,
      .line = unread.line,
      .message = fmt::format("{} {}/{}: {}", unread.kind, unread.namespace_, unread.name, why)});
}

std::vector<Pod> ManifestResult::pods() const {
  std::vector<Pod> pods;
  for (const ManifestObject& object : objects) {
    if (object.is_counted()) pods.push_back(object.pod);
  }
  return pods;
}

ManifestResult read_manifests(std::string_view text, std::string_view file_name) {
  ManifestResult result;
  ManifestReader reader(file_name, result);
  if (text.size() > kMaxManifestBytes) {
    reader.add_error(0, {.message = manifest_too_long(text.size())});
    return result;
  }
  std::string decoded = decode_text(text);
  if (const auto complaint = find_control_character(decoded)) {
    reader.add_error(0, *complaint);
    return result;
  }
  if (const auto complaint = replace_invalid_utf8(decoded)) reader.add_error(0, *complaint);
  for (const DocumentText& document : split_documents(decoded)) reader.read_text(document);
  return result;
}

}  // namespace hostnet
