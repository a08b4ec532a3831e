// Which argument registers the parameters of a function are in when it is entered: the C calling convention of the machine
// (private to this folder).
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <optional>

namespace sonde::debuginfo {

enum class Machine : uint8_t { x86_64, arm64 };

// Number of the argument register that DWARF calls `number`; empty: it is none.
std::optional<uint32_t> argument_register(Machine machine, unsigned number);

// The other way: what DWARF calls an argument register.
unsigned argument_register_name(Machine machine, uint32_t number);

// Where struct pt_regs of the kernel has the general register that DWARF calls `number`, in bytes; empty: it is none.
std::optional<uint32_t> saved_register_offset(Machine machine, unsigned number);

// Hands out registers to parameters, in order.
class RegisterAllocator {
 public:
  // `hidden_result`: the function returns a record in memory that its caller passes the address of.
  RegisterAllocator(Machine machine, bool hidden_result);

  struct Place {
    std::optional<uint32_t> first_register;  // empty: not in argument registers
    uint32_t registers = 0;
    bool on_stack = false;
  };
  Place next(std::optional<Dwarf_Die> type);
  // For a value of which only the address is passed.
  Place next_address();

 private:
  Machine machine_;
  uint32_t used_ = 0;
  uint32_t limit_;
  uint32_t floats_ = 0;
};

// Whether a value of this type is returned in memory.
bool returned_in_memory(Machine machine, std::optional<Dwarf_Die> type);

}  // namespace sonde::debuginfo
