// The compiler as a list of passes: source text in, image out. No root, no libbpf; kernel facts come through a
// KernelView.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ast/ast.h"
#include "base/result.h"
#include "compile/c_section.h"
#include "compile/imports.h"
#include "diag/diagnostic.h"
#include "image/image.h"
#include "kernel/binary_view.h"
#include "kernel/kernel_view.h"
#include "sema/config.h"
#include "sema/sema.h"
#include "sema/typed_program.h"
#include "source/source_buffer.h"

namespace sonde::compile {

// How far to go. Each stage implies those before it.
enum class Stage : uint8_t { parse, sema, plan, lower };

// Gets the name of each pass that ended, and the time that it took.
using PassTimer = std::function<void(std::string_view pass, std::chrono::nanoseconds time)>;

struct Options {
  std::vector<std::string> positional;                           // $1, $2, ...
  std::vector<std::pair<std::string, std::string>> environment;  // for configuration keys
  std::optional<int> pid;                                        // -p, or the child of -c
  bool pid_filter = false;                                       // -p: kernel probes test the pid
  bool has_child = false;                                        // -c
  std::vector<std::string> include_dirs;                         // -I
  std::vector<std::string> includes;                             // --include
  std::string import_root;  // folder of the root script; empty: the working directory
  std::string cgroup;       // --cgroup: folder of a cgroup; empty: everywhere
  bool unsafe = false;
  bool portable = false;  // for other kernels than this one
  bool runtime_warnings = false;
  bool verify_ir = false;
  bool want_ir = false;
  bool ask_clang = true;  // about C definitions that our own reader refuses
  PassTimer on_pass = {};
};

// One compilation. Owns everything that its results point to.
class Compilation {
 public:
  Compilation(const kernel::KernelView& kernel, const kernel::BinaryView& binaries, Options options);
  ~Compilation();

  // Compiles `text`, known to messages as `name`. False when a stage reported errors; diagnostics() and failure() say
  // why.
  bool run(const std::string& name, const std::string& text, Stage last = Stage::lower);

  const diag::Diagnostics& diagnostics() const { return diagnostics_; }
  const source::SourceSet& sources() const { return sources_; }
  // What went wrong outside the script: a bad environment variable, or a limit of the target. Empty otherwise.
  const std::string& failure() const { return failure_; }
  bool bad_environment() const { return bad_environment_; }
  // Were the errors in C definitions? They have an exit code of their own.
  bool bad_c() const { return bad_c_; }

  const ast::Program& tree() const { return *tree_; }
  const sema::TypedProgram& typed() const { return *typed_; }
  const image::Image& image() const { return image_; }
  void set_object(std::vector<std::byte> object) { image_.object = std::move(object); }
  // Objects that the image's own object calls into and has to be linked with before it is loaded.
  std::vector<std::pair<std::string, std::span<const char>>> c_objects() const { return c_objects_.elf(); }
  const std::string& ir_before() const { return ir_before_; }
  const std::string& ir_after() const { return ir_after_; }

 private:
  template <typename Pass>
  bool timed(std::string_view name, Pass pass);
  bool run_passes(const std::string& name, const std::string& text, Stage last);
  bool parse(const std::string& name, const std::string& text);
  bool configure();
  bool import();
  bool read_c();
  bool check();
  bool lower(Stage last);

  const kernel::KernelView& kernel_;
  const kernel::BinaryView& binaries_;
  Options options_;
  source::SourceSet sources_;
  ast::Arena arena_;
  diag::Diagnostics diagnostics_;
  sema::Config config_;
  const ast::Program* tree_ = nullptr;
  Imports imports_;
  CObjects c_objects_;
  std::vector<const ast::Program*> library_;
  std::unique_ptr<sema::TypedProgram> typed_;
  image::Image image_;
  std::string ir_before_, ir_after_;
  std::string failure_;
  bool bad_environment_ = false;
  bool bad_c_ = false;
  CSection c_section_;
};

}  // namespace sonde::compile
