// The macros of a compilation: which definition a call means (language.md 13). Expansion itself is bind_call.cc.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ast/ast.h"
#include "sema/reporter.h"

namespace sonde::sema {

namespace bound {
struct MacroDef {
  const ast::Macro* macro = nullptr;
  bool library = false;
  std::set<std::string> assigned;  // variables that the body assigns or declares, parameters apart
};
}  // namespace bound

class MacroTable {
 public:
  using Definitions = std::vector<const bound::MacroDef*>;

  // Adds the macros of one file; reports redefinitions, repeated parameters and jumps out of a body. User macros are
  // added in source order, which is the order of preference.
  void add(const ast::Program& program, bool library, Reporter& reporter);

  // All definitions of a name, null when there are none. The library's own code does not see the user's.
  const Definitions* find(std::string_view name, bool from_library) const;
  bool is_users(std::string_view name) const { return user_.contains(name); }

  // The first definition that takes these arguments, or null: the user's before those of the library.
  const bound::MacroDef* match(std::string_view name, bool from_library,
                               const std::vector<const ast::Expr*>& arguments) const;
  // Reports that none did. `arguments` are those of the call at `range`.
  static void report_mismatch(const Definitions& definitions, std::string_view name, source::Range range,
                              const std::vector<const ast::Expr*>& arguments, Reporter& reporter,
                              Reporter::Levels levels);

  std::vector<std::string> names() const;

 private:
  static const bound::MacroDef* match(const Definitions& definitions, const std::vector<const ast::Expr*>& arguments);

  using Table = std::map<std::string, Definitions, std::less<>>;
  Table user_, library_;
  std::deque<bound::MacroDef> owned_;
};

}  // namespace sonde::sema
