// What a builtin's lower hook may emit: a narrow, abstract machine over registers, memory, kernel calls and branches.
// Implemented by lower on LLVM; no hook sees LLVM. All registers are 64 bits wide; narrower values are extended by the sign
// of their type before a hook sees them and truncated by the caller's type afterwards.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "builtins/call_view.h"
#include "image/image.h"
#include "types/type.h"

namespace sonde::builtins {

// A value in a register.
struct Reg {
  void* handle = nullptr;
};
// The address of memory that the program owns (stack, scratch, map value, ring buffer record): may be loaded and stored
// directly.
struct Mem {
  void* handle = nullptr;
};
// A map as a helper's argument.
struct MapHandle {
  void* handle = nullptr;
};
using Operand = std::variant<Reg, Mem, MapHandle>;

// A function of the kernel that programs may call (Linux 6.1 and later) and its prototype, as far as the loader compares it:
// the name of the structure that a parameter or the result points to, empty for an int.
struct KernelFunction {
  std::string_view name;
  bool returns_pointer = false;
  std::string_view result;
  std::initializer_list<std::string_view> parameters;
};

enum class Op : uint8_t { add, sub, mul, udiv, umod, bit_and, bit_or, bit_xor, shl, lshr, ashr };
enum class Cmp : uint8_t { eq, ne, ult, ule, ugt, uge, slt, sle, sgt, sge };

class Codegen {
 public:
  virtual ~Codegen() = default;

  // --- the call being lowered -------------------------------------------------------------------------------------------
  virtual size_t argument_count() const = 0;
  virtual types::TypeRef argument_type(size_t index) const = 0;
  // The argument as the check hook saw it: its literal value or word, if it is one.
  virtual const Argument& described(size_t index) const = 0;
  // In update hooks: the map's value type, into which the types of all updates have merged.
  virtual types::TypeRef result_type() const = 0;
  // Evaluates argument `index` (once; later calls give the same value). Scalars only.
  virtual Reg argument(size_t index) = 0;
  // Evaluates a memory-typed argument and gives its address. What lies behind a string's NUL is undefined.
  virtual Mem argument_memory(size_t index) = 0;
  // The map passed as argument `index`, and the memory holding the key passed as argument `key_index`, converted to the
  // map's key type (for a scalar map: the u32 key 0).
  virtual MapHandle argument_map(size_t index) = 0;
  virtual Mem map_key(size_t map_index, size_t key_index) = 0;
  // Entries of the map passed as argument `map_index`; how they are stored (flags, per-CPU cells) is lowering's business.
  // All but map_length give 0 or 1. map_delete: whether there was an entry; without a key, of a scalar map. map_find copies
  // the value to the variable passed as argument `variable_index` when there is one.
  virtual Reg map_delete(size_t map_index, std::optional<size_t> key_index) = 0;
  virtual Reg map_has(size_t map_index, size_t key_index) = 0;
  virtual Reg map_find(size_t map_index, size_t key_index, size_t variable_index) = 0;
  virtual Reg map_length(size_t map_index) = 0;
  // In update_blocks hooks: runs `use` on the local CPU's cell of block `block` of the entry that is updated, made of zeros if
  // missing. Where the map keeps one cell for an entry `block` is not looked at.
  virtual void with_cell(Reg block, const std::function<void(Mem)>& use) = 0;
  // Where a memory-typed result is to be written; result_type()->size bytes, contents undefined.
  virtual Mem result() = 0;
  // Whether the bytes of the result behind a string's NUL or a buffer's end must be zero, as in a map key. Elsewhere they need
  // not, which saves the hook from clearing a long string.
  virtual bool padded_result() const { return true; }
  // Whether the probe offers this capability (types/capability.h).
  virtual bool capable(uint32_t capability) const = 0;

  // --- registers --------------------------------------------------------------------------------------------------------
  virtual Reg constant(uint64_t value) = 0;
  virtual Reg binary(Op op, Reg left, Reg right) = 0;
  virtual Reg compare(Cmp cmp, Reg left, Reg right) = 0;  // 0 or 1
  virtual Reg select(Reg condition, Reg then_value, Reg else_value) = 0;
  // Index of the highest set bit; `value` must not be zero. Emitted without a loop.
  virtual Reg log2(Reg value) = 0;
  virtual Reg byte_swap(Reg value, uint32_t size) = 0;

