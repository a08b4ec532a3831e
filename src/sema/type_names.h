// The one place where a written type name becomes a type: the language's own names, then the script's C definitions, then
// kernel BTF.
#pragma once

#include <string>
#include <string_view>

#include "ast/ast.h"
#include "sema/sema.h"
#include "types/type.h"

namespace sonde::sema {

class TypeNames {
 public:
  explicit TypeNames(const Inputs& inputs) : inputs_(inputs), types_(inputs.kernel.types()) {}

  // A type by tag ("struct", "union", "enum" or "") and name, without suffixes; null when unknown.
  types::TypeRef find(std::string_view tag, std::string_view name) const;
  std::optional<kernel::Enumerator> find_enumerator(std::string_view name) const;

  // `type` with `*`, `[N]` or `[]` behind it. On string, inet and buffer a number is a capacity.
  types::TypeRef with_suffix(types::TypeRef type, const ast::Type::Suffix& suffix) const;

  // "struct path" as in messages.
  static std::string written(ast::TypeTag tag, std::string_view name);
  static std::string_view tag_word(ast::TypeTag tag);

 private:
  types::TypeRef language_type(std::string_view name) const;

  const Inputs& inputs_;
  types::TypeContext& types_;
};

}  // namespace sonde::sema
