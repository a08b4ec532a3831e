// Types of C text as clang reads it: the second reader of C definitions, for what the first (src/cdef) does not know. Compiles
// the text to a BPF object, reads the types back from its BTF, and keeps the object as clang.h does.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/bpf_object.h"
#include "types/type.h"

namespace sonde::compile {

class ClangTypes {
 public:
  // `folders`: searched for headers after the working directory. `types` must outlive this object.
  ClangTypes(types::TypeContext& types, std::vector<std::string> folders)
      : types_(types), folders_(std::move(folders)) {}

  // Where quoted names of the text begin, too.
  void add_folder(std::string folder) { folders_.push_back(std::move(folder)); }

  // Whether clang is there and takes the text. What it says is not kept: the first reader's messages name the script.
  bool read(std::string text);
  // Null: clang knows no such type with a definition either, or did not take the text.
  types::TypeRef find(std::string_view tag, std::string_view name);

 private:
  bool compile(const std::set<std::string>& wanted);

  types::TypeContext& types_;
  std::vector<std::string> folders_;
  std::string text_;
  std::set<std::string> asked_;  // types as they are spelled, "struct x"
  // A type stays one of the object that it was found in.
  std::vector<std::unique_ptr<kernel::BpfObject>> objects_;
};

}  // namespace sonde::compile
