// What verifiers say, and what to do about it.
#include "runtime/verifier_log.h"

#include <charconv>

namespace sonde::runtime {
namespace {

struct KnownWords {
  std::string_view part;  // of the verifier's last words
  std::string_view hint;
  std::string_view better = {};  // what to say instead of them
};

constexpr std::string_view kTooLongHint =
    "move parts of it into a second probe at the same place, write repeated statements as a loop, or test less in "
    "loops within "
    "loops";

// First match wins. Wordings of Linux 5.15 to 6.18.
constexpr KnownWords kKnownWords[] = {
    {"infinite loop detected",
     "the kernel cannot see that the loop ends; use `for ($i : 0..N)` or count the iterations against a constant"},
    {"back-edge", "this kernel accepts no loop of this form; use `for ($i : 0..N)` or `unroll(N)`"},
    {"unknown opcode 06", kTooLongHint,
     "a jump in this probe is longer than 32767 instructions, which kernels before 6.6 do not know"},
    {"16-bit range", kTooLongHint, "the probe is too long for the kernel: a jump in it reaches too far"},
    {"BPF program is too large", kTooLongHint,
     "the probe is too complex for the kernel: its verifier, which tries all ways through a program, gave up here "
     "after a "
     "million steps"},
    {"too complex", kTooLongHint,
     "the probe is too complex for the kernel: its verifier met more than 8192 branches on one way through it"},
    {"too many states", kTooLongHint,
     "the probe is too complex for the kernel: its verifier found too many ways through it"},
    {"combined stack size",
     "the stack is too large; move scratch variables into maps or set a lower on_stack_limit (e.g. `config = { "
     "on_stack_limit=16 }`)"},
    {"stack depth",
     "the stack is too large; move scratch variables into maps or set a lower on_stack_limit (e.g. `config = { "
     "on_stack_limit=16 }`)"},
    {"cannot use helper", "this kernel does not offer the helper to this probe type; try another provider"},
    {"unknown func", "this kernel does not offer the helper to this probe type; try another provider"},
    {"helper call is not allowed", "this kernel does not offer the helper to this probe type; try another provider"},
    {"_or_null", "the pointer may be null here; test it before reading through it, e.g. `if ($p != 0) { ... }`"},
    {"mem_or_null", "the pointer may be null here; test it before reading through it, e.g. `if ($p != 0) { ... }`"},
    {"invalid mem access 'scalar'",
     "a plain number is used as a pointer; cast it to a pointer type and read it with `kptr()` or `uptr()`"},
    {"invalid mem access 'inv'",
     "a plain number is used as a pointer; cast it to a pointer type and read it with `kptr()` or `uptr()`"},
    {"invalid bpf_context access", "the probe has no such argument; `-lv` lists the arguments it has"},
    {"outside of the allowed memory range", "an index may leave its array; test it against the array's size first"},
    {"unbounded memory access",
     "a length has no upper bound the kernel can see; limit it, e.g. with `%` or a constant"},
    {"min value is negative", "a length or index may be negative; make it unsigned or test it first"},
    {"GPL", "the helper is for programs with a GPL-compatible license; set `config = { license = \"GPL\" }`"},
};

bool is_statistic(std::string_view line) {
  for (const std::string_view start : {"processed ", "verification time ", "stack depth ", "peak_states ", "mark_read ",
                                       "max_states_per_insn", "total_states"})
    if (line.starts_with(start)) return true;
  return false;
}

// "12: (85) call ..." and "from 3 to 7: ..." are the verifier's trace, not its opinion.
bool is_trace(std::string_view line) {
  if (line.starts_with(';') || line.starts_with("from ")) return true;
  const size_t digits = line.find_first_not_of("0123456789");
  return digits != 0 && digits != std::string_view::npos && line[digits] == ':';
}

}  // namespace

Rejection explain_rejection(const image::Image& image, std::string_view log) {
  Rejection rejection;
  while (!log.empty()) {
    const size_t end = log.find('\n');
    const std::string_view line = log.substr(0, end);
    log.remove_prefix(end == std::string_view::npos ? log.size() : end + 1);
    if (line.starts_with("; #")) {
      uint32_t span = 0;
      const auto [rest, error] = std::from_chars(line.data() + 3, line.data() + line.size(), span);
      if (error == std::errc() && span < image.spans.size()) rejection.span = {span};
    } else if (!line.empty() && !is_statistic(line) && !is_trace(line)) {
      rejection.words = line;
    }
  }
  for (const KnownWords& known : kKnownWords) {
    if (rejection.words.find(known.part) == std::string::npos) continue;
    rejection.hint = known.hint;
    rejection.is_verdict = known.better.empty();
    if (!known.better.empty()) rejection.words = known.better;
    break;
  }
  return rejection;
}

}  // namespace sonde::runtime
