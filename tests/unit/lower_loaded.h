// Loads an object with libbpf and runs its raw tracepoint programs through BPF_PROG_TEST_RUN. Needs root.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "image/image.h"

namespace sonde::lower::test {

// An object in the kernel.
class Loaded {
 public:
  explicit Loaded(const image::Image& image) : image_(image) {
    // A warning of libbpf is a failure too: it goes on without BTF when the kernel refuses it.
    libbpf_set_print([](enum libbpf_print_level level, const char* format, va_list arguments) {
      char text[512];
      std::vsnprintf(text, sizeof text, format, arguments);
      if (level == LIBBPF_WARN && !std::strstr(text, "BPF program load failed")) ADD_FAILURE() << text;
      return 0;
    });
    log_.resize(1 << 24);
    LIBBPF_OPTS(bpf_object_open_opts, options);
    options.object_name = "sonde";
    options.kernel_log_buf = log_.data();
    options.kernel_log_size = log_.size();
    options.kernel_log_level = 1;
    object_ = bpf_object__open_mem(image.object.data(), image.object.size(), &options);
    if (!object_) {
      ADD_FAILURE() << "open: " << std::strerror(errno);
      return;
    }
    for (const image::ProgramDesc& desc : image.programs) {
      bpf_program* program = bpf_object__find_program_by_name(object_, desc.symbol.c_str());
      EXPECT_NE(program, nullptr) << desc.symbol;
      if (!program) return;
      bpf_program__set_type(program, static_cast<bpf_prog_type>(desc.program_type));
      bpf_program__set_expected_attach_type(program, static_cast<bpf_attach_type>(desc.expected_attach_type));
    }
    const int cpus = libbpf_num_possible_cpus();
    for (const image::MapDesc& desc : image.maps) {
      if (desc.max_entries != 0) continue;
      const bool ring = desc.kind == image::MapKind::ring_buffer;
      bpf_map__set_max_entries(map(desc.elf_name), ring ? ring_bytes : static_cast<uint32_t>(cpus));
    }
    if (!image.parameters.empty()) {
      size_t size = 0;
      auto* bytes = static_cast<char*>(const_cast<void*>(bpf_map__initial_value(map(".rodata"), &size)));
      for (const image::Parameter& parameter : image.parameters)
        if (parameter.kind == image::ParameterKind::cpu_count) {
          const auto count = static_cast<uint64_t>(cpus);
          std::memcpy(bytes + parameter.offset, &count, 8);
        }
    }
    error_ = bpf_object__load(object_);
    if (const size_t end = std::strlen(log_.c_str()); error_ != 0)
      ADD_FAILURE() << error_ << ": " << log_.substr(end > 3000 ? end - 3000 : 0, 3000);
  }
  ~Loaded() { bpf_object__close(object_); }
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;

  static constexpr uint32_t ring_bytes = 1 << 20;
  bool ok() const { return object_ && error_ == 0; }
  const char* log() const { return log_.c_str(); }

  bpf_map* map(const std::string& name) { return bpf_object__find_map_by_name(object_, name.c_str()); }

  // Runs the first (or named) program once with these context words; its result.
  uint32_t run(std::vector<uint64_t> words = {}, size_t index = 0) {
    if (!ok()) return 0;
    words.resize(12);
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.ctx_in = words.data();
    options.ctx_size_in = static_cast<uint32_t>(words.size() * 8);
    bpf_program* program = bpf_object__find_program_by_name(object_, image_.programs[index].symbol.c_str());
    EXPECT_EQ(bpf_prog_test_run_opts(bpf_program__fd(program), &options), 0) << std::strerror(errno);
    return options.retval;
  }

  // Bytes of one entry, of all CPUs for per-CPU kinds; empty if missing.
  std::vector<uint8_t> entry(const std::string& name, const void* key) {
    bpf_map* found = map(name);
    if (!found) return {};
    const bool per_cpu = bpf_map__type(found) == BPF_MAP_TYPE_PERCPU_ARRAY ||
                         bpf_map__type(found) == BPF_MAP_TYPE_PERCPU_HASH ||
                         bpf_map__type(found) == BPF_MAP_TYPE_LRU_PERCPU_HASH;
    const size_t size = (bpf_map__value_size(found) + 7) / 8 * 8;
    std::vector<uint8_t> bytes(size * static_cast<size_t>(per_cpu ? libbpf_num_possible_cpus() : 1));
    if (bpf_map_lookup_elem(bpf_map__fd(found), key, bytes.data()) != 0) return {};
    return bytes;
  }
  // Sum over CPUs of the u64 at `offset`; -1 if missing.
  int64_t word(const std::string& name, const void* key, size_t offset = 0) {
    const std::vector<uint8_t> bytes = entry(name, key);
    if (bytes.empty()) return -1;
    const size_t size = (bpf_map__value_size(map(name)) + 7) / 8 * 8;
    int64_t sum = 0;
    for (size_t at = 0; at < bytes.size(); at += size) {
      int64_t value = 0;
      std::memcpy(&value, bytes.data() + at + offset, 8);
      sum += value;
    }
    return sum;
  }
  int64_t scalar(const std::string& name, size_t offset = 0) {
    const uint32_t zero = 0;
    return word(name, &zero, offset);
  }
  size_t entries(const std::string& name) {
    size_t count = 0;
    std::vector<uint8_t> key(4096), next(4096);
    const int fd = bpf_map__fd(map(name));
    for (void* from = nullptr; bpf_map_get_next_key(fd, from, next.data()) == 0; from = key.data()) {
      ++count;
      key.swap(next);
    }
    return count;
  }
  // Total of all error sites.
  int64_t errors() {
    int64_t total = 0;
    for (uint32_t site = 0; site < image_.error_sites.size(); ++site) total += word(image::kErrorMap, &site);
    return total;
  }
  // Records that are in the ring now.
  std::vector<std::vector<uint8_t>> records() {
    std::vector<std::vector<uint8_t>> all;
    const auto take = [](void* to, void* data, size_t size) {
      auto* bytes = static_cast<uint8_t*>(data);
      static_cast<std::vector<std::vector<uint8_t>>*>(to)->emplace_back(bytes, bytes + size);
      return 0;
    };
    ring_buffer* ring = ring_buffer__new(bpf_map__fd(map(image::kRingMap)), take, &all, nullptr);
    ring_buffer__consume(ring);
    ring_buffer__free(ring);
    return all;
  }

 private:
  const image::Image& image_;
  bpf_object* object_ = nullptr;
  int error_ = -1;
  std::string log_;
};

}  // namespace sonde::lower::test
