// A Codegen that runs what a hook emits at once, on host integers and host memory: hooks are tested without a kernel.
// Registers carry their value, memory its host address. The probed process is the test itself; addresses below one page
// fault.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/check.h"
#include "builtins/codegen.h"

namespace sonde::builtins::testing {

class InterpretingCodegen : public Codegen {
 public:
  // What the test sets up.
  struct Value {
    types::TypeRef type = nullptr;
    uint64_t bits = 0;   // scalars
    std::string memory;  // memory-typed arguments
    Argument described;
  };
  std::vector<Value> arguments;
  types::TypeRef type = nullptr;  // of the result
  std::string result_bytes;       // memory-typed results; give it its size first
  bool padded = true;
  types::Space probe_space = types::Space::kernel;
  uint32_t capabilities = 0;
  std::map<uint32_t, std::function<uint64_t(const std::vector<uint64_t>&)>> helpers;
  std::map<image::ParameterKind, uint64_t> parameters;
  std::map<uint32_t, uint64_t> registers;
  std::map<uint64_t, void*> blocks;  // cells of the updated entry
  // What the hook did.
  std::vector<image::ErrorKind> errors;
  std::vector<std::string> strings;
  std::vector<std::string> map_operations;
  std::vector<types::Space> spaces_read;

  static uint64_t bits(Reg reg) { return reinterpret_cast<uint64_t>(reg.handle); }
  static Reg reg(uint64_t value) { return {reinterpret_cast<void*>(value)}; }
  static Mem mem(void* memory) { return {memory}; }

  size_t argument_count() const override { return arguments.size(); }
  types::TypeRef argument_type(size_t index) const override { return arguments.at(index).type; }
  const Argument& described(size_t index) const override { return arguments.at(index).described; }
  types::TypeRef result_type() const override { return type; }
  Reg argument(size_t index) override { return reg(arguments.at(index).bits); }
  Mem argument_memory(size_t index) override { return mem(arguments.at(index).memory.data()); }
  MapHandle argument_map(size_t) override { SONDE_UNREACHABLE(); }
  Mem map_key(size_t, size_t) override { SONDE_UNREACHABLE(); }
  Reg map_delete(size_t map_index, std::optional<size_t> key_index) override {
    return map_operation("delete", {map_index, key_index.value_or(99)});
  }
  Reg map_has(size_t map_index, size_t key_index) override { return map_operation("has", {map_index, key_index}); }
  Reg map_find(size_t map_index, size_t key_index, size_t variable_index) override {
    return map_operation("find", {map_index, key_index, variable_index});
  }
  Reg map_length(size_t map_index) override { return map_operation("length", {map_index}); }
  void with_cell(Reg block, const std::function<void(Mem)>& use) override { use(mem(blocks.at(bits(block)))); }
  Mem result() override { return mem(result_bytes.data()); }
  bool padded_result() const override { return padded; }
  bool capable(uint32_t capability) const override { return (capabilities & capability) != 0; }

  Reg constant(uint64_t value) override { return reg(value); }
  Reg binary(Op op, Reg left, Reg right) override { return reg(apply(op, bits(left), bits(right))); }
  Reg compare(Cmp cmp, Reg left, Reg right) override { return reg(holds(cmp, bits(left), bits(right)) ? 1 : 0); }
  Reg select(Reg condition, Reg then_value, Reg else_value) override {
    return bits(condition) != 0 ? then_value : else_value;
  }
  Reg log2(Reg value) override {
    SONDE_CHECK(bits(value) != 0);
    return reg(static_cast<uint64_t>(63 - std::countl_zero(bits(value))));
  }
  Reg byte_swap(Reg value, uint32_t size) override {
    uint64_t swapped = 0;
    for (uint32_t i = 0; i < size; ++i) swapped = swapped << 8 | (bits(value) >> (8 * i) & 0xff);
    return reg(swapped);
  }

  Reg load(Mem memory, uint32_t offset, uint32_t size, bool is_signed) override {
    uint64_t value = 0;
    std::memcpy(&value, at(memory, offset), size);
    if (is_signed && size < 8) {
      const uint32_t shift = 64 - 8 * size;
      value = static_cast<uint64_t>(static_cast<int64_t>(value << shift) >> shift);
    }
    return reg(value);
  }
  void store(Mem memory, uint32_t offset, uint32_t size, Reg value) override {
    const uint64_t stored = bits(value);
    std::memcpy(at(memory, offset), &stored, size);
  }
  void zero(Mem memory, uint32_t offset, uint32_t size) override { std::memset(at(memory, offset), 0, size); }
  void copy(Mem to, Mem from, uint32_t size) override { std::memmove(to.handle, from.handle, size); }
  Mem offset(Mem memory, uint32_t bytes) override { return mem(at(memory, bytes)); }
  Mem offset(Mem memory, Reg bytes) override { return mem(at(memory, bits(bytes))); }
  Reg bound(Reg value, uint32_t limit) override { return reg(std::min<uint64_t>(bits(value), limit - 1)); }
  Reg address(Mem memory) override { return {memory.handle}; }
  Mem temporary(uint32_t size) override { return mem(temporaries_.emplace_back(size, '\xee').data()); }
  Mem untracked(uint32_t size) override { return temporary(size); }
  Mem string_constant(std::string_view bytes) override { return mem(temporaries_.emplace_back(bytes).data()); }
  void atomic_add(Mem memory, uint32_t offset, Reg value) override {
    store(memory, offset, 8, reg(bits(load(memory, offset, 8, false)) + bits(value)));
  }

