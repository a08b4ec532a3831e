// Layouts, bytes and merged cells as text, so that goldens cover the way from a record to its output.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "image/image.h"
#include "runtime/print/printer.h"
#include "tests/golden_tool/print_reader.h"

namespace sonde::golden {

// Lines that build on an image:
//   type KIND SIZE [signed] [of ID] [x COUNT] [mode MODE] [text] [members: a:ID@OFFSET or a:ID@OFFSET.BIT:BITS]
//        [variants: NAME=VALUE]        appends layout 0, 1, ...; KIND as in image/type_table.h, MODE symbols perf raw build_id
//   string "text"                      appends string 0, 1, ... (formats of times, cgroup filters)
//   trailer "text"                     trailer of truncated strings
//   decode ID HEX                      prints the value of these bytes
//   format "text" [ID HEX]...          prints a printf line
//   aggregate NAME VIEW SIGN [BITS | MIN MAX STEP] : NUMBER...   prints a scalar map with this merged cell;
//        VIEW: scalar ratio stats log2 linear, SIGN: signed unsigned
class Layouts {
 public:
  Layouts(print::Printer& printer, image::Image& image) : printer_(printer), image_(image) {}
  // Handles the line if its verb is one of these.
  bool line(std::string_view verb, Reader& in);

 private:
  void type(Reader& in);
  void decode(Reader& in);
  void format(Reader& in);
  void aggregate(Reader& in);

  print::Printer& printer_;
  image::Image& image_;
};

}  // namespace sonde::golden
