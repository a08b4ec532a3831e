// The DWARF information of one binary: parameters of functions with their types, and the addresses of source lines. Reads
// through libdw, and only what is asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "types/type.h"

namespace sonde::debuginfo {

// Part of a value that lies in a register when a function is entered.
struct RegisterPiece {
  uint32_t saved_at = 0;  // where struct pt_regs has the register, in bytes
  uint32_t offset = 0;    // of the part in the value
  uint32_t size = 8;      // bytes: 1, 2, 4, 8
};

struct Parameter {
  std::string name;               // empty: the source gives it none
  types::TypeRef type = nullptr;  // kind none: a type that sonde cannot use
  std::string text;               // as -lv shows the type: "struct point*"
  // Where it is when the function is entered: number of the first argument register of C, and of how many it takes. Empty: it
  // is where `pieces` say, on the stack, in a floating-point register, or nowhere.
  std::optional<uint32_t> first_register;
  uint32_t registers = 0;
  bool on_stack = false;
  std::vector<RegisterPiece> pieces;
  bool by_reference = false;  // the only piece is its address
};

struct Function {
  std::string name;
  std::vector<Parameter> parameters;
};

class DwarfFile {
 public:
  // `path`: the file with the DWARF sections.
  // Types are made in `types`, whose records ask this object for their fields: it must outlive their use.
  static Result<std::unique_ptr<DwarfFile>> open(const std::string& path, types::TypeContext& types);
  ~DwarfFile();
  DwarfFile(const DwarfFile&) = delete;
  DwarfFile& operator=(const DwarfFile&) = delete;

  // The function whose code begins at a virtual address; empty: the debug information does not describe it.
  std::optional<Function> function_at(uint64_t address);

  // The address of the first instruction of a line. `file` is any trailing part of a path, component by component;
  // `column` 0: any. Fails with the text for the user.
  Result<uint64_t> address_of_line(const std::string& file, uint64_t line, uint64_t column);

 private:
  class State;
  explicit DwarfFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sonde::debuginfo
