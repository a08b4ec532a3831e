// Folded stacks: `root;...;leaf weight`, what flame graph tools read.
#include <algorithm>

#include "runtime/print/formats.h"
#include "runtime/print/notices.h"
#include "runtime/print/stack_map.h"

namespace sonde::print {
namespace {

class FoldedPrinter : public StackPrinter {
 public:
  using StackPrinter::StackPrinter;

  void map(const value::MapValue& map) override {
    std::string line;
    for (const WeightedStack& stack : weighted_stacks(map)) {
      line.clear();
      for (std::string frame : stack.frames) {
        std::ranges::replace_if(frame, [](char c) { return c == ';' || c == '\n'; }, ':');
        line += line.empty() ? frame : ";" + frame;
      }
      context_.out.write(line + " " + std::to_string(stack.weight) + "\n");
    }
  }
};

}  // namespace

std::unique_ptr<Printer> make_folded_printer(const PrintContext& context) {
  return std::make_unique<FoldedPrinter>(context);
}

}  // namespace sonde::print
