// What several providers need: matching of names, numbers, names of probes, the report of what is missing, argument
// records.
#pragma once

#include <cstdint>
#include <expected>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/provider.h"

namespace sonde::probes {

// ASCII letters made lower case.
std::string lower(std::string_view text);
// Contains `*`, or both `[` and `]`.
bool has_wildcard(std::string_view text);
// `*` stands for any run of characters, everything else for itself. Matched left to right without going back, as scripts
// in use expect: `a*d` does not match `add`.
bool matches(std::string_view pattern, std::string_view name);
// The names that match, in their order. Names with ".part." are pieces that the compiler split off; they never match.
std::vector<std::string> matching(std::string_view pattern, std::span<const std::string> names);

// A number of an attach point; the error is the message's tail. A leading `-` gives the two's complement.
std::expected<uint64_t, std::string> parse_number(std::string_view text);

// Files that the target part of a listing pattern stands for: as in an attach point, but `*` without a process means the
// executables of $PATH and of the working directory. Empty when there are none.
std::vector<std::string> listed_binaries(ProbeContext& context, std::string_view target, std::string_view provider);

// `args` of a probe at the return of a kernel function: their types by BTF, and the place where a companion program saves
// the registers. Leaves probe.args_error when there are none to be had.
void set_entry_arguments(ProbeContext& context, ResolvedProbe& probe, std::string_view module,
                         const std::string& function);

// "PROVIDER:a:b" of the parts that are not empty.
std::string full_name(std::string_view provider, std::initializer_list<std::string_view> parts);

// A probe with all that does not depend on the match.
ResolvedProbe make_probe(const Provider& provider, const AttachText& text, std::string name, uint32_t program_type,
                         uint32_t expected_attach_type = 0);

// Adds the hint how the provider's attach points are written.
void add_form(diag::Diagnostic& diagnostic, const Provider& provider);

// Reports a wrong number of parts behind the provider; `wording` is what the message says is required.
bool check_parts(ProbeContext& context, const AttachText& text, const Provider& provider, size_t least, size_t most,
                 std::string_view wording);

// An exact attach point whose event does not exist: an error with the nearest of `candidates`, a warning or nothing,
// as the configuration says. `known` is the part in front of the name that is right ("PATH:") and that candidates do
// not repeat. True when compilation may go on.
bool report_missing(ProbeContext& context, const AttachText& text, std::string_view provider, std::string_view name,
                    std::span<const std::string> candidates, std::string_view known = {});
// "did you mean ..." for a name that is not among `candidates`, each with `prefix`; empty when nothing is near.
std::string suggestion(std::string_view name, std::span<const std::string> candidates, std::string_view prefix);

// Gathers what `args` of a probe holds: a record "NAME_args" with natural layout.
class ArgumentRecord {
 public:
  // `word` is where the parameter comes from: the number of its first register, or of its first word in the context.
  void add(std::string name, types::TypeRef type, uint32_t word);
  // Sets args_type and arg_words of the probe.
  void finish(types::TypeContext& types, ResolvedProbe& probe) &&;

 private:
  std::vector<types::CField> fields_;
  std::vector<uint32_t> words_;
  uint32_t size_ = 0, align_ = 1;
};

// Record "NAME_args" with natural layout, one field per parameter, and its words in `probe.arg_words`. Pointers to kernel
// structures are marked as trusted.
void set_word_arguments(ProbeContext& context, ResolvedProbe& probe, const std::vector<kernel::Parameter>& parameters);
// `type` as the verifier knows it in a BTF-typed program.
types::TypeRef trusted(types::TypeContext& types, types::TypeRef type);
// `struct NAME` of the kernel, its fields looked up only when used: the pointee of `ctx`.
types::TypeRef context_record(ProbeContext& context, std::string_view name);

}  // namespace sonde::probes
