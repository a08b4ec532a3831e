// Optimizers keep to no convention inside a program, but they write down what they do; unoptimized code keeps to it, and
// writes down only where it will have put the parameters a few instructions later.
#include "debuginfo/entry_places.h"

#include <dwarf.h>

#include <algorithm>
#include <bit>
#include <string_view>
#include <utility>
#include <vector>

#include "debuginfo/dwarf_types.h"

namespace sonde::debuginfo {
namespace {

constexpr uint32_t kWord = 8;

struct PlacedRegister {
  unsigned number;  // DWARF's
  uint32_t size;
};

bool is_mask(uint8_t atom) {
  return atom == DW_OP_and || atom == DW_OP_convert || (atom >= DW_OP_const1u && atom <= DW_OP_consts) ||
         (atom >= DW_OP_lit0 && atom <= DW_OP_lit31);
}

// The lower part of one register: "DW_OP_breg8 0, DW_OP_const4u 1, DW_OP_and, DW_OP_stack_value".
bool is_masked_register(std::span<const Dwarf_Op> operations) {
  return operations.size() > 1 && operations.front().atom >= DW_OP_breg0 && operations.front().atom <= DW_OP_breg31 &&
         operations.front().number == 0 && operations.back().atom == DW_OP_stack_value &&
         std::ranges::all_of(operations.subspan(1, operations.size() - 2),
                             [](const Dwarf_Op& operation) { return is_mask(operation.atom); });
}

// The value's parts in order. Empty: it is not, or not wholly, in general registers.
std::vector<PlacedRegister> placed_registers(std::span<const Dwarf_Op> operations) {
  if (is_masked_register(operations)) return {{operations.front().atom - unsigned{DW_OP_breg0}, kWord}};
  std::vector<PlacedRegister> found;
  for (size_t i = 0; i < operations.size(); ++i) {
    const bool in_register = operations[i].atom >= DW_OP_reg0 && operations[i].atom <= DW_OP_reg31;
    const bool in_pieces = i + 1 < operations.size() && operations[i + 1].atom == DW_OP_piece;
    const uint64_t size = in_pieces ? operations[i + 1].number : kWord;
    if (!in_register || (!in_pieces && operations.size() > 1) || size > kWord || !std::has_single_bit(size)) return {};
    found.push_back({operations[i].atom - unsigned{DW_OP_reg0}, static_cast<uint32_t>(size)});
    if (in_pieces) ++i;
  }
  return found;
}

// The optimizer knows the value, or computes it from others: no caller passes it.
bool is_not_passed(Dwarf_Die* parameter, std::span<const Dwarf_Op> operations) {
  return ::dwarf_hasattr(parameter, DW_AT_const_value) ||
         std::ranges::any_of(operations, [](const Dwarf_Op& operation) {
           return operation.atom == DW_OP_stack_value || operation.atom == DW_OP_implicit_value ||
                  operation.atom == DW_OP_implicit_pointer || operation.atom == DW_OP_GNU_implicit_pointer;
         });
}

bool is_on_stack(std::span<const Dwarf_Op> operations) {
  return operations.size() == 1 &&
         (operations.front().atom == DW_OP_fbreg || operations.front().atom == DW_OP_call_frame_cfa);
}

// What a value is made of: (offset, bytes) of every number or pointer in it. False: also of something else.
bool add_scalars(Dwarf_Die type, uint64_t at, std::vector<std::pair<uint64_t, uint64_t>>& out) {
  const auto plain = plain_type(type);
  if (!plain) return false;
  Dwarf_Die die = *plain;
  const int tag = ::dwarf_tag(&die);
  if (tag == DW_TAG_base_type && is_floating(&die)) return false;
  if (tag == DW_TAG_base_type || tag == DW_TAG_pointer_type || tag == DW_TAG_enumeration_type) {
    out.emplace_back(at, size_of(die));
    return true;
  }
  if (tag != DW_TAG_structure_type) return false;
  Dwarf_Die child;
  if (::dwarf_child(&die, &child) != 0) return true;
  do {
    if (::dwarf_tag(&child) == DW_TAG_variant_part) return false;
    if (::dwarf_tag(&child) != DW_TAG_member) continue;
    const auto member = type_of(&child);
    if (!member || !add_scalars(*member, at + member_offset(&child), out)) return false;
  } while (::dwarf_siblingof(&child, &child) == 0);
  return true;
}

bool is_float(const std::optional<Dwarf_Die>& type) {
  auto plain = plain_type(type);
  return plain && ::dwarf_tag(&*plain) == DW_TAG_base_type && is_floating(&*plain);
}

}  // namespace

Language language_of(Dwarf_Die* die) {
  Dwarf_Die unit;
  if (!::dwarf_diecu(die, &unit, nullptr, nullptr)) return Language::c;
  const int language = ::dwarf_srclang(&unit);
  if (language == DW_LANG_Rust) return Language::rust;
  if (language != DW_LANG_Go) return Language::c;
  Dwarf_Attribute attribute;
  const char* producer = ::dwarf_formstring(::dwarf_attr(&unit, DW_AT_producer, &attribute));
  return producer && std::string_view(producer).starts_with("Go ") ? Language::go : Language::c;
}

bool is_result(Dwarf_Die* parameter) {
  Dwarf_Attribute attribute;
  bool flag = false;
  return ::dwarf_attr(parameter, DW_AT_variable_parameter, &attribute) && ::dwarf_formflag(&attribute, &flag) == 0 &&
         flag;
}

EntryPlaces::EntryPlaces(Machine machine, Dwarf_Die* function, uint64_t address)
    : machine_(machine),
      language_(language_of(function)),
      address_(address),
      registers_(machine, returned_in_memory(machine, type_of(function))),
      unoptimized_(language_ == Language::rust && is_unoptimized(function)) {}

// What the compiler says about the place of a parameter at the entry; empty: nothing.
std::span<const Dwarf_Op> EntryPlaces::recorded(Dwarf_Die* parameter) const {
  Dwarf_Attribute location;
  Dwarf_Op* operations = nullptr;
  size_t count = 0;
  if (!::dwarf_attr(parameter, DW_AT_location, &location) ||
      ::dwarf_getlocation_addr(&location, address_, &operations, &count, 1) != 1)
    return {};
  return {operations, count};
}

// Whether parameters get places in the frame.
bool EntryPlaces::is_unoptimized(Dwarf_Die* function) const {
  Dwarf_Die child;
  if (::dwarf_child(function, &child) != 0) return false;
  do {
    if (::dwarf_tag(&child) == DW_TAG_formal_parameter && is_on_stack(recorded(&child))) return true;
  } while (::dwarf_siblingof(&child, &child) == 0);
  return false;
}

// False: nothing that can be used is recorded.
bool EntryPlaces::take_recorded(std::span<const Dwarf_Op> operations, Parameter& parameter) const {
  if (operations.size() == 1 && operations[0].atom >= DW_OP_breg0 && operations[0].atom <= DW_OP_breg31 &&
      operations[0].number == 0 && argument_register(machine_, operations[0].atom - DW_OP_breg0)) {
    set_address_register(operations[0].atom - DW_OP_breg0, parameter);
    return true;
  }
  bool conventional = true;
  uint32_t offset = 0;
  std::optional<uint32_t> first;
  std::vector<RegisterPiece> pieces;
  for (const PlacedRegister& part : placed_registers(operations)) {
    const auto saved = saved_register_offset(machine_, part.number);
    if (!saved) return false;
    const auto argument = argument_register(machine_, part.number);
    if (pieces.empty()) first = argument;
    conventional = conventional && argument && part.size == kWord && *argument == *first + pieces.size();
    pieces.push_back({*saved, offset, part.size});
    offset += part.size;
  }
  if (pieces.empty()) return false;
  parameter.on_stack = false;
  parameter.first_register = conventional ? first : std::nullopt;
  parameter.registers = conventional ? static_cast<uint32_t>(pieces.size()) : 0;
  parameter.pieces = conventional ? std::vector<RegisterPiece>() : std::move(pieces);
  parameter.by_reference = false;
  return true;
}

void EntryPlaces::set_address_register(unsigned number, Parameter& parameter) const {
  parameter.first_register = std::nullopt;
  parameter.registers = 0;
  parameter.on_stack = false;
  parameter.pieces = {{saved_register_offset(machine_, number).value_or(0), 0, kWord}};
  parameter.by_reference = true;
}

void EntryPlaces::assign(const RegisterAllocator::Place& assigned, Parameter& parameter) const {
  parameter.first_register = assigned.first_register;
  parameter.registers = assigned.registers;
  parameter.on_stack = assigned.on_stack;
}

// Rust's own convention, as far as all its compilers agree: numbers, and records of two numbers, go in a register each, larger
// records by their address. What enumerations and small records of other kinds take has changed.
void EntryPlaces::assign_rust(const std::optional<Dwarf_Die>& type, Parameter& parameter) {
  std::vector<std::pair<uint64_t, uint64_t>> scalars;
  const uint64_t size = type ? size_of(*type) : 0;
  const bool known = is_float(type) || (type && add_scalars(*type, 0, scalars));
  if (lost_ || (!known && size <= 2UL * kWord)) {
    lost_ = true;
    return;
  }
  if (size == 0) return;
  if (is_float(type) || (scalars.size() == 1 && size <= kWord)) return assign(registers_.next(type), parameter);
  if (scalars.size() != 2 || size > 2UL * kWord) {
    if (size <= 2UL * kWord) {
      lost_ = true;
      return;
    }
    const auto assigned = registers_.next_address();
    parameter.on_stack = assigned.on_stack;
    if (assigned.first_register)
      set_address_register(argument_register_name(machine_, *assigned.first_register), parameter);
    return;
  }
  for (const auto& [offset, bytes] : scalars) {
    const auto assigned = registers_.next_address();
    if (!assigned.first_register) {
      parameter.on_stack = true;
      return;
    }
    const unsigned number = argument_register_name(machine_, *assigned.first_register);
    parameter.pieces.push_back({saved_register_offset(machine_, number).value_or(0), static_cast<uint32_t>(offset),
                                static_cast<uint32_t>(bytes)});
  }
}

void EntryPlaces::place(Dwarf_Die* die, const std::optional<Dwarf_Die>& type, Parameter& parameter) {
  const auto operations = recorded(die);
  if (take_recorded(operations, parameter)) {
    Parameter passed;  // it counts, wherever it is
    if (language_ == Language::c) registers_.next(type);
    if (unoptimized_) assign_rust(type, passed);
    return;
  }
  switch (language_) {
    case Language::c:
      assign(registers_.next(type), parameter);
      // GCC says nothing of parameters that are passed and not used.
      if (is_not_passed(die, operations)) parameter = {parameter.name, parameter.type, parameter.text};
      return;
    case Language::go:
      // Its convention may change with every release; what is recorded is right.
      parameter.on_stack = is_on_stack(operations);
      return;
    case Language::rust:
      // Optimized functions change together with all their callers.
      if (unoptimized_) assign_rust(type, parameter);
      return;
  }
}

}  // namespace sonde::debuginfo
