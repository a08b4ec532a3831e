// The image as text, for goldens and for people: one line per table row, ids as plain numbers, defaults left out.
#include <array>
#include <string_view>

#include "image/image.h"

namespace sonde::image {
namespace {

// Name tables in the order of the enumerations.
constexpr std::array<std::string_view, 5> kPhases = {"begin", "end", "signal", "test", "bench"};
constexpr std::array<std::string_view, 4> kTracingKinds = {"raw_tracepoint", "fentry", "fexit", "iterator"};
constexpr std::array<std::string_view, 18> kActions = {
    "print_value", "print_map", "print_map_value", "printf",        "errorf",
    "warnf",       "cat",       "system",          "join",          "time",
    "exit",        "clear_map", "zero_map",        "assert_failed", "print_table",
    "percentiles", "unwatch",   "packet"};
constexpr std::array<std::string_view, 9> kLengths = {"", "hh", "h", "l", "ll", "j", "z", "t", "L"};
constexpr std::array<std::string_view, 3> kRules = {"add", "min", "max"};
constexpr std::array<std::string_view, 9> kViews = {"scalar", "ratio",     "stats",     "log2",   "linear",
                                                    "series", "deviation", "quantiles", "bounded"};
constexpr std::array<std::string_view, 5> kSeriesRules = {"last", "sum", "min", "max", "avg"};
constexpr std::array<std::string_view, 8> kMapKinds = {"hash",  "lru_hash",     "percpu_hash", "percpu_lru_hash",
                                                       "array", "percpu_array", "ring_buffer", "perf_event_array"};
constexpr std::array<std::string_view, 20> kLayoutKinds = {
    "none",        "boolean",   "integer",     "enumeration", "string",       "buffer",     "inet",
    "tuple",       "record",    "array",       "pointer",     "kernel_stack", "user_stack", "kernel_symbol",
    "user_symbol", "timestamp", "mac_address", "username",    "cgroup_path",  "aggregate"};
constexpr std::array<std::string_view, 4> kStackModes = {"symbols", "perf", "raw", "build_id"};
constexpr std::array<std::string_view, 8> kErrorKinds = {"map_full",   "divide_by_zero", "array_bounds", "probe_read",
                                                         "map_lookup", "loop_limit",     "stack_read",   "helper"};
constexpr std::array<std::string_view, 13> kParameterKinds = {"boolean",
                                                              "unsigned_integer",
                                                              "signed_integer",
                                                              "string",
                                                              "tracepoint_field_offset",
                                                              "child_pid",
                                                              "pid_namespace_device",
                                                              "pid_namespace_inode",
                                                              "tracer_start_time",
                                                              "tai_offset",
                                                              "cpu_count",
                                                              "target_pid",
                                                              "wall_offset"};

template <typename Table, typename Enum>
std::string_view name(const Table& table, Enum value) {
  const auto index = static_cast<size_t>(value);
  return index < table.size() ? table[index] : std::string_view("?");
}

class Dumper {
 public:
  explicit Dumper(const Image& image) : image_(image) {}

  std::string run() {
    head();
    table("types", image_.types, [this](const Layout& x) { type(x); });
    table("maps", image_.maps, [this](const MapDesc& x) { map(x); });
    table("programs", image_.programs, [this](const ProgramDesc& x) { program(x); });
    table("events", image_.events, [this](const EventLayout& x) { event(x); });
    table("formats", image_.formats, [this](const FormatString& x) { format(x); });
    table("strings", image_.strings, [this](const std::string& x) { quoted("text", x); });
    table("error sites", image_.error_sites, [this](const ErrorSite& x) { error_site(x); });
    table("parameters", image_.parameters, [this](const Parameter& x) { parameter(x); });
    table("features", image_.required_features, [this](const std::string& x) { word(x); });
    table("spans", image_.spans, [this](const SourceSpan& x) { span(x); });
    return std::move(out_);
  }

 private:
  void word(std::string_view text) {
    if (!out_.empty() && out_.back() != '\n') out_ += ' ';
    out_ += text;
  }
  void number(std::string_view key, uint64_t value) {
    word(key);
    out_ += ' ';
    out_ += std::to_string(value);
  }
  void number_unless(std::string_view key, uint64_t value, uint64_t usual) {
    if (value != usual) number(key, value);
  }
  void flag(std::string_view key, bool value) {
    if (value) word(key);
  }
  template <typename Tag>
  void id(std::string_view key, Id<Tag> value) {
    if (value.valid()) number(key, value.value);
  }
  void quoted(std::string_view key, std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    word(key);
    out_ += " \"";
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        (out_ += '\\') += c;
      } else if (c == '\n') {
        out_ += "\\n";
      } else if (byte < 0x20 || byte == 0x7f) {
        ((out_ += "\\x") += kHex[byte >> 4]) += kHex[byte & 15];
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }
  void quoted_unless_empty(std::string_view key, std::string_view text) {
    if (!text.empty()) quoted(key, text);
  }
  template <typename T, typename Row>
  void table(std::string_view title, const std::vector<T>& rows, Row row) {
    if (rows.empty()) return;
    (out_ += title) += ":\n";
    for (size_t i = 0; i < rows.size(); ++i) {
      (out_ += "  ") += std::to_string(i);
      row(rows[i]);
      out_ += '\n';
    }
  }

