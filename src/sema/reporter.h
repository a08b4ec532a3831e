// How sema's passes emit: adds the macro levels, can be muted while types are still in motion, and says the same thing
// about the same place only once, however many attach points share the block, and of texts that differ only a few.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "diag/diagnostic.h"

namespace sonde::sema {

class Reporter {
 public:
  using Levels = const std::vector<source::Range>*;

  explicit Reporter(diag::Diagnostics& out) : out_(out), errors_before_(out.errors()) {}

  // The reference serves to add labels and hints and is valid until the next emission.
  template <diag::Id id, typename... Arguments>
  diag::Diagnostic& emit(source::Range range, Levels levels, const Arguments&... arguments) {
    static_assert(diag::placeholders(diag::row(id).text) == sizeof...(Arguments),
                  "arguments do not match the catalogue row");
    return add({id, range, diag::fill(diag::row(id).text, {diag::argument_text(arguments)...}), {}, {}, {}}, levels);
  }
  diag::Diagnostic& add(diag::Diagnostic diagnostic, Levels levels);
  // Takes over what a builtin's hook or another pass wrote.
  void add_all(const diag::Diagnostics& diagnostics, Levels levels);

  void mute(bool muted) { muted_ = muted; }
  // Warnings located in this buffer are dropped: the user can do nothing about the embedded library.
  void add_library(source::BufferId buffer) { library_.insert(buffer.value); }
  // Whether sema has found no error so far; those of earlier stages do not count.
  bool ok() const { return out_.errors() == errors_before_; }

 private:
  diag::Diagnostics& out_;
  size_t errors_before_;
  diag::Diagnostic spare_{};  // swallows labels and hints of what is not shown
  bool muted_ = false;
  std::set<uint32_t> library_;
  std::map<std::vector<uint32_t>, std::set<std::string>> seen_;  // texts by id and place
};

}  // namespace sonde::sema
