// Results of clang from earlier runs: an entry holds as long as neither the compiler nor any file it read has changed.
// Only this user's own folder is trusted: what is kept there may be loaded into the kernel. It is bounded: entries that were
// not used for longest go first.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "compile/clang.h"

namespace sonde::compile {

class ClangCache {
 public:
  // The result of the command line `words`, the first of which is the compiler's path, in the folder at hand, with `text` as
  // its input; empty: its input is a file.
  ClangCache(const std::vector<std::string>& words, const std::string& text);

  std::optional<ClangOutput> find() const;
  // Keeps a good result. `rule`: the files it was made from, as clang's -MD writes them. What cannot be written is not kept.
  void keep(const ClangOutput& output, const std::string& rule) const;

 private:
  bool reads_text_;
  base::Fd folder_;   // not valid: there is none to trust
  std::string name_;  // of the entry
};

}  // namespace sonde::compile
