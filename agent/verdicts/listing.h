#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace hostnet {

// " and 3 more"; "" for none.
std::string and_more(std::size_t count);

// "one, two and 3 more": at most `most` of the items, and the number of the others.
std::string listing(std::span<const std::string> items, std::size_t most,
                    std::string_view separator = ", ");

}  // namespace hostnet