  void if_then(Reg condition, const std::function<void()>& then_part) override {
    if (bits(condition) != 0) then_part();
  }
  Reg if_else(Reg condition, const std::function<Reg()>& then_part, const std::function<Reg()>& else_part) override {
    return bits(condition) != 0 ? then_part() : else_part();
  }
  void repeat(uint32_t count, const std::function<void(Reg)>& body) override {
    for (uint32_t i = 0; i < count; ++i) body(reg(i));
  }
  void walk(uint32_t count, std::initializer_list<Operand> given, const std::function<Reg(Reg, Given)>& body) override {
    for (uint32_t i = 0; i < count; ++i)
      if (bits(body(reg(i), std::vector<Operand>(given))) != 0) break;
  }

  Reg helper(uint32_t id, std::initializer_list<Operand> operands) override {
    std::vector<uint64_t> values;
    for (const Operand& operand : operands)
      values.push_back(std::visit([](const auto& x) { return reinterpret_cast<uint64_t>(x.handle); }, operand));
    const auto found = helpers.find(id);
    SONDE_CHECK(found != helpers.end());
    return reg(found->second(values));
  }
  // Routines are BPF code: only the kernel runs them.
  Reg routine(std::string_view, std::initializer_list<Operand>) override { SONDE_UNREACHABLE(); }
  Reg context() override { return reg(0xc0); }
  types::Space space() const override { return probe_space; }
  Reg probe_read(Mem to, Reg size, Reg address, types::Space from) override {
    spaces_read.push_back(from);
    if (faults(address)) {
      std::memset(to.handle, 0, bits(size));
      return reg(static_cast<uint64_t>(-14));
    }
    std::memcpy(to.handle, address.handle, bits(size));
    return reg(0);
  }
  Reg probe_read_string(Mem to, Reg size, Reg address, types::Space from) override {
    spaces_read.push_back(from);
    auto* bytes = static_cast<char*>(to.handle);
    if (faults(address)) {
      if (bits(size) > 0) bytes[0] = 0;
      return reg(static_cast<uint64_t>(-14));
    }
    const auto* source = static_cast<const char*>(address.handle);
    uint64_t copied = 0;
    while (copied < bits(size)) {
      bytes[copied] = copied + 1 == bits(size) ? '\0' : source[copied];
      if (bytes[copied++] == 0) break;
    }
    return reg(copied);
  }
  Reg kernel_field(Reg, std::string_view, std::string_view) override { SONDE_UNREACHABLE(); }
  Reg saved_register(uint32_t offset) override { return reg(registers.at(offset)); }
  Reg parameter(image::ParameterKind kind, std::string_view) override { return reg(parameters.at(kind)); }
  Mem parameter_memory(image::ParameterKind, std::string_view name, uint32_t size) override {
    std::string& memory = temporaries_.emplace_back(name);
    memory.resize(size);
    return mem(memory.data());
  }
  void report_error(image::ErrorKind kind, std::string_view, Reg, bool) override { errors.push_back(kind); }
  image::StringId intern_string(std::string_view text) override {
    strings.emplace_back(text);
    return {static_cast<uint32_t>(strings.size() - 1)};
  }
  uint32_t program_index() const override { return 7; }

 private:
  static bool faults(Reg address) { return bits(address) < 4096; }
  static char* at(Mem memory, uint64_t offset) { return static_cast<char*>(memory.handle) + offset; }

  Reg map_operation(std::string name, std::initializer_list<size_t> indices) {
    for (size_t index : indices) name += " " + std::to_string(index);
    map_operations.push_back(name);
    return reg(1);
  }

  static uint64_t apply(Op op, uint64_t left, uint64_t right) {
    switch (op) {
      case Op::add: return left + right;
      case Op::sub: return left - right;
      case Op::mul: return left * right;
      case Op::udiv: return left / right;
      case Op::umod: return left % right;
      case Op::bit_and: return left & right;
      case Op::bit_or: return left | right;
      case Op::bit_xor: return left ^ right;
      case Op::shl: return left << right;
      case Op::lshr: return left >> right;
      case Op::ashr: return static_cast<uint64_t>(static_cast<int64_t>(left) >> right);
    }
    SONDE_UNREACHABLE();
  }
  static bool holds(Cmp cmp, uint64_t left, uint64_t right) {
    const auto a = static_cast<int64_t>(left), b = static_cast<int64_t>(right);
    switch (cmp) {
      case Cmp::eq: return left == right;
      case Cmp::ne: return left != right;
      case Cmp::ult: return left < right;
      case Cmp::ule: return left <= right;
      case Cmp::ugt: return left > right;
      case Cmp::uge: return left >= right;
      case Cmp::slt: return a < b;
      case Cmp::sle: return a <= b;
      case Cmp::sgt: return a > b;
      case Cmp::sge: return a >= b;
    }
    SONDE_UNREACHABLE();
  }

  std::deque<std::string> temporaries_;
};

}  // namespace sonde::builtins::testing