  // --- memory -----------------------------------------------------------------------------------------------------------
  // `size` bytes (1, 2, 4, 8) at byte `offset`, extended to 64 bits.
  virtual Reg load(Mem memory, uint32_t offset, uint32_t size, bool is_signed) = 0;
  virtual void store(Mem memory, uint32_t offset, uint32_t size, Reg value) = 0;
  virtual void zero(Mem memory, uint32_t offset, uint32_t size) = 0;
  virtual void copy(Mem to, Mem from, uint32_t size) = 0;
  virtual Mem offset(Mem memory, uint32_t bytes) = 0;
  virtual Mem offset(Mem memory, Reg bytes) = 0;  // `bytes` must come from bound() or be a product of it and a constant
  // `value` if it is below `limit`, else `limit` - 1, by a comparison that the optimizer keeps even where it can prove it
  // superfluous: the verifier cannot.
  virtual Reg bound(Reg value, uint32_t limit) = 0;
  virtual Reg address(Mem memory) = 0;
  // Temporary memory for this call: stack if small, per-CPU scratch otherwise.
  virtual Mem temporary(uint32_t size) = 0;
  // Temporary memory that is never on the stack, for state that a loop carries: the verifier follows every value on the
  // stack, so each branch of each turn would be a case of its own, but it takes what it loads from elsewhere for anything.
  virtual Mem untracked(uint32_t size) = 0;
  virtual Mem string_constant(std::string_view bytes) = 0;  // read-only, with a trailing NUL
  // Atomic add to a u64 in map memory.
  virtual void atomic_add(Mem memory, uint32_t offset, Reg value) = 0;

  // --- control flow -----------------------------------------------------------------------------------------------------
  virtual void if_then(Reg condition, const std::function<void()>& then_part) = 0;
  virtual Reg if_else(Reg condition, const std::function<Reg()>& then_part, const std::function<Reg()>& else_part) = 0;
  // Runs `body(index)` for index 0 .. count-1, count known now and small: written out.
  virtual void repeat(uint32_t count, const std::function<void(Reg)>& body) = 0;
  // Runs `body(index, given)` for index 0 .. count-1 until it gives another number than 0. A function of its own that the kernel
  // calls: the verifier looks at it once or twice, however large `count` is. It reaches what is outside only through `given`, at
  // most four values, and allocates and reports nothing; the index goes through bound() before it is used as an offset.
  using Given = std::span<const Operand>;
  virtual void walk(uint32_t count, std::initializer_list<Operand> given,
                    const std::function<Reg(Reg index, Given given)>& body) = 0;

  // --- the kernel -------------------------------------------------------------------------------------------------------
  // Calls helper `id` (enum bpf_func_id). The context is passed with context().
  virtual Reg helper(uint32_t id, std::initializer_list<Operand> operands) = 0;
  // Calls a routine of stdlib/bpf, which is written in C.
  virtual Reg routine(std::string_view name, std::initializer_list<Operand> operands) = 0;
  // For what is the same throughout one run of a program, under a name of its own: what `make` gives, or what it gave before
  // where that is at hand.
  virtual Reg once(std::string_view, const std::function<Reg()>& make) { return make(); }
  virtual Reg context() = 0;
  // Calls a kernel function; a pointer comes back as what the verifier knows it for.
  virtual Reg kernel_function(const KernelFunction&, std::initializer_list<Operand>) { return {}; }
  // Whether the kernel has that function (known while compiling).
  virtual bool has_kernel_function(std::string_view) const { return false; }
  // Gives what `use` makes of the address of a ParamKind::place argument, a structure or a pointer to one; `otherwise` if
  // the pointer that leads there is null, which the verifier wants to see tested.
  virtual Reg with_place(size_t index, const std::function<Reg(Reg)>& use, Reg otherwise) {
    (void)otherwise;
    return use(argument(index));
  }
  // What rows that send records by perf buffer need: the map, and the number of this call's record.
  virtual MapHandle packet_map() { return {}; }
  virtual uint32_t event_index() const { return 0; }
  virtual types::Space space() const = 0;  // address space of the probe's values
  // Reads `size` bytes at `address` into `to` with the helper that `space` asks for; zeroes `to` on failure. Returns the
  // helper's code.
  virtual Reg probe_read(Mem to, Reg size, Reg address, types::Space space) = 0;
  // As probe_read for a NUL-terminated string: returns bytes copied incl. NUL, or a negative error (then `to` is empty).
  virtual Reg probe_read_string(Mem to, Reg size, Reg address, types::Space space) = 0;
  // Field `path` ("group_leader.pid") of the kernel structure `record` at `base`, read by offset or CO-RE relocation.
  virtual Reg kernel_field(Reg base, std::string_view record, std::string_view path) = 0;
  // Address of such a field.
  virtual Reg kernel_field_address(Reg base, std::string_view, std::string_view) { return base; }
  // A machine word of struct pt_regs by its offset in bytes.
  virtual Reg saved_register(uint32_t offset) = 0;
  // The run-time parameter, read from read-only data.
  virtual Reg parameter(image::ParameterKind kind, std::string_view name) = 0;
  virtual Mem parameter_memory(image::ParameterKind kind, std::string_view name, uint32_t size) = 0;
  // Counts one failure of this call's place (image.h ErrorSite); `code` is the helper's result.
  virtual void report_error(image::ErrorKind kind, std::string_view helper, Reg code, bool optional) = 0;
  virtual image::StringId intern_string(std::string_view text) = 0;
  virtual uint32_t program_index() const = 0;  // ProgramId of the program being lowered
};

}  // namespace sonde::builtins
