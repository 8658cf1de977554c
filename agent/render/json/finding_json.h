#pragma once

// JSON of a finding, and of who declares and who holds its port, the same in every answer.

#include "agent/findings/report.h"
#include "agent/render/json/json_fields.h"

namespace hostnet {

Json a_verdict();

Json verdict_json(Verdict verdict);
Json declared_json(const DeclaredPort& declared);
Json holder_json(const Holder& holder);
Json finding_json(const Finding& finding);
Json problem_json(const Problem& problem);

// Adds the schemas of all these and of a problem, by name.
void add_finding_schemas(Json& schemas);

}  // namespace hostnet
