// BTF targets by name, for images that were compiled on another kernel and for functions in modules. Parsing the
// kernel's BTF takes 11 ms and more, so it happens at the first question only.
#pragma once

#include <cstdint>
#include <memory>

#include "base/fd.h"
#include "base/result.h"
#include "image/attach_spec.h"

struct btf;

namespace sonde::runtime {

struct BtfTarget {
  uint32_t id = 0;
  base::Fd module;  // BTF of the module, invalid for the kernel itself
};

class KernelBtf {
 public:
  KernelBtf() = default;
  ~KernelBtf();
  KernelBtf(const KernelBtf&) = delete;
  KernelBtf& operator=(const KernelBtf&) = delete;

  // The type that programs of this kind attach to: typedef btf_trace_X, function X, function bpf_iter_X. A function
  // without a module is looked for in the kernel only. Fails with ESRCH if there is none.
  Result<BtfTarget> find(const image::TracingAttach& spec);

 private:
  btf* kernel_ = nullptr;
};

}  // namespace sonde::runtime
