#pragma once

// The rules of hostPorts, judged on their own.

#include "agent/findings/context/context.h"

namespace hostnet {

// A hostPort's rule whose pod is gone: nothing has its target address or its sandbox.
bool is_stale(const NatRule& rule, const FindingContext& context);

// A finding about a rule and its first port, with the hostPorts declared there.
Finding finding_about_rule(Verdict verdict, const NatRule& rule, Protocol protocol,
                           const FindingContext& context);

}  // namespace hostnet
