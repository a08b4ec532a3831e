// The C preprocessor: conditionals, macros of both kinds, #include, #pragma once and pack. It reads what it is given piece
// by piece and keeps its macros, so that they can be asked for afterwards.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cdef/headers.h"
#include "cdef/token.h"
#include "diag/diagnostic.h"
#include "source/source_buffer.h"

namespace sonde::cdef {

struct Macro {
  bool function_like = false;
  bool variadic = false;
  std::vector<std::string_view> parameters;
  std::vector<Token> body;
};

class Preprocessor {
 public:
  Preprocessor(source::SourceSet& sources, const HeaderSearch& headers, bool has_btf)
      : sources_(sources), headers_(headers), has_btf_(has_btf) {}

  // Appends the tokens of `pieces`, read as one file, to `out`: what is wrong goes to `diagnostics`. A piece that is no
  // directive is one declaration, and gets its `;` where the language lets scripts leave it out. `folder`: where
  // "..." includes of the pieces begin.
  void run(const std::vector<source::Range>& pieces, const std::string& folder, diag::Diagnostics& diagnostics,
           std::vector<Token>& out);

  // Null: no such macro. Stays valid until the next run.
  const Macro* find(std::string_view name) const;
  // The body of an object-like macro, expanded as far as it goes.
  std::vector<Token> expand_object(std::string_view name);
  // Names of all macros.
  std::vector<std::string_view> names() const;
  // Whether any header was read.
  bool has_headers() const { return !loaded_.empty(); }
  // Is the text of this buffer a header that the user does not own? Is it one of the kernel's source tree?
  bool is_system(source::BufferId buffer) const { return system_.contains(buffer.value); }
  bool is_kernel(source::BufferId buffer) const { return kernel_.contains(buffer.value); }
  bool has_kernel_headers() const { return kernel_prepared_; }
  // Text that the user did not write.
  void trust(source::BufferId buffer) { system_.insert(buffer.value); }

 private:
  struct File {
    std::vector<Token> tokens;
    Includer origin;
    size_t place = 0;
    bool user() const { return !origin.system; }
  };
  struct Condition {
    source::Range range;
    bool taken = false;   // some branch was
    bool active = false;  // this branch is
    bool outer = true;    // the text around it is read
    bool had_else = false;
  };

  void file(const File& file, std::vector<Token>& out);
  bool conditional(std::string_view name, const std::vector<Token>& line, std::vector<Condition>& open);
  void directive(const File& file, const std::vector<Token>& line, std::vector<Token>& out);
  bool evaluate(const std::vector<Token>& line);
  bool condition_value(const std::vector<Token>& line);
  std::vector<Token> answer_tests(std::vector<Token> line);
  Token tested(std::vector<Token>& line, size_t& at);
  void define(const std::vector<Token>& line);
  bool read_parameters(const std::vector<Token>& line, size_t& at, Macro& macro);
  void include(const File& from, const std::vector<Token>& line, bool next, std::vector<Token>& out);
  void read_builtin(const std::string& name, std::string_view text, bool kernel, std::vector<Token>& out);
  void prepare_kernel(std::vector<Token>& out);
  void missing_header(const std::string& name, source::Range range);
  void pragma(const std::vector<Token>& line, std::vector<Token>& out);

  std::vector<Token> expand(std::vector<Token> input);
  using Arguments = std::vector<std::vector<Token>>;
  // Takes `( ... )` off the end of the reversed list; false: not closed.
  static bool take_arguments(std::vector<Token>& todo, const Macro& macro, Arguments& arguments);
  std::vector<Token> substitute(const Macro& macro, const Arguments& arguments);
  bool expand_builtin(const Token& token, std::vector<Token>& todo, std::vector<Token>& out);
  Token paste(const Token& left, const Token& right);
  Token stringify(const std::vector<Token>& tokens, const Token& at);
  std::string_view store(std::string text);

  source::SourceSet& sources_;
  const HeaderSearch& headers_;
  bool has_btf_;
  diag::Diagnostics* diagnostics_ = nullptr;
  std::unordered_map<std::string_view, Macro> macros_;
  std::unordered_map<std::string, File> loaded_;
  std::set<std::string> once_;
  std::unordered_set<uint32_t> system_, kernel_;
  bool kernel_prepared_ = false;
  std::deque<std::string> texts_;
  std::deque<Hidden> hidden_;
  std::string current_path_;
  Includer here_;                      // the file that is read
  std::vector<source::Range> levels_;  // the #include lines around what is read, outermost first
  size_t expansions_ = 0;
  uint32_t counter_ = 0;  // __COUNTER__
  bool exhausted_ = false;
  int depth_ = 0;
};

// The text of a list of tokens, blanks where the source had some.
std::string spelled(const std::vector<Token>& tokens);

}  // namespace sonde::cdef
