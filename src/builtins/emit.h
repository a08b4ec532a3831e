// Sequences of Codegen operations that the lower hooks of several families share (private to this folder).
#pragma once

#include <linux/bpf.h>

#include "builtins/codegen.h"

namespace sonde::builtins {

// A helper without arguments.
template <uint32_t Id>
Reg call_helper(Codegen& cg) {
  return cg.helper(Id, {});
}

// Process id of the current task in the namespace that sonde runs in (process.cc).
Reg current_tgid(Codegen& cg);

// Writes a usym_t for `address` to the result (symbol.cc).
void store_user_symbol(Codegen& cg, Reg address);

// Copies the string at `text` to `to`, both `size` bytes and at least one, and gives its length. The kernel's own string read
// finds the end; it always puts a NUL in the last byte, so that is mended if the string goes on to there.
inline Reg copy_text(Codegen& cg, Mem to, Mem text, uint32_t size) {
  const Reg copied = cg.probe_read_string(to, cg.constant(size), cg.address(text), types::Space::kernel);
  const Reg last = cg.load(text, size - 1, 1, false);
  const Reg cut =
      cg.binary(Op::bit_and, cg.compare(Cmp::ne, last, cg.constant(0)), cg.compare(Cmp::eq, copied, cg.constant(size)));
  cg.if_then(cut, [&] { cg.store(to, size - 1, 1, last); });
  const Reg good = cg.select(cg.compare(Cmp::sgt, copied, cg.constant(0)), copied, cg.constant(1));
  return cg.binary(Op::add, cg.binary(Op::sub, good, cg.constant(1)), cut);
}

// The address space to read through: that of the pointer, else that of the probe.
inline types::Space space_of(Codegen& cg, size_t index) {
  const types::TypeRef type = cg.argument_type(index);
  if (type->kind == types::Kind::pointer && type->space != types::Space::none) return type->space;
  return cg.space();
}

// Names of the probe_read helpers as messages show them.
constexpr std::string_view read_name(types::Space space) {
  switch (space) {
    case types::Space::kernel: return "probe_read_kernel";
    case types::Space::user: return "probe_read_user";
    case types::Space::none: return "probe_read";
  }
  return {};
}
constexpr std::string_view read_string_name(types::Space space) {
  switch (space) {
    case types::Space::kernel: return "probe_read_kernel_str";
    case types::Space::user: return "probe_read_user_str";
    case types::Space::none: return "probe_read_str";
  }
  return {};
}

// probe_read and probe_read_string that count their failures (shown with -k).
inline Reg checked_read(Codegen& cg, Mem to, Reg size, Reg address, types::Space space) {
  const Reg code = cg.probe_read(to, size, address, space);
  cg.if_then(cg.compare(Cmp::slt, code, cg.constant(0)),
             [&] { cg.report_error(image::ErrorKind::probe_read, read_name(space), code, true); });
  return code;
}
inline Reg checked_read_string(Codegen& cg, Mem to, Reg size, Reg address, types::Space space) {
  const Reg code = cg.probe_read_string(to, size, address, space);
  cg.if_then(cg.compare(Cmp::slt, code, cg.constant(0)),
             [&] { cg.report_error(image::ErrorKind::probe_read, read_string_name(space), code, true); });
  return code;
}

}  // namespace sonde::builtins
