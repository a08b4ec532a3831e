// Rust's symbol names, version 0: RFC 2603 with the constants that were added later ("Symbol Mangling" in the rustc book).
// A recursive descent that writes as it reads; what a name refers back to is read again where it is referred to.
#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/demangle.h"
#include "base/unicode.h"

namespace sonde::base {
namespace {

// A reference back costs a few characters and may stand for all that came before it: names can grow without bound.
constexpr size_t kLongest = 32 * 1024;
constexpr int kDeepest = 200;
constexpr int kMostSteps = 100'000;

struct Identifier {
  uint64_t disambiguator = 0;
  std::string text;
};

const char* basic_type(char tag) {
  switch (tag) {
    case 'a': return "i8";
    case 'b': return "bool";
    case 'c': return "char";
    case 'd': return "f64";
    case 'e': return "str";
    case 'f': return "f32";
    case 'h': return "u8";
    case 'i': return "isize";
    case 'j': return "usize";
    case 'l': return "i32";
    case 'm': return "u32";
    case 'n': return "i128";
    case 'o': return "u128";
    case 'p': return "_";
    case 's': return "i16";
    case 't': return "u16";
    case 'u': return "()";
    case 'v': return "...";
    case 'x': return "i64";
    case 'y': return "u64";
    case 'z': return "!";
    default: return nullptr;
  }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

class Reader {
 public:
  // `text`: what follows "_R".
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<std::string> read() {
    path(true);
    // The crate that made this instance of something generic is not shown.
    if (is_upper(peek())) silently([&] { path(false); });
    if (failed_ || at_ != text_.size()) return std::nullopt;
    return std::move(out_);
  }

 private:
  // Counts nesting and work for as long as it lives.
  struct Step {
    explicit Step(Reader& owner) : reader(owner) {
      if (++reader.depth_ > kDeepest || ++reader.steps_ > kMostSteps) reader.failed_ = true;
    }
    ~Step() { --reader.depth_; }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    Reader& reader;
  };

  char peek() const { return !failed_ && at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  char next() {
    const char c = peek();
    if (c == '\0') {
      failed_ = true;
    } else {
      ++at_;
    }
    return c;
  }
  void print(std::string_view text) {
    if (quiet_ || failed_) return;
    out_ += text;
    if (out_.size() > kLongest) failed_ = true;
  }
  template <typename Body>
  void silently(Body body) {
    const bool before = quiet_;
    quiet_ = true;
    body();
    quiet_ = before;
  }
  // Reads items up to `E`, with `separator` between them. Returns their number.
  template <typename Item>
  int list(std::string_view separator, Item item) {
    int count = 0;
    while (!failed_ && !take('E')) {
      if (count++ > 0) print(separator);
      item();
    }
    return count;
  }

  uint64_t decimal() {
    if (!is_digit(peek())) failed_ = true;
    if (take('0')) return 0;
    uint64_t value = 0;
    while (is_digit(peek())) {
      value = value * 10 + static_cast<uint64_t>(next() - '0');
      if (value > text_.size()) failed_ = true;  // only lengths are written like this
    }
    return value;
  }

  // "_" is 0, "0_" is 1.
  uint64_t base62() {
    if (take('_')) return 0;
    uint64_t value = 0;
    while (!failed_ && !take('_')) {
      const char c = next();
      const int digit = is_digit(c) ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : is_upper(c) ? c - 'A' + 36 : -1;
      if (digit < 0 || value > (UINT64_MAX - 62) / 62) {
        failed_ = true;
        return 0;
      }
      value = value * 62 + static_cast<uint64_t>(digit);
    }
    return value + 1;
  }
  // 0 without the tag.
  uint64_t tagged_base62(char tag) { return take(tag) ? base62() + 1 : 0; }

  Identifier identifier() {
    Identifier out;
    out.disambiguator = tagged_base62('s');
    const bool is_punycode = take('u');
    const uint64_t length = decimal();
    take('_');
    if (failed_ || length > text_.size() - at_) {
      failed_ = true;
      return out;
    }
    const std::string_view bytes = text_.substr(at_, length);
    at_ += length;
    if (!is_punycode) {
      out.text = bytes;
    } else if (!decode_punycode(bytes, out.text)) {
      out.text = "punycode{" + std::string(bytes) + "}";
    }
    return out;
  }

  // Goes on where a name refers back to, then returns. Nothing is read again that nobody sees.
  template <typename Body>
  void back_reference(Body body) {
    const size_t from = at_ - 1;
    const uint64_t target = base62();
    if (failed_ || target >= from) {
      failed_ = true;
      return;
    }
    if (quiet_) return;
    const size_t after = at_;
    at_ = target;
    body();
    at_ = after;
  }

  // `is_value`: of a function or constant, whose generic arguments are set apart by "::".
  void path(bool is_value) {
    const Step step(*this);
    switch (next()) {
      case 'C': print(identifier().text); break;
      case 'N': nested(is_value); break;
      case 'M':
        implementation();
        print("<");
        type();
        print(">");
        break;
      case 'X': implementation(); [[fallthrough]];
      case 'Y':
        print("<");
        type();
        print(" as ");
        path(false);
        print(">");
        break;
      case 'I':
        path(is_value);
        print(is_value ? "::<" : "<");
        list(", ", [&] { generic_argument(); });
        print(">");
        break;
      case 'B': back_reference([&] { path(is_value); }); break;
      default: failed_ = true;
    }
  }

  // Where an implementation stands says less than what it implements.
  void implementation() {
    silently([&] {
      tagged_base62('s');
      path(false);
    });
  }

  void nested(bool is_value) {
    const char space = next();
    if (!is_upper(space) && (space < 'a' || space > 'z')) failed_ = true;
    path(is_value);
    const Identifier name = identifier();
    if (!is_upper(space)) {
      if (!name.text.empty()) print("::" + name.text);
      return;
    }
    print("::{");
    print(space == 'C' ? "closure" : space == 'S' ? "shim" : std::string_view(&space, 1));
    if (!name.text.empty()) print(":" + name.text);
    print("#" + std::to_string(name.disambiguator) + "}");
  }

  void generic_argument() {
    if (take('L')) {
      lifetime(base62());
    } else if (take('K')) {
      constant(false);
    } else {
      type();
    }
  }

  // Lifetimes are counted from the innermost binder outwards; 0 is erased.
  void lifetime(uint64_t index) {
    if (index == 0) return print("'_");
    if (index > bound_) {
      failed_ = true;
      return;
    }
    const uint64_t number = bound_ - index;
    const char letter = static_cast<char>('a' + number % 26);
    print(number < 26 ? std::string("'") + letter : "'_" + std::to_string(number));
  }

  // Reads `body` inside the binder that may stand here: "for<'a, 'b> ".
  template <typename Body>
  void binder(Body body) {
    const uint64_t count = tagged_base62('G');
    if (count > text_.size()) {
      failed_ = true;
      return;
    }
    bound_ += count;
    for (uint64_t i = 0; i < count; ++i) {
      print(i == 0 ? "for<" : ", ");
      lifetime(count - i);
    }
    if (count > 0) print("> ");
    body();
    bound_ -= count;
  }

  void type() {
    const Step step(*this);
    const char tag = next();
    if (const char* name = basic_type(tag)) return print(name);
    switch (tag) {
      case 'A':
      case 'S':
        print("[");
        type();
        if (tag == 'A') {
          print("; ");
          constant(true);
        }
        return print("]");
      case 'T': {
        print("(");
        const int count = list(", ", [&] { type(); });
        return print(count == 1 ? ",)" : ")");
      }
      case 'R':
      case 'Q':
        print("&");
        if (take('L'))
          if (const uint64_t index = base62()) {
            lifetime(index);
            print(" ");
          }
        print(tag == 'Q' ? "mut " : "");
        return type();
      case 'P':
      case 'O': print(tag == 'P' ? "*const " : "*mut "); return type();
      case 'F': return binder([&] { signature(); });
      case 'D':
        print("dyn ");
        binder([&] { list(" + ", [&] { bound(); }); });
        if (!take('L')) failed_ = true;
        if (const uint64_t index = base62()) {
          print(" + ");
          lifetime(index);
        }
        return;
      case 'B': return back_reference([&] { type(); });
      default: --at_; return path(false);
    }
  }

  void signature() {
    if (take('U')) print("unsafe ");
    if (take('K')) {
      std::string abi = take('C') ? "C" : identifier().text;
      for (char& c : abi)
        if (c == '_') c = '-';
      print("extern \"" + abi + "\" ");
    }
    print("fn(");
    list(", ", [&] { type(); });
    print(")");
    if (take('u')) return;  // returns nothing
    print(" -> ");
    type();
  }

  // A trait, whose associated types are shown among its generic arguments.
  void bound() {
    bool open = open_path();
    while (take('p')) {
      print(open ? ", " : "<");
      open = true;
      print(identifier().text + " = ");
      type();
    }
    if (open) print(">");
  }

  // A path without the `>` at its end; whether one is missing.
  bool open_path() {
    const Step step(*this);
    bool open = false;
    if (take('B')) {
      back_reference([&] { open = open_path(); });
    } else if (take('I')) {
      path(false);
      print("<");
      list(", ", [&] { generic_argument(); });
      open = true;
    } else {
      path(false);
    }
    return open;
  }

  // Digits up to `_`.
  std::string_view hexadecimal() {
    const size_t begin = at_;
    while (is_digit(peek()) || (peek() >= 'a' && peek() <= 'f')) ++at_;
    const std::string_view digits = text_.substr(begin, at_ - begin);
    if (!take('_')) failed_ = true;
    return digits;
  }

  void integer() {
    std::string_view digits = hexadecimal();
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
    uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    print(digits.size() > 16 ? "0x" + std::string(digits) : std::to_string(value));
  }

  void character() {
    const std::string_view digits = hexadecimal();
    uint64_t code = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (digits.size() > 8 || !is_scalar_value(code)) {
      failed_ = true;
      return;
    }
    print("'");
    quoted(static_cast<uint32_t>(code), '\'');
    print("'");
  }

  void quoted(uint32_t code, char quote) {
    if (code == '\n') return print("\\n");
    if (code == '\t') return print("\\t");
    std::string text;
    if (code == static_cast<uint32_t>(quote) || code == '\\') text += '\\';
    if (code < ' ' || code == 0x7f) {
      char number[16];
      text += "\\u{" + std::string(number, std::to_chars(number, number + sizeof number, code, 16).ptr) + "}";
    } else {
      append_utf8(text, code);
    }
    print(text);
  }

  // The bytes of a string, which are UTF-8 already.
  void literal() {
    const std::string_view digits = hexadecimal();
    if (digits.size() % 2 != 0) failed_ = true;
    print("\"");
    for (size_t i = 0; i + 1 < digits.size() && !failed_; i += 2) {
      unsigned byte = 0;
      std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
      if (byte < 0x80) {
        quoted(byte, '"');
      } else {
        const char plain = static_cast<char>(byte);
        print(std::string_view(&plain, 1));
      }
    }
    print("\"");
  }

  // `plain`: where an expression need not be set apart by braces.
  void constant(bool plain) {
    const Step step(*this);
    const char tag = next();
    const auto braced = [&](auto body) {
      print(plain ? "" : "{");
      body();
      print(plain ? "" : "}");
    };
    switch (tag) {
      case 'p': return print("_");
      case 'a':
      case 's':
      case 'l':
      case 'x':
      case 'n':
      case 'i':
        if (take('n')) print("-");
        return integer();
      case 'h':
      case 't':
      case 'm':
      case 'y':
      case 'o':
      case 'j': return integer();
      case 'b': {
        const std::string_view digits = hexadecimal();
        if (digits != "0" && digits != "1") failed_ = true;
        return print(digits == "1" ? "true" : "false");
      }
      case 'c': return character();
      case 'e':
        return braced([&] {
          print("*");
          literal();
        });
      case 'R':
      case 'Q':
        if (tag == 'R' && take('e')) return literal();
        return braced([&] {
          print(tag == 'R' ? "&" : "&mut ");
          constant(true);
        });
      case 'A':
        return braced([&] {
          print("[");
          list(", ", [&] { constant(true); });
          print("]");
        });
      case 'T':
        return braced([&] {
          print("(");
          const int count = list(", ", [&] { constant(true); });
          print(count == 1 ? ",)" : ")");
        });
      case 'V': return braced([&] { variant(); });
      case 'B': return back_reference([&] { constant(plain); });
      default: failed_ = true;
    }
  }

  // A value of a structure or enumeration.
  void variant() {
    path(true);
    switch (next()) {
      case 'U': return;
      case 'T':
        print("(");
        list(", ", [&] { constant(true); });
        return print(")");
      case 'S':
        print(" { ");
        list(", ", [&] {
          print(identifier().text + ": ");
          constant(true);
        });
        return print(" }");
      default: failed_ = true;
    }
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string out_;
  bool failed_ = false;
  bool quiet_ = false;
  int depth_ = 0;
  int steps_ = 0;
  uint64_t bound_ = 0;  // lifetimes that binders around here have named
};

}  // namespace

std::optional<std::string> demangle_rust(std::string_view symbol) {
  // A digit would announce a later version.
  if (!symbol.starts_with("_R") || symbol.size() < 3 || !is_upper(symbol[2])) return std::nullopt;
  const size_t dot = symbol.find_first_of(".$");
  const std::string_view suffix = dot == symbol.npos ? std::string_view() : symbol.substr(dot);
  for (const char c : symbol.substr(0, dot))
    if (!is_digit(c) && !is_upper(c) && (c < 'a' || c > 'z') && c != '_') return std::nullopt;
  auto name = Reader(symbol.substr(2, dot == symbol.npos ? dot : dot - 2)).read();
  // What the optimizer appends to tell copies apart says nothing.
  if (name && !suffix.starts_with(".llvm.")) *name += suffix;
  return name;
}

}  // namespace sonde::base