  void head() {
    number("image version", image_.version);
    word("target");
    word(image_.target.arch);
    flag("portable", image_.target.portable);
    quoted_unless_empty("kernel", image_.target.kernel_release);
    out_ += '\n';
    const RuntimeConfig& config = image_.config;
    const RuntimeConfig usual;
    out_ += "config:";
    flag("no_maps_on_exit", !config.print_maps_on_exit);
    flag("no_cpp_demangle", !config.cpp_demangle);
    flag("no_lazy_symbolication", !config.lazy_symbolication);
    flag("show_debug_info", config.show_debug_info);
    if (config.str_trunc_trailer != usual.str_trunc_trailer) quoted("str_trunc_trailer", config.str_trunc_trailer);
    if (config.missing_probes != usual.missing_probes) quoted("missing_probes", config.missing_probes);
    quoted_unless_empty("cache_user_symbols", config.cache_user_symbols);
    quoted("license", config.license);
    number_unless("max_cat_bytes", config.max_cat_bytes, usual.max_cat_bytes);
    number_unless("max_probes", config.max_probes, usual.max_probes);
    number_unless("perf_rb_pages", config.perf_rb_pages, usual.perf_rb_pages);
    number_unless("log_size", config.log_size, usual.log_size);
    number_unless("max_strlen", config.max_strlen, usual.max_strlen);
    out_ += '\n';
  }

  void type(const Layout& layout) {
    word(name(kLayoutKinds, layout.kind));
    number("size", layout.size);
    flag("signed", layout.is_signed);
    quoted_unless_empty("name", layout.name);
    id("element", layout.element);
    number_unless("count", layout.count, 0);
    if (layout.stack_mode != StackMode::symbols) word(name(kStackModes, layout.stack_mode));
    flag("bytes_as_text", layout.bytes_as_text);
    for (const LayoutMember& member : layout.members) {
      out_ += "\n      ";
      out_ += member.name.empty() ? "-" : member.name;
      id("type", member.type);
      number("offset", member.offset);
      if (member.bit_size != 0) {
        number("bit", member.bit_offset);
        number("bits", member.bit_size);
      }
    }
    for (const EnumVariant& variant : layout.variants) {
      out_ += "\n      ";
      (out_ += variant.name) += " = ";
      out_ += std::to_string(variant.value);
    }
  }

  void map(const MapDesc& map) {
    word(map.name);
    word(name(kMapKinds, map.kind));
    word("symbol");
    word(map.elf_name);
    flag("scalar", map.scalar);
    flag("internal", map.internal);
    number("key_size", map.key_size);
    number("value_size", map.value_size);
    number("max_entries", map.max_entries);
    flag("on_demand", map.on_demand);
    id("key", map.key);
    id("value", map.value);
    if (map.written_flag_offset) number("written_flag", *map.written_flag_offset);
    if (map.block_offset) number("block", *map.block_offset);
    if (!map.aggregate) return;
    const AggDesc& aggregate = *map.aggregate;
    out_ += "\n      aggregate";
    word(aggregate.name);
    word(name(kViews, aggregate.view));
    flag("signed", aggregate.is_signed);
    number("cell_size", aggregate.cell_size);
    if (aggregate.set_offset) number("set", *aggregate.set_offset);
    if (aggregate.view == View::log2 || aggregate.view == View::quantiles) number("bits", aggregate.bits);
    if (aggregate.view == View::linear) {
      number("min", aggregate.min);
      number("max", aggregate.max);
      number("step", aggregate.step);
    }
    if (aggregate.view == View::series) {
      number("interval", aggregate.interval);
      number("intervals", aggregate.intervals);
      word(name(kSeriesRules, aggregate.rule));
    }
    for (const uint64_t bound : aggregate.bounds) number("bound", bound);
    for (const CellField& field : aggregate.fields) {
      word(name(kRules, field.rule));
      out_ += '@';
      out_ += std::to_string(field.offset);
      if (field.count != 1) (out_ += 'x') += std::to_string(field.count);
    }
  }

