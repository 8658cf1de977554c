#include "netlink/node/kept_files.h"

#include <algorithm>
#include <utility>

#include "netlink/base/ascii.h"

namespace hostnet {

bool KeptFiles::keepable(std::string_view path) {
  const std::string_view first = path.substr(0, path.find('/'));
  const bool of_a_process = std::ranges::all_of(first, is_digit);
  if (of_a_process) return path.starts_with("1/net/");
  return first != "thread-self" &&
         (first != "self" || path == "self/stat" || path == "self/limits");
}

UniqueFd KeptFiles::take(std::string_view path) {
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find(kept_, path, &Kept::path);
  if (found == kept_.end()) return {};
  found->used = ++uses_;
  return std::move(found->file);
}

void KeptFiles::put_back(std::string_view path, UniqueFd file) {
  UniqueFd unwanted;  // closed after unlocking
  const std::scoped_lock lock(mutex_);
  auto place = std::ranges::find(kept_, path, &Kept::path);
  if (place == kept_.end()) {
    if (kept_.size() < kMost) {
      kept_.emplace_back();
      place = kept_.end() - 1;
    } else {
      place = std::ranges::min_element(kept_, {}, &Kept::used);
    }
    place->path = path;
    place->used = ++uses_;
  }
  unwanted = std::exchange(place->file, std::move(file));
}

}  // namespace hostnet
