// Common ground of the providers.
#include "probes/support.h"

#include <algorithm>
#include <cctype>

#include "base/integer.h"
#include "base/suggest.h"
#include "kernel/btf_types.h"

namespace sonde::probes {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

bool has_wildcard(std::string_view text) {
  return text.find('*') != text.npos || (text.find('[') != text.npos && text.find(']') != text.npos);
}

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.find('*') == pattern.npos) return pattern == name;
  size_t at = 0;
  bool anchored = true;  // no `*` before this token
  while (!pattern.empty()) {
    const size_t star = pattern.find('*');
    const std::string_view token = pattern.substr(0, star);
    const bool last = star == pattern.npos;
    pattern = last ? std::string_view() : pattern.substr(star + 1);
    if (!token.empty()) {
      const size_t hit = name.find(token, at);
      if (hit == name.npos || (anchored && hit != 0)) return false;
      at = hit + token.size();
    }
    anchored = false;
    if (last) return at == name.size();
  }
  return true;  // it ended in `*`
}

std::vector<std::string> matching(std::string_view pattern, std::span<const std::string> names) {
  std::vector<std::string> hits;
  for (const std::string& name : names)
    if (matches(pattern, name) && name.find(".part.") == name.npos) hits.push_back(name);
  return hits;
}

std::expected<uint64_t, std::string> parse_number(std::string_view text) {
  const auto number = base::parse_integer(text, {.binary = true, .sign = true});
  if (!number) return std::unexpected(number.error());
  return number->negative ? -number->value : number->value;
}

std::vector<std::string> listed_binaries(ProbeContext& context, std::string_view target, std::string_view provider) {
  // A glob with a star in it is looked for in those folders.
  const std::string_view text = target == "*" && !context.pid ? "**" : target;
  auto paths = context.binaries.resolve_path(text, provider, context.pid.value_or(0));
  return paths ? std::move(*paths) : std::vector<std::string>();
}

std::string full_name(std::string_view provider, std::initializer_list<std::string_view> parts) {
  std::string name(provider);
  for (const std::string_view part : parts)
    if (!part.empty()) name.append(":").append(part);
  return name;
}

ResolvedProbe make_probe(const Provider& provider, const AttachText& text, std::string name, uint32_t program_type,
                         uint32_t expected_attach_type) {
  ResolvedProbe probe;
  probe.provider = provider.name;
  probe.probetype = provider.name;
  probe.full_name = std::move(name);
  probe.label = text.label;
  probe.program_type = program_type;
  probe.expected_attach_type = expected_attach_type;
  probe.capabilities = provider.capabilities;
  return probe;
}

void add_form(diag::Diagnostic& diagnostic, const Provider& provider) {
  diagnostic.hints.push_back("written as " + std::string(provider.spec));
}

bool check_parts(ProbeContext& context, const AttachText& text, const Provider& provider, size_t least, size_t most,
                 std::string_view wording) {
  const size_t found = text.parts.size() - 1;
  if (found >= least && found <= most) return true;
  auto& diagnostic = context.diagnostics.emit<diag::Id::probe_part_count>(text.range, provider.name, wording, found);
  if (most > 0) add_form(diagnostic, provider);
  return false;
}

std::string suggestion(std::string_view name, std::span<const std::string> candidates, std::string_view prefix) {
  constexpr size_t kMost = 3;
  std::vector<std::string> names = base::nearest(name, candidates, kMost);
  // Nothing spelled alike: names that contain the last part are the next best guess.
  const std::string_view last = name.substr(name.rfind(':') + 1);
  if (names.empty() && last.size() >= 3) {
    for (const std::string& candidate : candidates)
      if (names.size() < kMost && candidate.find(last) != candidate.npos) names.push_back(candidate);
  }
  return base::did_you_mean(names, prefix);
}

