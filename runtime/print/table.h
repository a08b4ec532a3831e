// Maps with keys of one type, joined by key.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "runtime/value/value.h"

namespace sonde::print {

// One key; the values of each map in the order of the maps, null where a map lacks the key. Points into the maps.
struct TableRow {
  const value::Value* key = nullptr;
  std::vector<const value::Value*> cells;
};

// Rows in the order of the first map, then keys that only later maps have, in theirs.
std::vector<TableRow> join_maps(std::span<const value::MapValue> maps);

// Appends aligned columns under a line of headings: the key on the left, numbers on the right, `-` for what is missing.
void append_table(std::string& out, std::span<const value::MapValue> maps);

}  // namespace sonde::print
