#pragma once

// The rules of hostPorts by themselves.

#include "agent/findings/context/context.h"

namespace hostnet {

// A hostPort's rule whose pod is gone: it leads to nobody and its sandbox is nobody's.
bool is_stale(const NatRule& rule, const FindingContext& context);

// About a rule and its first port; the hostPorts declared there with it.
Finding finding_about_rule(Verdict verdict, const NatRule& rule, Protocol protocol,
                           const FindingContext& context);

}  // namespace hostnet
