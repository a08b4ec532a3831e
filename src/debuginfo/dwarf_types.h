// From DWARF types to ours (private to this folder).
#pragma once

#include <elfutils/libdw.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "types/type.h"

namespace sonde::debuginfo {

// The type a DIE names; empty: none, which C calls void.
std::optional<Dwarf_Die> type_of(Dwarf_Die* die);
// The same behind typedefs and qualifiers.
std::optional<Dwarf_Die> plain_type(std::optional<Dwarf_Die> type);
// Bytes; 0: unknown.
uint64_t size_of(Dwarf_Die type);
bool is_floating(Dwarf_Die* base_type);
// Where a member begins in its record, in bytes.
uint64_t member_offset(Dwarf_Die* member);
// "const char*", "struct point*", "<unknown type>*".
std::string type_text(std::optional<Dwarf_Die> type);

class TypeReader final : public types::CRecordSource {
 public:
  TypeReader(Dwarf* dwarf, types::TypeContext& types) : dwarf_(dwarf), types_(types) {}

  // Kind none for what sonde cannot use (floating point, functions); void_type for no type.
  types::TypeRef type(std::optional<Dwarf_Die> die);
  std::vector<types::CField> fields(const types::CRecord& record) override;

 private:
  types::TypeRef base_type(Dwarf_Die die);
  types::TypeRef record(Dwarf_Die die, std::string tag);
  types::TypeRef array(Dwarf_Die die);
  std::optional<types::CField> field(Dwarf_Die member);
  Dwarf_Die definition(Dwarf_Die declaration);
  void find_definitions();

  Dwarf* dwarf_;
  types::TypeContext& types_;
  struct Record {
    Dwarf_Die die;
    types::TypeRef type = nullptr;
  };
  // By the address of what describes them: offsets are not unique, types may have sections of their own.
  std::map<uintptr_t, Record> records_;
  // Records by tag and name, for those that a unit only declares; made at first need.
  std::map<std::pair<int, std::string>, Dwarf_Off> definitions_;
  bool definitions_known_ = false;
};

}  // namespace sonde::debuginfo
