// Files of stdlib/ that the build embeds into the compiler: the standard library's text and the BPF routines' bitcode.
#pragma once

#include <span>
#include <string_view>

namespace sonde::stdlib {

struct Embedded {
  std::string_view name;     // base name, for instance "base.bt" or "copy.bc"
  std::string_view content;  // the file's bytes; bitcode is aligned to 16 bytes and followed by one zero byte
};

// stdlib/*.bt in alphabetical order.
std::span<const Embedded> texts();

// stdlib/bpf/*.bpf.c as LLVM bitcode, in alphabetical order, each named <stem>.bc.
std::span<const Embedded> routines();

}  // namespace sonde::stdlib
