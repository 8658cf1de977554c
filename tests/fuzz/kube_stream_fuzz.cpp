// Any bytes as the body of a LIST and of a WATCH, in pieces of any size: no
// crash, the same pieces however it is cut, and bounded memory.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "agent/kube/cluster_access.h"
#include "agent/kube/json_cutter.h"
#include "agent/pods/sources/pod_reflector.h"

namespace {

std::vector<std::string> pieces(std::string_view body, std::size_t step, hostnet::JsonCut cut) {
  std::vector<std::string> found;
  const auto keep = [&](std::string_view piece) {
    if (piece.size() > 4096) std::abort();
    found.emplace_back(piece);
    return true;
  };
  cut.limit = 4096;
  hostnet::JsonCutter cutter(
      std::move(cut),
      {.on_member = [&](std::string_view, std::string_view value) { return keep(value); },
       .on_element = keep,
       .on_end = {}});
  for (std::size_t i = 0; i < body.size(); i += step) {
    if (!cutter.feed(body.substr(i, step))) break;
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const hostnet::JsonCut list{.members = {"metadata"}, .list = "items"};
  const hostnet::JsonCut events{.members = {"type", "object"}, .list = {}};
  const std::size_t step = size == 0 ? 1 : 1 + data[0] % 7;
  if (pieces(text, step, list) != pieces(text, size + 1, list)) std::abort();

  hostnet::PodReflector watch("n1");
  const hostnet::SteadyTime now{};
  for (const std::string& piece : pieces(text, step, list)) {
    watch.list_metadata(piece);
    watch.listed(piece);
  }
  watch.list_metadata(R"({"resourceVersion":"1"})");
  static_cast<void>(watch.list_done(now));
  watch.accepted(now);
  std::string type = "\"ADDED\"";
  for (const std::string& piece : pieces(text, step, events)) {
    if (piece.starts_with('"')) {
      type = piece;
    } else {
      static_cast<void>(watch.event(type, piece, now));
    }
  }
  static_cast<void>(watch.ended(200, {}, "", 0.5, now));
  static_cast<void>(watch.path(0.5));
  static_cast<void>(hostnet::parse_kubeconfig(text, "/"));
  static_cast<void>(hostnet::parse_server_url(text));
  return 0;
}
