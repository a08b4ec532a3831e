// From image to kernel with libbpf. Program types and BTF targets are set by us, right before each BPF_PROG_LOAD, so
// that libbpf does not parse the kernel's BTF (11 ms and more) for them.
#include "runtime/load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <unordered_map>

#include "runtime/attach/bpf_syscall.h"
#include "runtime/kernel_btf.h"

namespace sonde::runtime {

void BpfObjectCloser::operator()(bpf_object* object) const { bpf_object__close(object); }

namespace {

// The verifier's words in a log buffer, which may be empty: no log was asked for.
std::string log_text(const std::vector<char>& log) {
  return log.empty() ? std::string() : std::string(log.data(), ::strnlen(log.data(), log.size()));
}

constexpr uint64_t kPageSize = 4096;
// The kernel refuses smaller log buffers.
constexpr uint64_t kLeastLog = 4096;

// Bytes per CPU of a map that is allocated at once.
constexpr uint64_t kMostPreallocated = 8 << 20;

// Linux 6.1 or later.
bool grows_safely(const std::string& release) {
  unsigned major = 0, minor = 0;
  return std::sscanf(release.c_str(), "%u.%u", &major, &minor) == 2 && (major > 6 || (major == 6 && minor >= 1));
}

int print_nothing(libbpf_print_level, const char*, va_list) { return 0; }

__attribute__((format(printf, 2, 0))) int print_messages(libbpf_print_level level, const char* format,
                                                         va_list arguments) {
  const char* prefix = level == LIBBPF_WARN ? "[WARN] " : level == LIBBPF_INFO ? "[INFO] " : "[DEBUG] ";
  std::fputs(prefix, stdout);
  return std::vprintf(format, arguments);
}

// Unregisters libbpf's handler for sections of any name.
class HandlerRegistration {
 public:
  explicit HandlerRegistration(int id) : id_(id) {}
  ~HandlerRegistration() {
    if (id_ >= 0) libbpf_unregister_prog_handler(id_);
  }
  HandlerRegistration(const HandlerRegistration&) = delete;
  HandlerRegistration& operator=(const HandlerRegistration&) = delete;

 private:
  int id_;
};

using ObjectPtr = std::unique_ptr<bpf_object, BpfObjectCloser>;

// One load. libbpf's callbacks get its address as their cookie.
class Loader {
 public:
  Loader(const image::Image& image, const LoadOptions& options)
      : image_(image),
        options_(options),
        programs_(image.programs.size(), nullptr),
        logs_(image.programs.size()),
        log_size_(std::max(image.config.log_size, kLeastLog)) {
    for (uint32_t i = 0; i < image.programs.size(); ++i) by_section_.emplace(image.programs[i].section, i);
    utsname system{};
    ::uname(&system);
    release_ = system.release;
    same_kernel_ = image.target.kernel_release == release_;
  }

  std::expected<BpfObject, LoadError> run();

 private:
  static int on_setup(bpf_program* program, long cookie) { return reinterpret_cast<Loader*>(cookie)->setup(program); }
  static int on_prepare(bpf_program* program, bpf_prog_load_opts* load, long cookie) {
    return reinterpret_cast<Loader*>(cookie)->prepare(program, load);
  }
  int setup(bpf_program* program);
  int prepare(bpf_program* program, bpf_prog_load_opts* load);
  void prepare_maps(bpf_object* object) const;
  std::expected<void, LoadError> write_parameters(bpf_object* object) const;
  LoadError explain(int code, bpf_object* object) const;
  std::string refused_map(bpf_object* object) const;
  std::vector<std::string> take_logs() const;

  static std::unexpected<LoadError> fail(std::string what, int code = 0) {
    LoadError error;
    error.what = std::move(what);
    error.code = code;
    return std::unexpected(std::move(error));
  }

