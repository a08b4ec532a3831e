// tracefs, /proc and /sys as text. Formats: Documentation/trace/events.rst of the kernel.
#include "kernel/kernel_text.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>

#include "base/fd.h"

namespace sonde::kernel {
namespace {

constexpr std::string_view kBlank = " \t";

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

template <typename Number>
std::optional<Number> number(std::string_view text, int radix = 10) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, radix);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Value of "KEY:VALUE;" in a format line.
std::string_view column(std::string_view line, std::string_view key) {
  const size_t at = line.find(key);
  if (at == std::string_view::npos) return {};
  const size_t begin = at + key.size();
  return line.substr(begin, line.find(';', begin) - begin);
}

bool is_word(char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)); }

// Splits "unsigned long args[6]" into type, name and array length.
void split_declaration(TracepointField& field) {
  std::string_view text = field.text;
  constexpr std::string_view kDataLoc = "__data_loc ";
  if (text.starts_with(kDataLoc)) {
    field.data_loc = true;
    text.remove_prefix(kDataLoc.size());
  } else if (text.ends_with(']')) {
    const size_t bracket = text.rfind('[');
    if (bracket == std::string_view::npos) return;
    const std::string_view length = text.substr(bracket + 1, text.size() - bracket - 2);
    field.array_length = number<uint32_t>(length).value_or(0);
    text = text.substr(0, bracket);
  }
  size_t begin = text.size();
  while (begin > 0 && is_word(text[begin - 1])) --begin;
  field.name = text.substr(begin);
  field.type_text = trimmed(text.substr(0, begin));
}

std::optional<TracepointField> parse_field(std::string_view line) {
  TracepointField field;
  field.text = column(line, "field:");
  const auto offset = number<uint32_t>(column(line, "offset:"));
  const auto size = number<uint32_t>(column(line, "size:"));
  if (field.text.empty() || !offset || !size) return std::nullopt;
  field.offset = *offset;
  field.size = *size;
  field.is_signed = column(line, "signed:") == "1";
  split_declaration(field);
  if (field.name.empty()) return std::nullopt;
  return field;
}

}  // namespace

bool must_not_trace(std::string_view name) {
  return name == "arch_cpu_idle" || name == "default_idle" || name == "bpf_dispatcher_xdp_func" ||
         name.starts_with("__ftrace_invalid_address__") || name.starts_with("rcu_");
}

Result<std::string> read_text(const std::string& path) {
  const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return base::fail_errno("open " + path);
  std::string text;
  std::array<char, 65536> chunk;
  for (;;) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail_errno("read " + path);
    if (got == 0) return text;
    text.append(chunk.data(), static_cast<size_t>(got));
  }
}

std::vector<std::string_view> lines(std::string_view text) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end != 0) result.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return result;
}

TracepointFormat parse_format(std::string_view text) {
  TracepointFormat format;
  // The fields that all events share come first; an empty line ends them.
  bool common = true;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.starts_with("ID: ")) {
      format.id = number<uint64_t>(trimmed(line.substr(4))).value_or(0);
    } else if (trimmed(line).starts_with("field:")) {
      if (auto field = parse_field(line)) {
        field->common = common;
        format.fields.push_back(std::move(*field));
      }
    } else if (line.empty() && !format.fields.empty()) {
      common = false;
    }
  }
  return format;
}

