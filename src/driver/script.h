// What every mode of the driver needs: the script's text, the environment, and the console for messages.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "compile/compile.h"
#include "driver/options.h"
#include "kernel/kernel_view.h"

namespace sonde::driver {

// Lines outside of program output, on standard error.
class Console {
 public:
  explicit Console(bool color) : color_(color) {}
  bool color() const { return color_; }
  void error(const std::string& text) const;
  void warning(const std::string& text) const;

 private:
  bool color_;
};

// The variables that configure sonde, with their prefix.
std::vector<std::pair<std::string, std::string>> environment();

// The running kernel as options and environment want it seen. Null: the user has been told why not.
std::unique_ptr<kernel::KernelView> open_kernel(types::TypeContext& types, const Options& options,
                                                const Console& console);

struct Script {
  std::string name;  // for messages
  std::string text;  // ends with a newline unless empty
  std::string root;  // folder that imports are relative to; empty: the working directory
};

// Reads -e, a file or standard input to its end.
Result<Script> read_script(const Options& options);

// Prints errors first, then warnings. A successful compilation's warnings go to standard error too: standard output belongs
// to the program.
void print_diagnostics(const compile::Compilation& compilation, const Options& options, const Console& console);

}  // namespace sonde::driver
