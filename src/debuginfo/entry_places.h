// Where the parameters of a function are when it is entered: as the compiler has recorded, else by the convention of the
// language (private to this folder).
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <optional>
#include <span>

#include "debuginfo/calling_convention.h"
#include "debuginfo/dwarf_file.h"

namespace sonde::debuginfo {

// Those whose functions are called in ways of their own. GCC's Go calls functions as C does.
enum class Language : uint8_t { c, go, rust };
// Of the unit that the DIE belongs to.
Language language_of(Dwarf_Die* die);
// Go lists its results among the parameters.
bool is_result(Dwarf_Die* parameter);

class EntryPlaces {
 public:
  EntryPlaces(Machine machine, Dwarf_Die* function, uint64_t address);

  // Fills in where the next parameter is; to be called for all of them in order.
  void place(Dwarf_Die* die, const std::optional<Dwarf_Die>& type, Parameter& parameter);

 private:
  std::span<const Dwarf_Op> recorded(Dwarf_Die* parameter) const;
  bool is_unoptimized(Dwarf_Die* function) const;
  bool take_recorded(std::span<const Dwarf_Op> operations, Parameter& parameter) const;
  void set_address_register(unsigned number, Parameter& parameter) const;
  void assign(const RegisterAllocator::Place& assigned, Parameter& parameter) const;
  void assign_rust(const std::optional<Dwarf_Die>& type, Parameter& parameter);

  Machine machine_;
  Language language_;
  uint64_t address_;
  RegisterAllocator registers_;
  bool unoptimized_ = false;
  bool lost_ = false;  // a parameter took nobody knows how many registers
};

}  // namespace sonde::debuginfo
