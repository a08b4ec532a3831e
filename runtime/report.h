// Plain lines for the user outside of program output: errors, warnings, hints, -v messages. All go to one sink.
#pragma once

#include <string>
#include <string_view>

#include "image/image.h"
#include "runtime/load.h"
#include "runtime/print/printer.h"

namespace sonde::runtime {

class Report {
 public:
  Report(print::Sink& sink, bool color, bool verbose, bool no_warnings)
      : sink_(sink), color_(color), verbose_(verbose), no_warnings_(no_warnings) {}

  bool verbose() const { return verbose_; }
  void error(std::string_view text);
  void warning(std::string_view text);  // dropped with --no-warnings
  void hint(std::string_view text);
  void notice(std::string_view text);  // a plain line
  void detail(std::string_view text);  // only with -v
  // A probe that cannot be attached because of `reason`, by config missing_probes. False: the run must end.
  bool missing_probe(const image::Image& image, const std::string& probe, std::string_view reason);
  // What the kernel objected to, with the place in the script, the verifier's words and what to try.
  void load_error(const image::Image& image, const LoadError& error);

 private:
  void line(std::string_view prefix, std::string_view color, std::string_view text);

  print::Sink& sink_;
  bool color_;
  bool verbose_;
  bool no_warnings_;
};

}  // namespace sonde::runtime
