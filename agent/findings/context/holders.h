#pragma once

// Other owners' sockets that overlap a declaration.

#include "agent/findings/context/context.h"
#include "agent/findings/context/overlap.h"

namespace hostnet {

// The holders that block this declaration: foreign and overlapping, in order.
Holders holders_in_the_way(const Declaration& declaration, const FindingContext& context);

// The servers of others on the port of a declaration whose pod listens there.
Holders holders_that_share(const Declaration& declaration, const FindingContext& context);

// The order of `held_by`: by port use, kind, address, process.
void order_holders(Holders& holders);

// Whether both binds overlap. An unknown v6only counts as off, the default.
bool meets(const Holder& holder, const Bind& newcomer, const FindingContext& context);

// Whether its pod is terminating and still inside its grace period.
bool leaves_in_grace(const Holder& holder, const FindingContext& context);
inline constexpr const char* kWaitForTheHolder =
    "wait: the holder is terminating within its grace period";

}  // namespace hostnet
