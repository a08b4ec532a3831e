// The syntax tree: what the parser saw, with a range on every node. Nodes live in an Arena and are immutable after
// parsing; sugar, names and types are resolved in sema, which builds its own, smaller tree. This header holds what
// stands at top level, and brings the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ast/arena.h"
#include "ast/expr.h"
#include "ast/stmt.h"

namespace sonde::ast {

struct CItem {  // one preprocessor line or one struct/union/enum definition, verbatim
  Range range;
  std::string text;
};
struct ConfigAssign {
  enum class ValueKind : uint8_t { text, word, boolean, integer };
  Range range;
  std::string key;
  Range key_range;
  ValueKind value_kind;
  std::string value;  // text of a string or word; `true`/`false`; an integer as written
  uint64_t integer = 0;
  Range value_range;
};
struct RootImport {
  Range range;
  std::string path;
};
struct AttachPoint {  // raw text; attach_spec.h splits it
  Range range;
  std::string text;
};
struct Probe {
  Range range;
  std::vector<AttachPoint> attach_points;
  const Expr* predicate = nullptr;
  const Block* body = nullptr;
};
enum class ParamKind : uint8_t { variable, map, expression };
struct MacroParam {
  ParamKind kind;
  std::string name;  // with its sigil
  Range range;
};
struct Macro {
  Range range;
  std::string name;
  Range name_range;
  std::vector<MacroParam> params;
  const Block* body = nullptr;
};
struct MapDecl {
  Range range;
  std::string name;  // "@m"
  Range name_range;
  std::string kind;
  Range kind_range;
  uint64_t max_entries;
};
struct Function {  // reserved; sema refuses it
  Range range;
  std::string name;
  Range name_range;
};

// One parsed file. Items keep their source order within each list.
struct Program {
  std::vector<CItem> c_items;
  std::vector<ConfigAssign> config;
  std::optional<Range> config_range;
  std::vector<RootImport> imports;
  std::vector<const Probe*> probes;
  std::vector<const Macro*> macros;
  std::vector<const MapDecl*> map_decls;
  std::vector<const Function*> functions;
};

// The tree as indented text, one node a line: the golden form of the parse stage and of `-d ast`.
std::string dump(const Program& program);

}  // namespace sonde::ast
