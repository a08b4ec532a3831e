// Mapping: the one owner of an mmap()ed range.
#pragma once

#include <sys/mman.h>
#include <sys/types.h>

#include <cstddef>
#include <utility>

#include "base/result.h"

namespace sonde::runtime {

class Mapping {
 public:
  Mapping() = default;
  // Maps `size` bytes of `fd`, shared.
  static Result<Mapping> map(int fd, size_t size, int protection, off_t offset) {
    void* data = ::mmap(nullptr, size, protection, MAP_SHARED, fd, offset);
    if (data == MAP_FAILED) return base::fail_errno("mmap");
    Mapping mapping;
    mapping.data_ = data;
    mapping.size_ = size;
    return mapping;
  }
  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Mapping() {
    if (data_) ::munmap(data_, size_);
  }

  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace sonde::runtime