  const image::Image& image_;
  const LoadOptions& options_;
  std::vector<bpf_program*> programs_;
  std::vector<std::vector<char>> logs_;  // by program, only with options_.verifier_logs
  std::vector<char> failure_log_;
  uint64_t log_size_;
  std::unordered_map<std::string_view, uint32_t> by_section_;
  std::unordered_map<const bpf_program*, uint32_t> by_program_;
  std::string release_;
  bool same_kernel_ = false;
  KernelBtf btf_;
  base::Fd module_btf_;
  base::Fd target_program_;
  image::ProgramId current_;  // the program being loaded
  Error target_fault_;        // why its BTF target was not found
};

int Loader::setup(bpf_program* program) {
  const auto found = by_section_.find(bpf_program__section_name(program));
  if (found == by_section_.end()) return 0;
  const uint32_t index = found->second;
  const image::ProgramDesc& desc = image_.programs[index];
  programs_[index] = program;
  by_program_.emplace(program, index);
  if (index < options_.skip.size() && options_.skip[index]) bpf_program__set_autoload(program, false);
  // libbpf loads the kernel's BTF as soon as it sees a TRACING program, so it sees another type until prepare().
  const uint32_t type =
      desc.program_type == BPF_PROG_TYPE_TRACING ? uint32_t{BPF_PROG_TYPE_RAW_TRACEPOINT} : desc.program_type;
  bpf_program__set_type(program, static_cast<bpf_prog_type>(type));
  uint32_t attach_type = desc.expected_attach_type;
  if (const auto* uprobe = std::get_if<image::UprobeAttach>(&desc.attach))
    attach_type = options_.uprobe_multi && uprobe->sites.size() > 1 ? attach::kTraceUprobeMulti : 0;
  if (const auto* kprobe = std::get_if<image::KprobeAttach>(&desc.attach))
    if (options_.kprobe_multi && !kprobe->functions.empty()) attach_type = attach::kTraceKprobeMulti;
  bpf_program__set_expected_attach_type(program, static_cast<bpf_attach_type>(attach_type));
  if (desc.sleepable) bpf_program__set_flags(program, BPF_F_SLEEPABLE);
  if (options_.verifier_logs) {
    logs_[index].resize(log_size_);
    bpf_program__set_log_level(program, 1);
    bpf_program__set_log_buf(program, logs_[index].data(), log_size_);
  }
  return 0;
}

int Loader::prepare(bpf_program* program, bpf_prog_load_opts* load) {
  const uint32_t index = by_program_.at(program);
  const image::ProgramDesc& desc = image_.programs[index];
  current_ = {index};
  const auto* tracing = std::get_if<image::TracingAttach>(&desc.attach);
  if (!tracing) return 0;
  bpf_program__set_type(program, static_cast<bpf_prog_type>(desc.program_type));
  if (tracing->bpf_program != 0) {
    target_program_ = base::Fd(bpf_prog_get_fd_by_id(tracing->bpf_program));
    if (!target_program_.valid()) {
      target_fault_ = {"No valid BPF program found with name: " + tracing->function +
                           " and id: " + std::to_string(tracing->bpf_program) + ".",
                       0};
      return -ESRCH;
    }
    load->attach_prog_fd = static_cast<uint32_t>(target_program_.get());
    load->attach_btf_id = tracing->btf_id;
    return 0;
  }
  const bool in_module = !tracing->module.empty() && tracing->module != "vmlinux";
  if (tracing->btf_id != 0 && same_kernel_ && !in_module) {
    load->attach_btf_id = tracing->btf_id;
    return 0;
  }
  auto target = btf_.find(*tracing);
  if (!target) {
    target_fault_ = target.error();
    return -(target_fault_.code ? target_fault_.code : ESRCH);
  }
  load->attach_btf_id = target->id;
  // Kept open for the duration of BPF_PROG_LOAD; the kernel takes its own reference.
  module_btf_ = std::move(target->module);
  if (module_btf_.valid()) load->attach_btf_obj_fd = static_cast<uint32_t>(module_btf_.get());
  return 0;
}

void Loader::prepare_maps(bpf_object* object) const {
  for (const image::MapDesc& desc : image_.maps) {
    bpf_map* map = bpf_object__find_map_by_name(object, desc.elf_name.c_str());
    if (!map) continue;
    if (desc.max_entries == 0) {
      const bool ring = desc.kind == image::MapKind::ring_buffer;
      uint32_t entries = ring ? ring_size(image_.config.perf_rb_pages)
                              : static_cast<uint32_t>(std::max(1, libbpf_num_possible_cpus()));
      if (desc.elf_name == image::kUnwindRowsMap) entries = std::max(1U, options_.unwind_rows);
      bpf_map__set_max_entries(map, entries);
    }
    // Histograms and series of many keys: all cells of all CPUs in advance would be a good part of the memory. Since 6.1
    // tracing programs may use maps that grow, and allocating in them is safe.
    if (desc.kind == image::MapKind::percpu_hash && uint64_t{desc.value_size} * desc.max_entries > kMostPreallocated &&
        grows_safely(release_))
      bpf_map__set_map_flags(map, bpf_map__map_flags(map) | BPF_F_NO_PREALLOC);
  }
}

std::expected<void, LoadError> Loader::write_parameters(bpf_object* object) const {
  if (options_.parameters.empty()) return {};
  bpf_map* rodata = bpf_object__find_map_by_name(object, ".rodata");
  size_t size = 0;
  const void* initial = rodata ? bpf_map__initial_value(rodata, &size) : nullptr;
  if (!initial) return fail("the program has parameters but no read-only data");
  std::vector<char> bytes(static_cast<const char*>(initial), static_cast<const char*>(initial) + size);
  for (const ParameterValue& value : options_.parameters) {
    if (value.offset > size || value.bytes.size() > size - value.offset)
      return fail("a parameter lies outside the program's read-only data");
    std::memcpy(bytes.data() + value.offset, value.bytes.data(), value.bytes.size());
  }
  if (const int result = bpf_map__set_initial_value(rodata, bytes.data(), size); result != 0)
    return fail("set the program's parameters", -result);
  return {};
}

// libbpf does not say which map the kernel refused, so each is tried alone.
std::string Loader::refused_map(bpf_object* object) const {
  for (const image::MapDesc& desc : image_.maps) {
    const bpf_map* map = bpf_object__find_map_by_name(object, desc.elf_name.c_str());
    if (!map) continue;
    LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = bpf_map__map_flags(map));
    const base::Fd fd(bpf_map_create(bpf_map__type(map), nullptr, bpf_map__key_size(map), bpf_map__value_size(map),
                                     bpf_map__max_entries(map), &options));
    if (!fd.valid()) return desc.name;
  }
  return {};
}

LoadError Loader::explain(int code, bpf_object* object) const {
  LoadError error;
  error.code = code;
  error.program = current_;
  if (!current_.valid()) {
    const std::string map = refused_map(object);
    error.what = map.empty() ? "The kernel refused the BPF object" : "The kernel refused map " + map;
    return error;
  }
  const image::ProgramDesc& program = image_.programs[current_.value];
  if (!target_fault_.what.empty()) {
    error.what = target_fault_.what;
    error.missing_target = code == ESRCH;
    return error;
  }
  error.what = "Error loading BPF program for " + program.symbol;
  const std::vector<char>& log = options_.verifier_logs ? logs_[current_.value] : failure_log_;
  error.log = log_text(log);
  error.log_trimmed = code == ENOSPC || error.log.size() + 1 >= log.size();
  error.rejection = explain_rejection(image_, error.log);
  if (!error.rejection.span.valid()) error.rejection.span = program.span;
  return error;
}

std::vector<std::string> Loader::take_logs() const {
  std::vector<std::string> texts;
  for (const std::vector<char>& log : logs_) texts.push_back(log_text(log));
  return texts;
}

std::expected<BpfObject, LoadError> Loader::run() {
  if (!image_.target.portable && !image_.target.kernel_release.empty() && !same_kernel_)
    return fail("The program was compiled for kernel " + image_.target.kernel_release + ", this is " + release_ +
                "; compile it again here");
  libbpf_set_print(options_.libbpf_messages ? print_messages : print_nothing);
  // Since 5.11 BPF memory is charged to the memory cgroup; libbpf would test for that and raise a limit we do not need.
  libbpf_set_memlock_rlim(0);
  LIBBPF_OPTS(libbpf_prog_handler_opts, handler, .cookie = reinterpret_cast<long>(this), .prog_setup_fn = on_setup,
              .prog_prepare_load_fn = on_prepare);
  const HandlerRegistration registration(
      libbpf_register_prog_handler(nullptr, BPF_PROG_TYPE_UNSPEC, static_cast<bpf_attach_type>(0), &handler));
  // Only written if a program is rejected: libbpf then loads it a second time with logging.
  if (!options_.verifier_logs) failure_log_.resize(log_size_);
  LIBBPF_OPTS(bpf_object_open_opts, open, .object_name = "sonde", .kernel_log_buf = failure_log_.data(),
              .kernel_log_size = failure_log_.size());
  if (options_.verifier_logs) open.kernel_log_buf = nullptr;
  ObjectPtr object(bpf_object__open_mem(image_.object.data(), image_.object.size(), &open));
  if (!object) return fail("The compiled program is not a BPF object libbpf can open", errno);
  for (uint32_t i = 0; i < programs_.size(); ++i)
    if (!programs_[i]) return fail("The BPF object lacks program " + image_.programs[i].symbol);
  // Programs of imported C files are not ours to attach; their functions are what was asked for.
  bpf_program* any = nullptr;
  bpf_object__for_each_program(any, object.get()) if (!by_program_.contains(any)) bpf_program__set_autoload(any, false);
  prepare_maps(object.get());
  if (auto written = write_parameters(object.get()); !written) return std::unexpected(written.error());
  if (const int result = bpf_object__load(object.get()); result != 0)
    return std::unexpected(explain(-result, object.get()));

  std::vector<int> programs;
  for (const bpf_program* program : programs_)
    programs.push_back(bpf_program__autoload(program) ? bpf_program__fd(program) : -1);
  std::vector<int> maps;
  for (const image::MapDesc& desc : image_.maps) {
    const bpf_map* map = bpf_object__find_map_by_name(object.get(), desc.elf_name.c_str());
    maps.push_back(map ? bpf_map__fd(map) : -1);
  }
  return BpfObject(std::move(object), std::move(programs), std::move(maps), take_logs());
}

}  // namespace

