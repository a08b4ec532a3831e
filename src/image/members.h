// The serialised members of every struct of an image, said once for the writer and the reader (private to this folder).
// The order is the format: a change here raises kFormatVersion.
#pragma once

#include <concepts>
#include <tuple>
#include <type_traits>

#include "image/image.h"

namespace sonde::image::wire {

inline constexpr char kMagic[8] = {'S', 'O', 'N', 'D', 'E', 'I', 'M', 'G'};

template <typename T, typename Struct>
concept Like = std::same_as<std::remove_const_t<T>, Struct>;

auto members(Like<TestRunAttach> auto& x) { return std::tie(x.phase); }
auto members(Like<TracepointAttach> auto& x) { return std::tie(x.category, x.event); }
auto members(Like<TracingAttach> auto& x) {
  return std::tie(x.kind, x.module, x.function, x.btf_id, x.bpf_program, x.pin);
}
auto members(Like<KprobeAttach> auto& x) { return std::tie(x.function, x.module, x.offset, x.on_return, x.functions); }
auto members(Like<UprobeSite> auto& x) {
  return std::tie(x.symbol, x.file_offset, x.symbol_offset, x.semaphore_offset, x.cookie);
}
auto members(Like<UprobeAttach> auto& x) { return std::tie(x.path, x.sites, x.on_return); }
auto members(Like<PerfEventAttach> auto& x) {
  return std::tie(x.type, x.config, x.period, x.use_frequency, x.every_cpu, x.address, x.length, x.breakpoint_type);
}
auto members(Like<EventField> auto& x) { return std::tie(x.type, x.offset); }
auto members(Like<EventLayout> auto& x) {
  return std::tie(x.action, x.size, x.fields, x.format, x.map, x.integers, x.span);
}
auto members(Like<FormatPiece> auto& x) {
  return std::tie(x.text, x.conversion, x.left, x.plus, x.space, x.alternate, x.zero, x.width, x.length);
}
auto members(Like<FormatString> auto& x) { return std::tie(x.pieces, x.source); }
auto members(Like<CellField> auto& x) { return std::tie(x.rule, x.offset, x.count); }
auto members(Like<AggDesc> auto& x) {
  return std::tie(x.name, x.view, x.is_signed, x.cell_size, x.fields, x.set_offset, x.bits, x.min, x.max, x.step,
                  x.interval, x.intervals, x.rule, x.bounds);
}
auto members(Like<MapDesc> auto& x) {
  return std::tie(x.name, x.elf_name, x.kind, x.scalar, x.internal, x.key_size, x.value_size, x.max_entries,
                  x.on_demand, x.key, x.value, x.aggregate, x.written_flag_offset, x.block_offset);
}
auto members(Like<LayoutMember> auto& x) { return std::tie(x.name, x.type, x.offset, x.bit_offset, x.bit_size); }
auto members(Like<EnumVariant> auto& x) { return std::tie(x.name, x.value); }
auto members(Like<Layout> auto& x) {
  return std::tie(x.kind, x.size, x.is_signed, x.name, x.element, x.count, x.stack_mode, x.bytes_as_text, x.members,
                  x.variants);
}
auto members(Like<Target> auto& x) { return std::tie(x.arch, x.portable, x.kernel_release); }
auto members(Like<SourceSpan> auto& x) {
  return std::tie(x.file, x.line, x.column, x.end_column, x.end_line, x.text, x.expanded_from);
}
auto members(Like<ProgramDesc> auto& x) {
  return std::tie(x.symbol, x.section, x.probe_name, x.provider, x.program_type, x.expected_attach_type, x.sleepable,
                  x.internal, x.attach, x.span);
}
auto members(Like<ErrorSite> auto& x) { return std::tie(x.kind, x.helper, x.map, x.span, x.optional); }
auto members(Like<Parameter> auto& x) {
  return std::tie(x.kind, x.name, x.description, x.default_text, x.offset, x.size);
}
auto members(Like<RuntimeConfig> auto& x) {
  return std::tie(x.print_maps_on_exit, x.cpp_demangle, x.lazy_symbolication, x.show_debug_info, x.str_trunc_trailer,
                  x.missing_probes, x.cache_user_symbols, x.license, x.max_cat_bytes, x.max_probes, x.perf_rb_pages,
                  x.log_size, x.max_strlen);
}
// All but `version`, which stands in the header.
auto members(Like<Image> auto& x) {
  return std::tie(x.target, x.object, x.types, x.maps, x.programs, x.events, x.formats, x.strings, x.spans,
                  x.error_sites, x.parameters, x.required_features, x.config);
}

// The last value of each closed set: what the reader checks an enumerator against.
template <typename Enum>
inline constexpr Enum kLast = {};
template <>
inline constexpr RunPhase kLast<RunPhase> = RunPhase::bench;
template <>
inline constexpr TracingKind kLast<TracingKind> = TracingKind::iterator;
template <>
inline constexpr Action kLast<Action> = Action::packet;
template <>
inline constexpr LengthModifier kLast<LengthModifier> = LengthModifier::L;
template <>
inline constexpr MergeRule kLast<MergeRule> = MergeRule::max;
template <>
inline constexpr View kLast<View> = View::bounded;
template <>
inline constexpr SeriesRule kLast<SeriesRule> = SeriesRule::avg;
template <>
inline constexpr MapKind kLast<MapKind> = MapKind::perf_event_array;
template <>
inline constexpr LayoutKind kLast<LayoutKind> = LayoutKind::aggregate;
template <>
inline constexpr StackMode kLast<StackMode> = StackMode::build_id;
template <>
inline constexpr ErrorKind kLast<ErrorKind> = ErrorKind::helper;
template <>
inline constexpr ParameterKind kLast<ParameterKind> = ParameterKind::wall_offset;

}  // namespace sonde::image::wire
