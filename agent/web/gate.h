#pragma once

#include <vector>

#include "agent/web/details.h"
#include "agent/web/job.h"

// What stands between a request and its handler. Pure functions of the request.
namespace hostnet {

// The route that answers this path, the longest prefix if several do; null.
const Route* find_route(const std::vector<Route>& routes, std::string_view path);

// Sets job.refusal (and job.close where the rest of the connection cannot be
// trusted) when the request is not for a handler: 405, 413, 404, 403 in this
// order. Needs job.head, request and route.
void refuse_unfit(Job& job, Details details);

// Sets job.refusal for bytes that are no head, in the form that they seem to
// ask for.
void refuse_bad_head(Job& job, const BadHead& bad, std::string_view bytes);

}  // namespace hostnet
