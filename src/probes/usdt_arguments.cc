// Parsing of argument strings, x86_64 in AT&T syntax and arm64.
#include "probes/usdt_arguments.h"

#include <elf.h>

#include <array>
#include <charconv>

namespace sonde::probes {
namespace {

struct Register {
  uint32_t offset = 0;  // into struct pt_regs
  uint32_t bytes = 8;   // how much of it the name means
};

// --- what both machines share ---------------------------------------------------------------------------------------------

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// A decimal or hexadecimal number with an optional sign.
std::optional<int64_t> take_number(std::string_view& text) {
  std::string_view rest = text;
  const bool negative = take(rest, "-");
  if (!negative) take(rest, "+");
  const int base = take(rest, "0x") ? 16 : 10;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, base);
  if (error != std::errc()) return std::nullopt;
  text = rest.substr(static_cast<size_t>(end - rest.data()));
  return static_cast<int64_t>(negative ? -value : value);
}

std::string_view take_word(std::string_view& text) {
  size_t end = 0;
  while (end < text.size() && (isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_')) ++end;
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

// "-4f": signed or not, bytes, floating point.
bool parse_size(std::string_view text, UsdtArgument& argument) {
  const auto size = take_number(text);
  if (!size) return false;
  const int64_t bytes = *size < 0 ? -*size : *size;
  argument.is_signed = *size < 0;
  argument.size = static_cast<uint32_t>(bytes);
  if (text == "f") {
    argument.kind = UsdtArgument::Kind::unusable;
    argument.problem = "it is a floating-point number";
    return true;
  }
  return text.empty() && (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8);
}

// The next argument: blanks inside brackets belong to it.
std::string_view take_argument(std::string_view& text) {
  const size_t first = text.find_first_not_of(' ');
  text.remove_prefix(first == text.npos ? text.size() : first);
  size_t end = 0;
  int depth = 0;
  for (; end < text.size() && (depth > 0 || text[end] != ' '); ++end) {
    if (text[end] == '(' || text[end] == '[') ++depth;
    if (text[end] == ')' || text[end] == ']') --depth;
  }
  const std::string_view argument = text.substr(0, end);
  text.remove_prefix(end);
  return argument;
}

// --- x86_64 -----------------------------------------------------------------------------------------------------------------

struct X86Register {
  std::array<std::string_view, 4> names;  // of all 8 bytes, the lower 4, 2, 1
  uint32_t offset;
};
// Offsets as in arch/x86/include/asm/ptrace.h.
constexpr X86Register kX86Registers[] = {
    {{"rip", "eip", "ip", ""}, 128},       {{"rax", "eax", "ax", "al"}, 80},      {{"rbx", "ebx", "bx", "bl"}, 40},
    {{"rcx", "ecx", "cx", "cl"}, 88},      {{"rdx", "edx", "dx", "dl"}, 96},      {{"rsi", "esi", "si", "sil"}, 104},
    {{"rdi", "edi", "di", "dil"}, 112},    {{"rbp", "ebp", "bp", "bpl"}, 32},     {{"rsp", "esp", "sp", "spl"}, 152},
    {{"r8", "r8d", "r8w", "r8b"}, 72},     {{"r9", "r9d", "r9w", "r9b"}, 64},     {{"r10", "r10d", "r10w", "r10b"}, 56},
    {{"r11", "r11d", "r11w", "r11b"}, 48}, {{"r12", "r12d", "r12w", "r12b"}, 24}, {{"r13", "r13d", "r13w", "r13b"}, 16},
    {{"r14", "r14d", "r14w", "r14b"}, 8},  {{"r15", "r15d", "r15w", "r15b"}, 0},
};

std::optional<Register> take_x86_register(std::string_view& text) {
  std::string_view rest = text;
  if (!take(rest, "%")) return std::nullopt;
  const std::string_view name = take_word(rest);
  if (name.empty()) return std::nullopt;
  for (const X86Register& candidate : kX86Registers) {
    for (size_t i = 0; i < candidate.names.size(); ++i) {
      if (candidate.names[i] != name) continue;
      text = rest;
      return Register{candidate.offset, 8u >> i};
    }
  }
  return std::nullopt;
}

// "(%rbx)", "(%rbx,%rcx,4)", "(,%rcx,4)" behind the displacement.
bool parse_x86_address(std::string_view text, UsdtArgument& argument) {
  if (!take(text, "(")) return false;
  if (const auto base = take_x86_register(text)) argument.base = base->offset;
  if (take(text, ",")) {
    const auto index = take_x86_register(text);
    if (!index) return false;
    argument.index = index->offset;
    if (take(text, ",")) argument.scale = static_cast<uint32_t>(take_number(text).value_or(0));
  }
  const bool scaled = argument.scale == 1 || argument.scale == 2 || argument.scale == 4 || argument.scale == 8;
  return text == ")" && scaled && (argument.base || argument.index);
}

bool parse_x86_operand(std::string_view text, UsdtArgument& argument, const SymbolDistance& distance) {
  using Kind = UsdtArgument::Kind;
  if (take(text, "$")) {
    const auto value = take_number(text);
    argument.value = value.value_or(0);
    return value && text.empty();
  }
  if (text.starts_with("%")) {
    argument.kind = Kind::in_register;
    const auto found = take_x86_register(text);
    if (found) argument.base = found->offset;
    return found && text.empty();
  }
  argument.kind = Kind::memory;
  // "symbol+8(%rip)", "8+symbol(%rip)", "-8(%rbp)", "(%rax)"
  std::optional<int64_t> symbol;
  while (!text.empty() && !text.starts_with("(")) {
    if (const auto number = take_number(text)) {
      argument.value += *number;
      continue;
    }
    take(text, "+");
    const std::string_view name = take_word(text);
    if (name.empty() || symbol) return false;
    symbol = distance(name);
    if (!symbol) return false;
  }
  if (!parse_x86_address(text, argument)) return false;
  // The assembler means the place of the symbol, whatever the length of the instruction.
  if (symbol) argument.value += *symbol;
  return !symbol || text == "(%rip)";
}

// --- arm64 ------------------------------------------------------------------------------------------------------------------

constexpr uint32_t kArm64StackPointer = 31;  // regs[31], sp

std::optional<Register> take_arm64_register(std::string_view& text) {
  std::string_view rest = text;
  const std::string_view name = take_word(rest);
  if (name.size() < 2) return std::nullopt;
  Register found;
  found.bytes = name[0] == 'w' ? 4 : 8;
  if (name == "sp" || name == "wsp") {
    found.offset = kArm64StackPointer * 8;
  } else if (name[0] == 'x' || name[0] == 'w') {
    std::string_view digits = name.substr(1);
    const auto number = take_number(digits);
    if (!number || !digits.empty() || *number < 0 || *number >= kArm64StackPointer) return std::nullopt;
    found.offset = static_cast<uint32_t>(*number) * 8;
  } else {
    return std::nullopt;
  }
  text = rest;
  return found;
}

void skip_blanks(std::string_view& text) {
  while (take(text, " ")) {
  }
}

// "sp]", "x0, 16]", "x0, x1]", "x0, x1, lsl 3]", "x0, w1, sxtw 2]" behind the bracket.
bool parse_arm64_address(std::string_view text, UsdtArgument& argument) {
  const auto base = take_arm64_register(text);
  if (!base || base->bytes != 8) return false;
  argument.base = base->offset;
  if (!take(text, ",")) return text == "]";
  skip_blanks(text);
  take(text, "#");
  if (const auto index = take_arm64_register(text)) {
    argument.index = index->offset;
    argument.index_bytes = index->bytes;
    if (take(text, ",")) {
      skip_blanks(text);
      const std::string_view how = take_word(text);
      if (how != "lsl" && how != "uxtw" && how != "sxtw" && how != "sxtx") return false;
      argument.index_signed = how[0] == 's';
      skip_blanks(text);
      take(text, "#");
      const int64_t shift = text == "]" ? 0 : take_number(text).value_or(-1);
      if (shift < 0 || shift > 4) return false;
      argument.scale = 1u << shift;
    }
    return text == "]";
  }
  const auto value = take_number(text);
  argument.value = value.value_or(0);
  return value && text == "]";
}

bool parse_arm64_operand(std::string_view text, UsdtArgument& argument) {
  using Kind = UsdtArgument::Kind;
  if (take(text, "[")) {
    argument.kind = Kind::memory;
    return parse_arm64_address(text, argument);
  }
  if (const auto found = take_arm64_register(text)) {
    argument.kind = Kind::in_register;
    argument.base = found->offset;
    return text.empty();
  }
  if (text == "xzr" || text == "wzr") return true;
  take(text, "#");
  const auto value = take_number(text);
  argument.value = value.value_or(0);
  return value && text.empty();
}

UsdtArgument parse_argument(std::string_view text, UsdtMachine machine, const SymbolDistance& distance) {
  UsdtArgument argument;
  const UsdtArgument blank = argument;
  const size_t at = text.find('@');
  bool good = at != text.npos && parse_size(text.substr(0, at), argument);
  if (argument.kind == UsdtArgument::Kind::unusable) return argument;
  if (good) {
    const std::string_view operand = text.substr(at + 1);
    switch (machine) {
      case UsdtMachine::x86_64: good = parse_x86_operand(operand, argument, distance); break;
      case UsdtMachine::arm64: good = parse_arm64_operand(operand, argument); break;
    }
  }
  if (good) return argument;
  argument = blank;
  argument.kind = UsdtArgument::Kind::unusable;
  argument.problem = "its place `" + std::string(text) + "` is not understood";
  return argument;
}

}  // namespace

std::optional<UsdtMachine> usdt_machine(uint16_t elf_machine) {
  if (elf_machine == EM_X86_64) return UsdtMachine::x86_64;
  if (elf_machine == EM_AARCH64) return UsdtMachine::arm64;
  return std::nullopt;
}

std::vector<UsdtArgument> parse_usdt_arguments(std::string_view text, UsdtMachine machine,
                                               const SymbolDistance& distance) {
  std::vector<UsdtArgument> arguments;
  for (;;) {
    const std::string_view one = take_argument(text);
    if (one.empty()) return arguments;
    arguments.push_back(parse_argument(one, machine, distance));
  }
}

}  // namespace sonde::probes
