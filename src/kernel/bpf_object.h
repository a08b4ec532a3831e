// A compiled BPF object (an imported `.bpf.o`, or what clang made of a `.bpf.c`): the functions that scripts may call, as
// its BTF describes them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "kernel/btf.h"
#include "kernel/btf_types.h"
#include "kernel/kernel_view.h"

namespace sonde::kernel {

class BpfObject {
 public:
  // Reads ELF bytes; `name` is for messages. Fails when they are no BPF object with BTF. `types` must outlive the object.
  static Result<std::unique_ptr<BpfObject>> read(std::vector<char> elf, const std::string& name,
                                                 types::TypeContext& types, Layouts layouts = Layouts::kernel);

  // Global functions that are no programs of their own, in the order of the symbol table; only those whose parameters and
  // result fit a register each.
  const std::vector<FunctionProto>& functions() const { return functions_; }
  // The bytes as they were read.
  const std::vector<char>& elf() const { return elf_; }
  // What its types are.
  const Btf& btf() const { return *btf_; }
  BtfTypes& types() { return *types_; }

 private:
  BpfObject() = default;
  Result<> read_functions(const std::string& name, types::TypeContext& types, Layouts layouts);

  std::vector<char> elf_;
  std::unique_ptr<Btf> btf_;
  std::unique_ptr<BtfTypes> types_;  // completes records on demand, so it lives as long as they
  std::vector<FunctionProto> functions_;
};

}  // namespace sonde::kernel