  void attach(const TestRunAttach& spec) { (out_ += "test_run ") += name(kPhases, spec.phase); }
  void attach(const TracepointAttach& spec) { ((out_ += "tracepoint ") += spec.category + ":") += spec.event; }
  void attach(const TracingAttach& spec) {
    ((out_ += "tracing ") += name(kTracingKinds, spec.kind)) += " " + spec.module + ":" + spec.function;
    // The id itself differs from kernel to kernel.
    flag("by_name", spec.btf_id == 0);
    number_unless("bpf_program", spec.bpf_program, 0);
    quoted_unless_empty("pin", spec.pin);
  }
  void attach(const KprobeAttach& spec) {
    out_ += spec.on_return ? "kretprobe" : "kprobe";
    quoted_unless_empty("function", spec.function);
    quoted_unless_empty("module", spec.module);
    number_unless("offset", spec.offset, 0);
    for (const std::string& function : spec.functions) quoted("\n        function", function);
  }
  void attach(const UprobeAttach& spec) {
    out_ += spec.on_return ? "uretprobe" : "uprobe";
    quoted("path", spec.path);
    for (const UprobeSite& site : spec.sites) {
      out_ += "\n        site";
      quoted_unless_empty("symbol", site.symbol);
      number_unless("file_offset", site.file_offset, 0);
      number_unless("symbol_offset", site.symbol_offset, 0);
      number_unless("semaphore", site.semaphore_offset, 0);
      number_unless("cookie", site.cookie, 0);
    }
  }
  void attach(const PerfEventAttach& spec) {
    out_ += "perf_event";
    number("type", spec.type);
    number("config", spec.config);
    number(spec.use_frequency ? "frequency" : "period", spec.period);
    flag("every_cpu", spec.every_cpu);
    if (spec.address != 0) {
      number("address", spec.address);
      number("length", spec.length);
      number("breakpoint_type", spec.breakpoint_type);
    }
  }

  void program(const ProgramDesc& program) {
    word(program.symbol);
    quoted("probe", program.probe_name);
    word("provider");
    word(program.provider);
    word("section");
    word(program.section);
    number("type", program.program_type);
    number_unless("attach_type", program.expected_attach_type, 0);
    flag("sleepable", program.sleepable);
    flag("internal", program.internal);
    id("span", program.span);
    out_ += "\n      ";
    std::visit([this](const auto& spec) { attach(spec); }, program.attach);
  }

  void event(const EventLayout& event) {
    word(name(kActions, event.action));
    number("size", event.size);
    id("format", event.format);
    id("map", event.map);
    id("span", event.span);
    for (const int64_t value : event.integers) {
      word("integer ");
      out_ += std::to_string(value);
    }
    for (const EventField& field : event.fields) {
      id("field", field.type);
      (out_ += '@') += std::to_string(field.offset);
    }
  }

  void format(const FormatString& format) {
    quoted("source", format.source);
    for (const FormatPiece& piece : format.pieces) {
      out_ += "\n      ";
      quoted("text", piece.text);
      if (piece.conversion.empty()) continue;
      word("%");
      for (const auto& [set, mark] : {std::pair{piece.left, '-'},
                                      {piece.plus, '+'},
                                      {piece.space, ' '},
                                      {piece.alternate, '#'},
                                      {piece.zero, '0'}})
        if (set) out_ += mark;
      if (piece.width != 0) out_ += std::to_string(piece.width);
      (out_ += name(kLengths, piece.length)) += piece.conversion;
    }
  }

  void error_site(const ErrorSite& site) {
    word(name(kErrorKinds, site.kind));
    quoted_unless_empty("helper", site.helper);
    id("map", site.map);
    id("span", site.span);
    flag("optional", site.optional);
  }

  void parameter(const Parameter& parameter) {
    word(name(kParameterKinds, parameter.kind));
    quoted_unless_empty("name", parameter.name);
    quoted_unless_empty("default", parameter.default_text);
    quoted_unless_empty("description", parameter.description);
    number("offset", parameter.offset);
    number("size", parameter.size);
  }

  void span(const SourceSpan& span) {
    word(span.file);
    (out_ += ':') += std::to_string(span.line);
    (out_ += ':') += std::to_string(span.column);
    (out_ += '-') += std::to_string(span.end_column);
    if (span.end_line != span.line) number("to_line", span.end_line);
    quoted("text", span.text);
    for (const SpanId outer : span.expanded_from) id("from", outer);
  }

  const Image& image_;
  std::string out_;
};

}  // namespace

std::string dump(const Image& image) { return Dumper(image).run(); }

}  // namespace sonde::image
