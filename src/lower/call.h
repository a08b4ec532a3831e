// builtins::Codegen on LLVM: what the hook of one call sees (private to this folder).
#pragma once

#include <vector>

#include "builtins/codegen.h"
#include "lower/function.h"

namespace sonde::lower {

class CallLowering : public builtins::Codegen {
 public:
  using Reg = builtins::Reg;
  using Mem = builtins::Mem;
  using Op = builtins::Op;
  using Cmp = builtins::Cmp;

  // Evaluates the arguments in order. `to` receives a memory-typed result.
  CallLowering(FunctionLowering& function, const sema::Call& call, TypeRef result_type, llvm::Value* to, bool padded);

  // Where the result goes, when it is known only after the arguments were evaluated.
  void set_result(llvm::Value* to) { to_ = to; }

  // What with_cell() is about, and the memory of its key.
  void set_entry(const sema::Map* map, llvm::Value* key) {
    updated_ = map;
    key_ = key;
  }

  size_t argument_count() const override { return call_.arguments.size(); }
  TypeRef argument_type(size_t index) const override { return call_.arguments[index]->type; }
  const builtins::Argument& described(size_t index) const override { return call_.described[index]; }
  TypeRef result_type() const override { return result_type_; }
  Reg argument(size_t index) override;
  Mem argument_memory(size_t index) override;
  builtins::MapHandle argument_map(size_t index) override;
  Mem map_key(size_t map_index, size_t key_index) override;
  Reg map_delete(size_t map_index, std::optional<size_t> key_index) override;
  Reg map_has(size_t map_index, size_t key_index) override;
  Reg map_find(size_t map_index, size_t key_index, size_t variable_index) override;
  Reg map_length(size_t map_index) override;
  void with_cell(Reg block, const std::function<void(Mem)>& use) override;
  Mem result() override;
  bool padded_result() const override { return padded_; }
  bool capable(uint32_t capability) const override;

  Reg constant(uint64_t value) override;
  Reg binary(Op op, Reg left, Reg right) override;
  Reg compare(Cmp cmp, Reg left, Reg right) override;
  Reg select(Reg condition, Reg then_value, Reg else_value) override;
  Reg log2(Reg value) override;
  Reg byte_swap(Reg value, uint32_t size) override;

  Reg load(Mem memory, uint32_t offset, uint32_t size, bool is_signed) override;
  void store(Mem memory, uint32_t offset, uint32_t size, Reg value) override;
  void zero(Mem memory, uint32_t offset, uint32_t size) override;
  void copy(Mem to, Mem from, uint32_t size) override;
  Mem offset(Mem memory, uint32_t bytes) override;
  Mem offset(Mem memory, Reg bytes) override;
  Reg bound(Reg value, uint32_t limit) override;
  Reg address(Mem memory) override;
  Mem temporary(uint32_t size) override;
  Mem untracked(uint32_t size) override;
  Mem string_constant(std::string_view bytes) override;
  void atomic_add(Mem memory, uint32_t offset, Reg value) override;

  void if_then(Reg condition, const std::function<void()>& then_part) override;
  Reg if_else(Reg condition, const std::function<Reg()>& then_part, const std::function<Reg()>& else_part) override;
  void repeat(uint32_t count, const std::function<void(Reg)>& body) override;
  void walk(uint32_t count, std::initializer_list<builtins::Operand> given,
            const std::function<Reg(Reg, Given)>& body) override;

  Reg helper(uint32_t id, std::initializer_list<builtins::Operand> operands) override;
  Reg routine(std::string_view name, std::initializer_list<builtins::Operand> operands) override;
  Reg once(std::string_view name, const std::function<Reg()>& make) override;
  Reg context() override;
  Reg kernel_function(const builtins::KernelFunction& wanted,
                      std::initializer_list<builtins::Operand> operands) override;
  bool has_kernel_function(std::string_view name) const override;
  Reg with_place(size_t index, const std::function<Reg(Reg)>& use, Reg otherwise) override;
  builtins::MapHandle packet_map() override;
  uint32_t event_index() const override;
  types::Space space() const override;
  Reg probe_read(Mem to, Reg size, Reg address, types::Space space) override;
  Reg probe_read_string(Mem to, Reg size, Reg address, types::Space space) override;
  Reg kernel_field(Reg base, std::string_view record, std::string_view path) override;
  Reg kernel_field_address(Reg base, std::string_view record, std::string_view path) override;
  Reg saved_register(uint32_t offset) override;
  Reg parameter(image::ParameterKind kind, std::string_view name) override;
  Mem parameter_memory(image::ParameterKind kind, std::string_view name, uint32_t size) override;
  void report_error(image::ErrorKind kind, std::string_view helper, Reg code, bool optional) override;
  image::StringId intern_string(std::string_view text) override;
  uint32_t program_index() const override;

 private:
  static llvm::Value* value(Reg reg) { return static_cast<llvm::Value*>(reg.handle); }
  static llvm::Value* value(Mem memory) { return static_cast<llvm::Value*>(memory.handle); }
  const sema::Map* map(size_t index) const;
  bool evaluated_by_hook(size_t index) const;

  FunctionLowering& function_;
  llvm::IRBuilder<>& builder_;
  const sema::Call& call_;
  TypeRef result_type_;
  llvm::Value* to_;
  bool padded_;
  std::vector<llvm::Value*> arguments_;
  const sema::Map* updated_ = nullptr;
  llvm::Value* key_ = nullptr;
};

}  // namespace sonde::lower
