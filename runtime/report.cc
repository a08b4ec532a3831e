// Wording and prefixes of cli.md 12; layout of load errors of language.md 20.
#include "runtime/report.h"

#include <cstring>

#include "runtime/print/messages.h"

namespace sonde::runtime {
namespace {

constexpr std::string_view kRed = "\033[31m";
constexpr std::string_view kYellow = "\033[33m";
constexpr std::string_view kReset = "\033[0m";

std::string code_text(int code) { return "-" + std::to_string(code) + " (" + std::strerror(code) + ")"; }

// The one sentence that stands without the log.
std::string headline(const LoadError& error, bool verbose) {
  if (!error.program.valid() || error.log.empty())
    return error.code == 0 ? error.what : error.what + ". Error code: " + code_text(error.code) + ".";
  std::string text = error.what + ". Error code: " + code_text(error.code) + ".";
  if (verbose)
    text += " Kernel error log: \n" + error.log;
  else
    text += " Use -v for full kernel error log.";
  return text;
}

}  // namespace

void Report::line(std::string_view prefix, std::string_view color, std::string_view text) {
  std::string out;
  if (color_) out += color;
  out += prefix;
  out += text;
  if (color_ && !color.empty()) out += kReset;
  if (!text.ends_with('\n')) out += '\n';
  sink_.write(out);
  sink_.flush();
}

void Report::error(std::string_view text) { line("ERROR: ", kRed, text); }

void Report::warning(std::string_view text) {
  if (!no_warnings_) line("WARNING: ", kYellow, text);
}

void Report::hint(std::string_view text) { line("HINT: ", "", text); }

void Report::notice(std::string_view text) { line("", "", text); }

void Report::detail(std::string_view text) {
  if (verbose_) line("", "", text);
}

bool Report::missing_probe(const image::Image& image, const std::string& probe, std::string_view reason) {
  const std::string& mode = image.config.missing_probes;
  if (mode == "ignore") return true;
  if (mode == "warn") {
    warning(reason);
    warning("Unable to attach probe: " + probe + ". Skipping.");
    return true;
  }
  error(reason);
  error("Unable to attach probe: " + probe +
        ". If this is expected, set the 'missing_probes' config variable to 'warn'.");
  return false;
}

void Report::load_error(const image::Image& image, const LoadError& error) {
  if (error.missing_target) {
    missing_probe(image, image.programs[error.program.value].probe_name, error.what);
    return;
  }
  this->error(headline(error, verbose_));
  if (error.log_trimmed)
    warning("The kernel's log was cut off: it is longer than SONDE_LOG_SIZE (" + std::to_string(image.config.log_size) +
            " bytes).");
  const Rejection& rejection = error.rejection;
  if (!rejection.words.empty()) {
    std::string out;
    const std::string_view said = rejection.is_verdict ? "the kernel's verifier says: " : "";
    print::append_located(out, image, rejection.span, true, std::string(said) + rejection.words, color_);
    sink_.write(out);
  }
  if (!rejection.hint.empty()) {
    hint(rejection.hint);
    return;
  }
  switch (error.code) {
    case EPERM:
    case EACCES:
      if (rejection.words.empty())
        hint(
            "loading BPF programs needs CAP_BPF and CAP_PERFMON (or root); a locked-down kernel refuses some program "
            "types "
            "to everyone: fentry, fexit and kprobe programs first, while tracepoint, rawtracepoint, uprobe, profile "
            "and "
            "interval probes may remain");
      break;
    case E2BIG: hint("a value, key or map is larger than the kernel allows; lower max_strlen or the map's size"); break;
    case ENOMEM: hint("the kernel has too little memory for the maps; lower max_map_keys or perf_rb_pages"); break;
    default: break;
  }
}

}  // namespace sonde::runtime