std::vector<std::string> parse_traceable(std::string_view text) {
  std::vector<std::string> names;
  for (const std::string_view line : lines(text)) {
    const size_t blank = line.find_first_of(kBlank);
    const std::string_view name = line.substr(0, blank);
    if (must_not_trace(name)) continue;
    const std::string_view rest = blank == std::string_view::npos ? std::string_view() : trimmed(line.substr(blank));
    const bool in_module = rest.starts_with('[') && rest.ends_with(']');
    const std::string_view module = in_module ? rest.substr(1, rest.size() - 2) : "vmlinux";
    names.push_back(std::string(module).append(":").append(name));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Result<uint64_t> kallsyms_address(std::string_view text, std::string_view name) {
  // "ffffffff81000000 T _text" or, in a module, "... t f\t[module]".
  const std::string framed = " " + std::string(name);
  for (size_t at = text.find(framed); at != std::string_view::npos; at = text.find(framed, at + 1)) {
    const size_t after = at + framed.size();
    if (after < text.size() && text[after] != '\n' && text[after] != '\t') continue;
    const size_t begin = text.rfind('\n', at) + 1;  // npos + 1 is the beginning
    const std::string_view line = text.substr(begin, at - begin);
    const auto address = number<uint64_t>(line.substr(0, line.find(' ')), 16);
    if (!address) continue;
    if (*address == 0) return base::fail("/proc/kallsyms hides addresses (kernel.kptr_restrict)");
    return *address;
  }
  return base::fail("no kernel symbol " + std::string(name));
}

uint32_t count_cpus(std::string_view list) {
  uint32_t count = 0;
  list = trimmed(list.substr(0, list.find('\n')));
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view range = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    const size_t dash = range.find('-');
    const auto first = number<uint32_t>(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number<uint32_t>(range.substr(dash + 1));
    if (first && last && *last >= *first) count += *last - *first + 1;
  }
  return count;
}

namespace {

// BTF's spelling of a C integer type given as any order of its words; empty when `words` are not such a type.
std::string integer_spelling(const std::vector<std::string_view>& words) {
  unsigned longs = 0;
  bool is_unsigned = false, is_signed = false, is_short = false, is_char = false, any_int = false;
  for (const std::string_view word : words) {
    if (word == "long")
      ++longs;
    else if (word == "unsigned")
      is_unsigned = true;
    else if (word == "signed")
      is_signed = true;
    else if (word == "short")
      is_short = true;
    else if (word == "char")
      is_char = true;
    else if (word == "int")
      any_int = true;
    else
      return {};
  }
  const std::string sign = is_unsigned ? "unsigned " : "";
  if (is_char) return is_signed ? "signed char" : sign + "char";
  if (is_short) return "short " + sign + "int";
  if (longs) return std::string(longs > 1 ? "long long " : "long ") + sign + "int";
  if (any_int || is_signed || is_unsigned) return sign + "int";
  return {};
}

types::TypeRef named_type(const KernelView& kernel, const std::vector<std::string_view>& words) {
  if (words.empty()) return nullptr;
  const std::string_view first = words.front();
  if (words.size() == 2 && (first == "struct" || first == "union" || first == "enum"))
    return kernel.find_type(first, words[1]);
  if (words.size() == 1 && first == "void") return kernel.types().void_type();
  if (words.size() == 1 && first == "bool") return kernel.types().integer(1, false);
  if (const std::string spelling = integer_spelling(words); !spelling.empty()) return kernel.find_type("", spelling);
  return words.size() == 1 ? kernel.find_type("", first) : nullptr;
}

// Length of an attribute at the start of `text`, parentheses included.
size_t attribute_length(std::string_view text) {
  size_t depth = 0;
  for (size_t i = text.find('('); i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth == 0) return i + 1;
  }
  return text.size();
}

}  // namespace

types::TypeRef type_from_text(const KernelView& kernel, std::string_view text) {
  std::vector<std::string_view> words;
  unsigned pointers = 0;
  bool user = false;
  while (!(text = trimmed(text)).empty()) {
    size_t length = 1;
    if (text.front() == '*') {
      ++pointers;
    } else if (is_word(text.front())) {
      while (length < text.size() && is_word(text[length])) ++length;
      const std::string_view word = text.substr(0, length);
      if (word == "__attribute__") {
        length = attribute_length(text);
        user = user || text.substr(0, length).find("\"user\"") != std::string_view::npos;
      } else if (word != "const" && word != "volatile" && word != "__seg_gs" && word != "__user") {
        words.push_back(word);
      } else {
        user = user || word == "__user";
      }
    } else {
      return kernel.types().none();
    }
    text.remove_prefix(length);
  }
  types::TypeContext& context = kernel.types();
  types::TypeRef type = named_type(kernel, words);
  // An address is an address, even when nothing is known of what it points to.
  if (!type && pointers) type = context.void_type();
  if (!type) return context.none();
  for (unsigned i = 0; i < pointers; ++i)
    type = context.pointer(type, user && i + 1 == pointers ? types::Space::user : types::Space::kernel);
  return type->kind == types::Kind::void_type ? context.none() : type;
}

}  // namespace sonde::kernel
