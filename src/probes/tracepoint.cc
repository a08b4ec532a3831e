// tracepoint: events of tracefs, their arguments typed by the event's format file and BTF.
#include <linux/bpf.h>

#include <array>

#include "kernel/kernel_text.h"
#include "probes/rows.h"
#include "probes/support.h"

namespace sonde::probes {
namespace {

// "__rel_loc T[] name": the place of the data counts from the end of the word that names it (events of user space).
bool is_relative(const kernel::TracepointField& field) { return field.type_text.starts_with("__rel_loc "); }

// Types the fields of one event when a script first names one.
class FormatRecord final : public types::CRecordSource {
 public:
  FormatRecord(const kernel::KernelView& kernel, kernel::TracepointFormat format, types::Space space)
      : kernel_(kernel), format_(std::move(format)), space_(space) {}

  std::vector<types::CField> fields(const types::CRecord&) override {
    std::vector<types::CField> fields;
    for (const kernel::TracepointField& field : format_.fields) {
      types::CField result;
      result.name = field.name;
      result.offset = field.offset;
      result.type = type_of(field);
      if (field.common) result.tag = "common";
      if (field.data_loc) result.tag = "data_loc";
      if (is_relative(field)) result.tag = "rel_loc";
      fields.push_back(std::move(result));
    }
    return fields;
  }

 private:
  types::TypeRef type_of(const kernel::TracepointField& field) const {
    types::TypeContext& types = kernel_.types();
    // The value of a dynamic array is its address, which lowering computes from the word in the record. It lies in the record:
    // where other addresses are the caller's, its type has to say that this one is not.
    if (field.data_loc || is_relative(field)) {
      const types::TypeRef address = types.integer(8, true);
      return space_ == types::Space::kernel ? address : types.pointer(types.integer(1, true), types::Space::kernel);
    }
    types::TypeRef type = kernel::type_from_text(kernel_, field.type_text);
    if (field.array_length) return array_of(field, type);
    switch (type->kind) {
      case types::Kind::boolean: return type;
      case types::Kind::integer:
      case types::Kind::enumeration: return scalar(field, type);
      case types::Kind::pointer: return type->space == types::Space::user ? type : types.with_space(type, space_);
      default: return type;
    }
  }

  // The kernel widens system call arguments: what counts is the size of the slot, not the type it was declared with.
  types::TypeRef scalar(const kernel::TracepointField& field, types::TypeRef type) const {
    const uint32_t size = field.size;
    if (size != 1 && size != 2 && size != 4 && size != 8) return kernel_.types().none();
    if (type->kind == types::Kind::enumeration) return kernel_.types().enumeration(type->c_enum, size);
    return kernel_.types().integer(size, field.is_signed);
  }

  types::TypeRef array_of(const kernel::TracepointField& field, types::TypeRef element) const {
    types::TypeContext& types = kernel_.types();
    if (field.type_text == "char" || field.type_text == "const char")
      return field.size ? types.string(field.size) : types.array(types.integer(1, true), 0);
    if (element->size == 0) return types.none();
    // The length may be written as an expression; the size is always a number.
    return types.array(element, field.size / element->size);
  }

  const kernel::KernelView& kernel_;
  kernel::TracepointFormat format_;
  types::Space space_;
};

void add(ProbeContext& context, const AttachText& text, std::string_view category, std::string_view event,
         kernel::TracepointFormat format, std::vector<ResolvedProbe>& out) {
  ResolvedProbe probe =
      make_probe(kTracepoint, text, full_name("tracepoint", {category, event}), BPF_PROG_TYPE_TRACEPOINT);
  probe.attach = image::TracepointAttach{std::string(category), std::string(event)};
  probe.arg_source = ArgSource::context_struct;
  probe.space = category == "syscalls" ? types::Space::user : types::Space::kernel;
  probe.default_return = 1;  // 0 would hide the event from other users of perf
  probe.format_name = std::string(category).append(":").append(event);
  if (context.kernel.has_btf()) {
    uint32_t size = 0;
    for (const kernel::TracepointField& field : format.fields) size = std::max(size, field.offset + field.size);
    types::TypeContext& types = context.kernel.types();
    types::CRecordSource& source =
        types.keep(std::make_unique<FormatRecord>(context.kernel, std::move(format), probe.space));
    probe.args_type = types.c_record(types.add_record("struct", probe.full_name + "_args", size, 8, source, 0, false));
  } else {
    probe.args_error =
        "Could not parse arguments of \"" + probe.format_name + "\": BTF is required for parsing tracepoint arguments";
  }
  out.push_back(std::move(probe));
}

bool report_unreadable(ProbeContext& context, const AttachText& text, const Error& error) {
  context.diagnostics.emit<diag::Id::probe_list_unreadable>(text.range, "tracepoint", error.text());
  return false;
}

bool resolve_exact(ProbeContext& context, const AttachText& text, const std::string& category, const std::string& event,
                   std::vector<ResolvedProbe>& out) {
  auto format = context.kernel.tracepoint_format(category, event);
  if (format) {
    add(context, text, category, event, std::move(*format), out);
    return true;
  }
  const auto events = context.kernel.tracepoints();
  // Only an absent file says that there is no such event.
  if (!events || format.error().code != ENOENT) return report_unreadable(context, text, format.error());
  return report_missing(context, text, "tracepoint", category + ":" + event, *events);
}

bool resolve_matches(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  const bool anywhere = text.parts.size() == 2 && has_wildcard(text.parts[1]);
  if (!anywhere && !check_parts(context, text, kTracepoint, 2, 2, "2")) return false;
  const std::string category = anywhere ? "*" : text.parts[1];
  const std::string event = text.parts.back();
  if (category.empty() || event.empty()) {
    context.diagnostics.emit<diag::Id::probe_target_missing>(text.range, "tracepoint");
    return false;
  }
  if (!has_wildcard(category) && !has_wildcard(event)) return resolve_exact(context, text, category, event, out);
  const auto events = context.kernel.tracepoints();
  if (!events) return report_unreadable(context, text, events.error());
  for (const std::string& name : matching(category + ":" + event, *events)) {
    const size_t colon = name.find(':');
    auto format = context.kernel.tracepoint_format(name.substr(0, colon), name.substr(colon + 1));
    if (format) add(context, text, name.substr(0, colon), name.substr(colon + 1), std::move(*format), out);
  }
  return true;
}

std::vector<std::string> list_names(ProbeContext& context, std::string_view pattern) {
  const auto events = context.kernel.tracepoints();
  return events ? matching(pattern, *events) : std::vector<std::string>();
}

std::vector<std::string> describe(ProbeContext& context, std::string_view name) {
  std::vector<std::string> lines;
  const size_t colon = name.find(':');
  if (colon == name.npos) return lines;
  const auto format = context.kernel.tracepoint_format(name.substr(0, colon), name.substr(colon + 1));
  if (!format) return lines;
  for (const kernel::TracepointField& field : format->fields)
    if (!field.common) lines.push_back(field.text);
  return lines;
}

constexpr std::array<std::string_view, 1> kAliases = {"t"};

}  // namespace

const Provider kTracepoint = {
    .name = "tracepoint",
    .aliases = kAliases,
    .spec = "tracepoint:CATEGORY:EVENT",
    .summary = "Static kernel events with stable names and arguments.",
    .example = "tracepoint:syscalls:sys_enter_openat { printf(\"%s %s\\n\", comm, str(args.filename)); }",
    .capabilities = kHasArgs | kKernelStack | kSignals,
    .in_kernel_list = true,
    .resolve = resolve_matches,
    .list = list_names,
    .describe = describe,
};

}  // namespace sonde::probes