uint32_t ring_size(uint64_t pages) {
  constexpr uint64_t kLeast = 64;
  constexpr uint64_t kMost = 4096;
  if (pages == 0) {
    // A thousandth of the memory: 2 MiB of ring in 2 GiB. And what all CPUs can fill in some 20 milliseconds, so long may
    // others run before we do: a line of 100 bytes takes a CPU a microsecond.
    constexpr uint64_t kPerCpu = (2 << 20) / kPageSize, kEnough = 2 * kPerCpu;
    struct sysinfo system{};
    ::sysinfo(&system);
    const uint64_t memory = system.totalram * system.mem_unit / kPageSize / 1024;
    const auto cpus = static_cast<uint64_t>(std::max(1, libbpf_num_possible_cpus()));
    pages = std::clamp(std::min(memory, std::max(std::bit_ceil(cpus) * kPerCpu, kEnough)), kLeast, kMost);
    return static_cast<uint32_t>(std::bit_floor(pages) * kPageSize);
  }
  constexpr uint64_t kLargest = uint64_t{1} << 18;  // 1 GiB
  return static_cast<uint32_t>(std::bit_ceil(std::min(pages, kLargest)) * kPageSize);
}

std::expected<BpfObject, LoadError> load(const image::Image& image, const LoadOptions& options) {
  return Loader(image, options).run();
}

}  // namespace sonde::runtime
