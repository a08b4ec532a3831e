// What tests of whole runs share: objects from tests/unit/data, descriptors, and the outcome of a run.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "runtime/run.h"
#include "runtime/stand_alone.h"

namespace sonde::runtime {

inline std::string read_text(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Compiles tests/unit/data/NAME.bpf.c; empty if there is no compiler.
inline std::vector<std::byte> compile(const std::string& name) {
  const std::string output = ::testing::TempDir() + name + "." + std::to_string(::getpid()) + ".o";
  const std::string command = "clang-19 -target bpf -O2 -g -I/usr/include/x86_64-linux-gnu -c " +
                              std::string(SONDE_TESTS_DIR) + "/unit/data/" + name + ".bpf.c -o " + output;
  if (std::system(command.c_str()) != 0) return {};
  const auto bytes = read_file(output);
  ::unlink(output.c_str());
  return bytes ? *bytes : std::vector<std::byte>();
}

inline image::ProgramDesc program(const std::string& symbol, const std::string& probe, uint32_t type,
                                  image::AttachSpec attach) {
  image::ProgramDesc desc;
  desc.symbol = symbol;
  desc.section = "s_" + symbol;
  desc.probe_name = probe;
  desc.program_type = type;
  desc.attach = std::move(attach);
  return desc;
}

inline image::MapDesc map(const std::string& name, const std::string& elf, image::MapKind kind, uint32_t key,
                          uint32_t value, uint32_t entries) {
  image::MapDesc desc;
  desc.name = name;
  desc.elf_name = elf;
  desc.kind = kind;
  desc.key_size = key;
  desc.value_size = value;
  desc.max_entries = entries;
  desc.internal = !name.starts_with('@');
  return desc;
}

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

// Collects what goes to standard error; closes `go` once everything is attached, which releases who reads its other
// end.
class NoticeSink : public print::StringSink {
 public:
  explicit NoticeSink(base::Fd go) : go_(std::move(go)) {}
  void write(std::string_view bytes) override {
    StringSink::write(bytes);
    if (text().find("Attached ") != std::string::npos) go_.reset();
  }

 private:
  base::Fd go_;
};

// Runs `image`, program output going to a file of its own unless `options` name one.
inline Outcome run_to_end(const image::Image& image, RunOptions options, Processes processes = {}, base::Fd go = {}) {
  if (options.output.empty()) options.output = ::testing::TempDir() + "sonde_out." + std::to_string(::getpid());
  NoticeSink err(std::move(go));
  const int code = run_image(image, options, std::move(processes), err);
  Outcome outcome{code, read_text(options.output), err.text()};
  ::unlink(options.output.c_str());
  return outcome;
}

}  // namespace sonde::runtime
