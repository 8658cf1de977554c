#include "agent/binds/past_refusals.h"

#include "agent/binds/bind_resolver.h"
#include "agent/binds/fold_binds.h"
#include "agent/binds/refusal_book.h"

namespace hostnet {

std::shared_ptr<const std::vector<Refusal>> past_refusals(
    const Node& node, const std::vector<std::string>& node_components, const PodIndex& pods,
    bool certain) {
  if (!node.bind_events) return nullptr;
  const auto events = node.bind_events->past();
  if (events.empty()) return nullptr;
  const BindResolver::Names names{.node_components = node_components, .pods = pods};
  BindResolver resolver(node);
  RefusalBook book;
  fold_binds(events, {.on_refused =
                          [&](const BindEvent& last, SteadyTime first, std::uint64_t times) {
                            book.add(resolver.resolve(last, first, times, names), pods);
                          },
                      .on_done =
                          [&](const BindEvent& event) {
                            book.settle({.protocol = event.protocol,
                                         .port = event.port,
                                         .process = event.binder.process,
                                         .binder = resolver.owner_of(event.binder, names)},
                                        pods);
                          }});
  book.update(pods, certain, node.clock->wall());
  return std::make_shared<const std::vector<Refusal>>(book.refusals());
}

}  // namespace hostnet
