#pragma once

// The sockets of others that meet a declaration.

#include "agent/findings/context/context.h"
#include "agent/findings/context/overlap.h"

namespace hostnet {

// The holders that stand in the way of this declaration: foreign and overlapping, in order.
Holders holders_in_the_way(const Declaration& declaration, const FindingContext& context);

// The servers of others that share the port of a declaration whose pod listens.
Holders holders_that_share(const Declaration& declaration, const FindingContext& context);

// The order of `held_by`: by port use, kind, address, process.
void order_holders(Holders& holders);

// Whether the binds of both meet. Where v6only is not known it is off, as it is unless somebody
// sets it.
bool meets(const Holder& holder, const Bind& newcomer, const FindingContext& context);

// In a pod that terminates and is still inside its grace period.
bool leaves_in_grace(const Holder& holder, const FindingContext& context);
inline constexpr const char* kWaitForTheHolder =
    "wait: the holder is terminating within its grace period";

}  // namespace hostnet
