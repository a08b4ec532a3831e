// The compiled program: the only thing handed from compiler to runtime. Plain, versioned, dumpable data: no AST pointer,
// no callback, no file descriptor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "image/attach_spec.h"
#include "image/event_layout.h"
#include "image/format_string.h"
#include "image/ids.h"
#include "image/map_desc.h"
#include "image/type_table.h"

namespace sonde::image {

// Raised whenever a field is added, removed or changes its meaning; a reader accepts exactly its own version.
inline constexpr uint32_t kFormatVersion = 4;

struct Target {
  std::string arch;            // "x86_64"
  bool portable = false;       // offsets are CO-RE relocations; else they hold for `kernel_release` only
  std::string kernel_release;  // uname -r of the kernel compiled on
  bool operator==(const Target&) const = default;
};

// A place in the script, for run-time messages. Text and markers are copied so that the image stands alone.
struct SourceSpan {
  std::string file;
  uint32_t line = 0, column = 0, end_column = 0;  // 1-based, end exclusive; end_column 0: several lines
  uint32_t end_line = 0;
  std::string text;                   // the source line(s)
  std::vector<SpanId> expanded_from;  // macro levels, innermost first
  bool operator==(const SourceSpan&) const = default;
};

struct ProgramDesc {
  std::string symbol;                 // function in the ELF, "uprobe___demo_add_3"
  std::string section;                // "s_" + symbol
  std::string probe_name;             // full name: "tracepoint:syscalls:sys_enter_openat"
  std::string provider;               // "tracepoint"
  uint32_t program_type = 0;          // enum bpf_prog_type
  uint32_t expected_attach_type = 0;  // enum bpf_attach_type
  bool sleepable = false;
  bool internal =
      false;  // serves another program of the same probe (saves its arguments): attached first, never counted
  AttachSpec attach;
  SpanId span;  // the attach point
  bool operator==(const ProgramDesc&) const = default;
};

// Something can go wrong in the kernel at one place of the script. The program counts it in the internal map
// kErrorMap[site]; user space polls, so that nothing is lost and nothing floods.
enum class ErrorKind : uint8_t {
  map_full,
  divide_by_zero,
  array_bounds,
  probe_read,
  map_lookup,
  loop_limit,
  stack_read,
  helper
};
struct ErrorSite {
  ErrorKind kind = ErrorKind::helper;
  std::string helper;  // "map_update_elem"; empty: no `Additional Info` line
  MapId map;
  SpanId span;
  bool optional = false;  // shown only with -k (probe reads, lookups)
  bool operator==(const ErrorSite&) const = default;
};

// A value the runtime writes into the object's read-only data before loading: named script parameters, clock offsets, and
// in portable images the tracepoint field offsets of the machine it runs on.
enum class ParameterKind : uint8_t {
  boolean,
  unsigned_integer,
  signed_integer,
  string,                   // getopt(name, default)
  tracepoint_field_offset,  // name = "category:event:field"
  child_pid,                // cpid
  pid_namespace_device,
  pid_namespace_inode,  // pid(curr_ns)
  tracer_start_time,    // elapsed: CLOCK_BOOTTIME at start
  tai_offset,           // nsecs(sw_tai)
  cpu_count,            // number of possible CPUs
  target_pid,           // -p
  wall_offset,          // CLOCK_REALTIME - CLOCK_BOOTTIME at start, nanoseconds
};
struct Parameter {
  ParameterKind kind = ParameterKind::unsigned_integer;
  std::string name;
  std::string description;
  std::string default_text;
  uint32_t offset = 0;  // bytes into section .rodata
  uint32_t size = 0;    // bytes
  bool operator==(const Parameter&) const = default;
};

// The configuration as far as the runtime needs it (language.md 15).
struct RuntimeConfig {
  bool print_maps_on_exit = true;
  bool cpp_demangle = true;
  bool lazy_symbolication = true;
  bool show_debug_info = false;
  std::string str_trunc_trailer = "..";
  std::string missing_probes = "error";
  std::string cache_user_symbols;  // empty: by -c / ASLR
  std::string license = "GPL";
  uint64_t max_cat_bytes = 10240;
  uint64_t max_probes = 1024;
  uint64_t perf_rb_pages = 0;  // 0: by memory
  uint64_t log_size = 1000000;
  uint64_t max_strlen = 1024;
  bool operator==(const RuntimeConfig&) const = default;
};

// Names of the internal maps in the object.
inline constexpr const char* kRingMap = "sonde_ring";
inline constexpr const char* kErrorMap = "sonde_errors";   // per-CPU array[error sites] of ErrorCell
inline constexpr const char* kLossMap = "sonde_losses";    // per-CPU array[programs] of LossCell
inline constexpr const char* kEntryMap = "sonde_entries";  // LRU hash: arguments saved at entry, for programs at return
inline constexpr const char* kPacketMap = "sonde_packets";   // perf event array, for skboutput()
inline constexpr const char* kScratchMap = "sonde_scratch";  // array[CPUs]: per-CPU scratch slots
// Tables of dw_ustack (unwind_tables.h): array[runtime's choice] of rows; hash from process to its address space.
inline constexpr const char* kUnwindRowsMap = "sonde_unwind_rows";
inline constexpr const char* kUnwindSpacesMap = "sonde_unwind_spaces";
inline constexpr uint32_t kUnwindProcesses = 64;
struct ErrorCell {
  uint64_t count;
  int64_t code;  // of the last failure
};
struct LossCell {
  uint64_t events;  // records that found the ring full
  uint64_t busy;    // runs skipped because all scratch slots of the CPU were taken
};

struct Image {
  uint32_t version = kFormatVersion;
  Target target;
  std::vector<std::byte> object;  // ELF from the BPF backend
  std::vector<Layout> types;
  std::vector<MapDesc> maps;
  std::vector<ProgramDesc> programs;
  std::vector<EventLayout> events;
  std::vector<FormatString> formats;
  std::vector<std::string> strings;  // strftime formats, separators, cgroup filters
  std::vector<SourceSpan> spans;
  std::vector<ErrorSite> error_sites;
  std::vector<Parameter> parameters;
  std::vector<std::string> required_features;  // names of runtime/features.h
  RuntimeConfig config;
  bool operator==(const Image&) const = default;
};

// Serialises an image; read() gives back an equal one.
std::vector<std::byte> write(const Image& image);
// Reads an image. Fails on a wrong magic, another version, or any inconsistency (every id is checked), never crashes.
Result<Image> read(std::span<const std::byte> bytes);
// The image as text, without the object's bytes: the golden form of the plan and image stages.
std::string dump(const Image& image);

}  // namespace sonde::image
