#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/document/split_documents.h"
#include "agent/document/value.h"
#include "agent/pods/manifest.h"

namespace hostnet {

struct HostAccess;
struct ObjectKind;

// Reads the documents of one file into a result. read_manifests() is its only user.
class ManifestReader {
 public:
  ManifestReader(std::string_view file, ManifestResult& result) : file_(file), result_(result) {}

  void read_text(const DocumentText& text);
  void add_error(int document, const Complaint& complaint);

 private:
  // An object's own type and location.
  struct Identity {
    std::string api_version, kind;
    unsigned api_version_line{};
  };

  // `refused` is reported together with the first of them.
  void read_documents(std::span<ParsedDocument> documents, bool as_yaml,
                      const std::optional<Complaint>& refused);
  void read_object(const Value& object, const Identity& defaults);
  bool read_known(const Value& object, const Identity& identity);
  void read_list(const Value& list, const Identity& identity);
  void read_namespace(const Value& object);
  void read_service(const Value& object);
  // Adds the port that `field` of `from` sets; the rest of `node_port` is filled in.
  void add_node_port(const Value& service, const Value& from, std::string_view field,
                     ManifestNodePort node_port);
  void read_fragment(const Value& object);
  void read_workload(const Value& object, const Identity& identity, const ObjectKind& kind);
  void read_workflow(const Value& object, const Identity& identity);
  void read_any_templates(const Value& object, const Identity& identity);
  void add_template(const Value& object, const Identity& identity, const Value& pod_template,
                    std::string_view path, std::string_view name);
  void read_replicas(const Value& spec, ManifestObject& object);
  ManifestObject& add_object(ReadPod read, const Identity& identity, const Value& spec);
  void name_unread(const Value& object, const Identity& identity,
                   const std::vector<const Value*>& read, bool known);
  void name_misplaced(const Value& object, const Identity& identity,
                      const std::vector<HostAccess>& misplaced);
  void add_unread(const Value& object, const Identity& identity, const HostAccess& access,
                  bool misplaced);
  void complain(unsigned line, std::string message) {
    complaints_.push_back({.line = line, .message = std::move(message)});
  }

  std::string file_;
  ManifestResult& result_;
  std::vector<Complaint> complaints_;
};

}  // namespace hostnet
