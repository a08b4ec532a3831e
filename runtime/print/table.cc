// Joining by the text of the key, which is what readers compare, too.
#include "runtime/print/table.h"

#include <algorithm>
#include <unordered_map>

#include "runtime/value/format.h"

namespace sonde::print {
namespace {

std::string key_text(const value::Value& key) {
  std::string text;
  value::append_key(text, key);
  // One row is one line.
  std::ranges::replace(text, '\n', ' ');
  return text;
}

std::string cell_text(const value::Value* cell) {
  if (!cell) return "-";
  std::string text;
  if (const auto* histogram = std::get_if<value::Histogram>(&cell->data)) {
    uint64_t total = 0;
    for (const value::Bucket& bucket : histogram->buckets) total += bucket.count;
    return std::to_string(total);
  }
  value::append_text(text, *cell);
  std::ranges::replace(text, '\n', ' ');
  return text;
}

// Columns of a terminal that UTF-8 takes: one for each character, two for those from U+3000 on up to the surrogates (East
// Asian scripts) and beyond U+FFFF (pictures). Bytes that are no UTF-8 count one each, unless they look like continued ones.
size_t columns(std::string_view text) {
  size_t count = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) == 0x80) continue;
    count += (byte >= 0xe3 && byte <= 0xed) || (byte >= 0xf0 && byte <= 0xf4) ? 2 : 1;
  }
  return count;
}

}  // namespace

std::vector<TableRow> join_maps(std::span<const value::MapValue> maps) {
  std::vector<TableRow> rows;
  std::unordered_map<std::string, size_t> known;
  for (size_t column = 0; column < maps.size(); ++column) {
    for (const value::MapEntry& entry : maps[column].entries) {
      const auto [at, added] = known.try_emplace(key_text(entry.key), rows.size());
      if (added) rows.push_back({&entry.key, std::vector<const value::Value*>(maps.size(), nullptr)});
      rows[at->second].cells[column] = &entry.value;
    }
  }
  return rows;
}

void append_table(std::string& out, std::span<const value::MapValue> maps) {
  std::vector<std::vector<std::string>> lines(1);
  lines[0].emplace_back("key");
  for (const value::MapValue& map : maps) lines[0].push_back(map.name);
  for (const TableRow& row : join_maps(maps)) {
    std::vector<std::string>& line = lines.emplace_back();
    line.push_back(key_text(*row.key));
    for (const value::Value* cell : row.cells) line.push_back(cell_text(cell));
  }
  std::vector<size_t> widths(maps.size() + 1, 0);
  for (const auto& line : lines)
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], columns(line[i]));
  for (const auto& line : lines) {
    out += line[0];
    out.append(widths[0] - columns(line[0]), ' ');
    for (size_t i = 1; i < line.size(); ++i) {
      out.append(2 + widths[i] - columns(line[i]), ' ');
      out += line[i];
    }
    out += '\n';
  }
}

}  // namespace sonde::print
