#include "tests/collectors/collect.h"

#include <algorithm>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "collectors/framework/run_scrape.h"
#include "collectors/registry.h"
#include "netlink/rtnetlink/rtnetlink.h"
#include "tests/collectors/default_options.h"
#include "tests/support/exposition_page.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

const Collector& row_of(std::string_view name) {
  const auto rows = all_collectors();
  const auto row = std::ranges::find(rows, name, &Collector::name);
  if (row == rows.end()) throw std::runtime_error("no collector " + std::string(name));
  return *row;
}

}  // namespace

TestCollector::TestCollector(std::string_view name, const Flags& flags) {
  auto made = row_of(name).make(options_with_defaults(flags));
  if (!made) throw std::runtime_error(made.error().message);
  collect_ = std::move(*made);
}

Result<std::string> TestCollector::page(const Node& node) const {
  RunScrape scrape(std::make_shared<const Node>(node),
                   [](const Node& of) { return read_links(*of.netlink); });
  scrape.set_deadline(node.clock->steady() + std::chrono::seconds(10));
  const auto sources = collect_(scrape);
  if (!sources) return std::unexpected(sources.error());
  std::istringstream lines(page_of(*sources));
  std::string page;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("# HELP")) page += line + "\n";
  }
  return page;
}

Node node_with_file(std::string path, std::string contents) {
  return NodeBuilder().file(std::move(path), std::move(contents)).build();
}

Error error_of(const TestCollector& collector, const Node& node) {
  const auto page = collector.page(node);
  return page ? failure(Reason::internal, "no error").error() : page.error();
}

std::string message_of(const TestCollector& collector, std::string path, std::string contents) {
  return error_of(collector, node_with_file(std::move(path), std::move(contents))).message;
}

Error refused_options(std::string_view name, const Flags& flags) {
  const auto made = row_of(name).make(options_with_defaults(flags));
  return made ? Error{} : made.error();
}

Socket queued_socket(Protocol protocol, SocketState state, std::string_view address,
                     std::uint32_t received, std::uint32_t sent) {
  Socket socket;
  socket.protocol = protocol;
  socket.state = state;
  socket.local = parse_ip(address).value();
  socket.peer.family = socket.local.family;
  socket.receive_queue = received;
  socket.send_queue = sent;
  return socket;
}

}  // namespace hostnet
