// printf in an iterator: text that the kernel formats into the file through which its objects are read (bpf_seq_printf,
// Linux 5.8), so that a pinned iterator can be read without sonde.
#include <linux/bpf.h>

#include <algorithm>

#include "lower/function.h"

namespace sonde::lower {
namespace {

constexpr size_t kMostArguments = 12;  // of one call: MAX_BPRINTF_VARARGS
constexpr uint32_t kWord = 8;

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return (c >= ' ' && c < 0x7f) || c == '\n' || c == '\t'; });
}

// Flags and width as the kernel reads them: it knows neither `#` nor precisions.
std::string flags_of(const image::FormatPiece& piece) {
  std::string text;
  if (piece.left) text += '-';
  if (piece.plus) text += '+';
  if (piece.space) text += ' ';
  if (piece.zero) text += '0';
  if (piece.width != 0) text += std::to_string(piece.width);
  return text;
}

// One piece of text for the kernel under construction.
struct Sequence {
  std::string format;
  llvm::SmallVector<llvm::Value*, kMostArguments> values;
};

llvm::Value* sequence_file(FunctionLowering& function) {
  // struct bpf_iter_meta, the first member of every iterator's context, begins with the file.
  llvm::Value* meta = function.builder.CreateIntToPtr(function.context_load(0, kWord, false), function.module.ptr);
  return function.builder.CreateIntToPtr(
      function.builder.CreateAlignedLoad(function.module.i64, meta, llvm::Align(kWord), /*isVolatile=*/true),
      function.module.ptr);
}

void flush(FunctionLowering& function, Sequence& text) {
  if (text.format.empty()) return;
  FunctionLowering::TempScope temporaries(function);
  const auto size = static_cast<uint32_t>(text.values.size()) * kWord;
  llvm::Value* data = llvm::ConstantPointerNull::get(llvm::cast<llvm::PointerType>(function.module.ptr));
  if (size != 0) {
    data = function.allocate(size);
    for (size_t i = 0; i < text.values.size(); ++i)
      function.store(function.offset(data, i * kWord), kWord, text.values[i]);
  }
  const std::string format = text.format + '\0';
  function.helper(BPF_FUNC_seq_printf, {sequence_file(function), function.module.text(format),
                                        function.builder.getInt32(static_cast<uint32_t>(format.size())), data,
                                        function.builder.getInt32(size)});
  text = {};
}

// Bytes that a kernel format cannot hold go out as they are.
void append_text(FunctionLowering& function, Sequence& text, const std::string& bytes) {
  if (!is_plain(bytes)) {
    flush(function, text);
    function.helper(BPF_FUNC_seq_write, {sequence_file(function), function.module.text(bytes),
                                         function.builder.getInt32(static_cast<uint32_t>(bytes.size()))});
    return;
  }
  for (const char c : bytes) {
    text.format += c;
    if (c == '%') text.format += c;
  }
}

void append_value(FunctionLowering& function, Sequence& text, const image::FormatPiece& piece, const Expr& expr) {
  using image::LengthModifier;
  const std::string flags = flags_of(piece);
  if (!in_register(expr.type)) {
    // A character array of the kernel that is full has no NUL.
    llvm::Value* copy = function.allocate((expr.type->size + kWord) / kWord * kWord);
    function.store_value(expr, copy, false);
    function.store(function.offset(copy, expr.type->size), 1, function.constant(0));
    text.format += "%" + flags + "s";
    text.values.push_back(function.builder.CreatePtrToInt(copy, function.module.i64));
    return;
  }
  llvm::Value* value = function.scalar(expr);
  const char conversion = piece.conversion.front();
  switch (conversion) {
    case 's':
      if (expr.type->kind == types::Kind::boolean) {
        llvm::Value* word =
            function.builder.CreateSelect(function.as_bool(value), function.module.text(std::string("true") + '\0'),
                                          function.module.text(std::string("false") + '\0'));
        text.format += "%" + flags + "s";
        text.values.push_back(function.builder.CreatePtrToInt(word, function.module.i64));
        return;
      }
      if (expr.type->kind == types::Kind::pointer)
        text.format += "0x%" + flags + "llx";
      else
        text.format += "%" + flags + (expr.type->is_signed ? "lld" : "llu");
      break;
    case 'c': text.format += "%" + flags + "c"; break;
    case 'p': text.format += "0x%" + flags + "llx"; break;  // the kernel's own %p hides addresses
    default: {
      types::Type narrow;
      narrow.kind = types::Kind::integer;
      narrow.is_signed = conversion == 'd' || conversion == 'i';
      narrow.size = piece.length == LengthModifier::hh ? 1 : piece.length == LengthModifier::h ? 2 : 4;
      const bool is_long = piece.length >= LengthModifier::l;
      // The kernel knows no shorter length than int.
      if (!is_long) value = function.canonical(value, &narrow);
      text.format += "%" + flags + "ll" + conversion;
    }
  }
  text.values.push_back(value);
}

}  // namespace

void FunctionLowering::print_sequence(const sema::Call& call) {
  TempScope temporaries(*this);
  Sequence text;
  const size_t format = *call.row->format_argument;
  size_t next = format + 1;
  for (const image::FormatPiece& piece : image::parse_format(*call.described[format].text).pieces) {
    append_text(*this, text, piece.text);
    if (piece.conversion.empty()) continue;
    append_value(*this, text, piece, *call.arguments[next++]);
    if (text.values.size() == kMostArguments) flush(*this, text);
  }
  flush(*this, text);
}

}  // namespace sonde::lower
