#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace hostnet {

// Text that grows at its end. A page is ten thousand small pieces, and each
// std::string append is a function call.
class TextBuffer {
 public:
  explicit TextBuffer(std::size_t room = 0) { reserve(room); }

  TextBuffer& operator+=(std::string_view text) {
    if (text.empty()) return *this;
    std::memcpy(place_for(text.size()), text.data(), text.size());
    size_ += text.size();
    return *this;
  }
  TextBuffer& operator+=(char c) {
    *place_for(1) = c;
    ++size_;
    return *this;
  }

  std::string_view text() const { return {bytes_.get(), size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void clear() { size_ = 0; }  // keeps the capacity

 private:
  char* place_for(std::size_t more) {
    if (room_ - size_ < more) reserve(std::max(size_ + more, room_ * 2));
    return bytes_.get() + size_;
  }
  void reserve(std::size_t room) {
    if (room <= room_) return;
    auto bytes = std::make_unique_for_overwrite<char[]>(room);
    std::copy_n(bytes_.get(), size_, bytes.get());
    bytes_ = std::move(bytes);
    room_ = room;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t size_{};
  std::size_t room_{};
};

}  // namespace hostnet