bool report_missing(ProbeContext& context, const AttachText& text, std::string_view provider, std::string_view name,
                    std::span<const std::string> candidates, std::string_view known) {
  const std::string whole = std::string(known).append(name);
  switch (context.missing) {
    case ProbeContext::Missing::ignore: return true;
    case ProbeContext::Missing::warn:
      context.diagnostics.emit<diag::Id::probe_no_matches_skipped>(text.range, provider, whole);
      return true;
    case ProbeContext::Missing::error: break;
  }
  auto& diagnostic = context.diagnostics.emit<diag::Id::probe_no_matches>(text.range, provider, whole);
  const std::string hint = suggestion(name, candidates, std::string(provider).append(":").append(known));
  if (!hint.empty()) diagnostic.hints.push_back(hint);
  return false;
}

types::TypeRef trusted(types::TypeContext& types, types::TypeRef type) {
  if (type->kind != types::Kind::pointer || type->element->kind != types::Kind::c_record ||
      type->space == types::Space::user)
    return type;
  types::Type marked = *type;
  marked.trusted = true;
  return types.intern(std::move(marked));
}

void ArgumentRecord::add(std::string name, types::TypeRef type, uint32_t word) {
  types::CField field;
  field.name = std::move(name);
  field.type = type;
  field.offset = (size_ + type->align - 1) / type->align * type->align;
  size_ = field.offset + type->size;
  align_ = std::max(align_, type->align);
  fields_.push_back(std::move(field));
  words_.push_back(word);
}

void ArgumentRecord::finish(types::TypeContext& types, ResolvedProbe& probe) && {
  const uint32_t size = (size_ + align_ - 1) / align_ * align_;
  probe.arg_words = std::move(words_);
  probe.args_type =
      types.c_record(types.add_record("struct", probe.full_name + "_args", size, align_, std::move(fields_)));
}

void set_word_arguments(ProbeContext& context, ResolvedProbe& probe, const std::vector<kernel::Parameter>& parameters) {
  types::TypeContext& types = context.kernel.types();
  ArgumentRecord record;
  uint32_t word = 0;
  for (const kernel::Parameter& parameter : parameters) {
    record.add(parameter.name, trusted(types, parameter.type), word);
    word += kernel::BtfTypes::words(parameter.type);
  }
  probe.retval_word = word;
  if (!parameters.empty()) std::move(record).finish(types, probe);
}

void set_entry_arguments(ProbeContext& context, ResolvedProbe& probe, std::string_view module,
                         const std::string& function) {
  constexpr uint32_t kRegisters = 6;  // of x86_64, which has the fewest
  constexpr uint32_t kInRegisters = 16;
  const auto proto = context.kernel.find_function(module, function);
  if (!proto) {
    probe.args_error = "Could not parse arguments of \"" + function + "\": " + proto.error().text();
    return;
  }
  ArgumentRecord record;
  uint32_t word = 0;
  for (const kernel::Parameter& parameter : proto->parameters) {
    const uint32_t words = kernel::BtfTypes::words(parameter.type);
    if (word + words > kRegisters || parameter.type->size > kInRegisters) {
      probe.args_error = "'args' builtin is not supported for probes with stack-passed arguments.";
      return;
    }
    record.add(parameter.name, parameter.type, word);
    word += words;
  }
  if (proto->parameters.empty()) return;
  std::move(record).finish(context.kernel.types(), probe);
  image::KprobeAttach entry = std::get<image::KprobeAttach>(probe.attach);
  entry.on_return = false;
  probe.entry_attach = std::move(entry);
  probe.arg_source = ArgSource::entry_registers;
}

namespace {

// Stands in for a kernel record until a field of it is asked for: most scripts never do, and the first look into BTF is
// the most expensive step of a small compilation.
class ForwardedRecord final : public types::CRecordSource {
 public:
  explicit ForwardedRecord(const kernel::KernelView& kernel) : kernel_(kernel) {}
  std::vector<types::CField> fields(const types::CRecord& record) override {
    types::TypeRef type = kernel_.find_type(record.tag(), record.name());
    return type && type->c_record ? type->c_record->fields() : std::vector<types::CField>();
  }

 private:
  const kernel::KernelView& kernel_;
};

}  // namespace

types::TypeRef context_record(ProbeContext& context, std::string_view name) {
  types::TypeContext& types = context.kernel.types();
  types::CRecordSource& source = types.keep(std::make_unique<ForwardedRecord>(context.kernel));
  return types.c_record(types.add_record("struct", std::string(name), 0, 8, source, 0, true));
}

}  // namespace sonde::probes
