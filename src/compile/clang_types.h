// Types and values of C text as clang reads it: the second reader of C definitions, for what the first (src/cdef) does not
// know. Compiles the text to a BPF object, reads the types back from its BTF, and keeps the object as clang.h does.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/bpf_object.h"
#include "types/type.h"

namespace sonde::compile {

class ClangTypes {
 public:
  // `types` must outlive this object.
  explicit ClangTypes(types::TypeContext& types) : types_(types) {}

  struct Text {
    std::string c;                // preprocessed
    std::set<std::string> types;  // "struct x", "name_t": those that scripts are likely to ask for
    // Types that take the place of those of the same name in the text.
    kernel::NamedType borrowed;
    // Does the text define that record?
    std::function<bool(std::string_view tag, std::string_view name)> declares;
  };
  // Whether clang is there and takes the text. What it says is not kept: the first reader's messages name the script.
  bool read(Text text);
  // Null: clang knows no such type with a definition either, or did not take the text.
  types::TypeRef find(std::string_view tag, std::string_view name);
  // Value of an integer constant expression, extended by its sign; `negative` tells how to print it. Empty: it is none.
  struct Value {
    uint64_t bits = 0;
    bool negative = false;
  };
  std::optional<Value> value(std::string_view expression);

 private:
  std::unique_ptr<kernel::BpfObject> compile(const std::string& declarations);
  bool describe(std::set<std::string> wanted);
  std::set<std::string> open_names(const kernel::Btf& btf) const;

  types::TypeContext& types_;
  Text text_;
  std::set<std::string> asked_;  // types as they are spelled, "struct x"
  // A type stays one of the object that it was found in.
  std::vector<std::unique_ptr<kernel::BpfObject>> objects_;
};

}  // namespace sonde::compile
