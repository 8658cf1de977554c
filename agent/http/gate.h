#pragma once

#include <vector>

#include "agent/http/details.h"
#include "agent/http/job.h"

// The checks between a request and its handler. Pure functions of the request.
namespace hostnet {

// The route that answers this path, the longest prefix if several do; null.
const HttpRoute* find_route(const std::vector<HttpRoute>& routes, std::string_view path);

enum class Entry { open, refused, unknown };

// Rate limit and basic authentication, unless the route is exempt from both. Sets
// job.refusal (429, 401) or job.request.user. For the details their token
// replaces a password. `unknown`: job.credentials must be checked with bcrypt;
// then call again with job.signed_in set.
Entry check_entry(Job& job, RateLimiter& limiter, PasswordCache& known, WebTime now);

// Sets job.refusal if no handler may answer the request: 405, 413, 404, 403 (401 for a
// missing token), in this order. Needs job.head, request and route.
void refuse_unfit(Job& job, Details details);

// Sets job.refusal for bytes that are not a valid head, in the format that they
// seem to ask for.
void refuse_bad_head(Job& job, const BadHead& bad, std::string_view bytes);

}  // namespace hostnet
