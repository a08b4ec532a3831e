// Builds typed programs by hand, lowers them and lets the running kernel judge: loads every object with libbpf and runs raw
// tracepoint programs through BPF_PROG_TEST_RUN. Needs root.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lower/lower.h"
#include "plan/plan.h"
#include "sema/config.h"
#include "types/capability.h"

namespace sonde::lower::test {

using sema::Block;
using sema::Expr;
using sema::Stmt;
using types::TypeRef;

class Script {
 public:
  Script() { buffer_ = sources.add("script", std::string(4096, 'x')); }

  types::TypeContext types;
  sema::TypedProgram program;
  source::SourceSet sources;
  sema::Config config;

  // Each node gets a place of its own.
  source::Range next_range() {
    const uint32_t at = position_++ % 4000;
    return {buffer_, at, at + 1};
  }

  template <typename Node>
  Node* expr(TypeRef type) {
    Node* node = program.nodes.make<Node>();
    node->kind = Node::kKind;
    node->type = type;
    node->range = next_range();
    return node;
  }
  template <typename Node>
  Node* stmt() {
    Node* node = program.nodes.make<Node>();
    node->kind = Node::kKind;
    node->range = next_range();
    return node;
  }

  TypeRef u64() { return types.integer(8, false); }
  TypeRef i64() { return types.integer(8, true); }

  // --- expressions ------------------------------------------------------------------------------------------------------
  const Expr* number(uint64_t bits, TypeRef type = nullptr) {
    auto* node = expr<sema::Constant>(type ? type : u64());
    node->bits = bits;
    return node;
  }
  const Expr* text(std::string bytes, uint32_t capacity = 0) {
    auto* node = expr<sema::Text>(types.string(capacity ? capacity : static_cast<uint32_t>(bytes.size()) + 1));
    node->bytes = std::move(bytes);
    return node;
  }
  const Expr* arg(uint32_t number) {
    auto* node = expr<sema::ContextArg>(u64());
    node->number = number;
    return node;
  }
  const Expr* read(const sema::Variable* variable) {
    auto* node = expr<sema::VariableRead>(variable->type);
    node->variable = variable;
    return node;
  }
  const Expr* read(const sema::Map* map, const Expr* key = nullptr) {
    auto* node = expr<sema::MapRead>(map->value->kind == types::Kind::aggregate ? u64() : map->value);
    node->map = map;
    node->key = key;
    return node;
  }
  const Expr* whole(const sema::Map* map) {
    auto* node = expr<sema::MapRef>(types.none());
    node->map = map;
    return node;
  }
  const Expr* address_of(const sema::Variable* variable) {
    auto* node = expr<sema::AddressOf>(types.pointer(variable->type, types::Space::kernel));
    node->variable = variable;
    return node;
  }
  const Expr* binary(sema::BinaryOp op, const Expr* left, const Expr* right) {
    auto* node = expr<sema::Binary>(op >= sema::BinaryOp::eq ? types.boolean() : left->type);
    node->op = op;
    node->left = left;
    node->right = right;
    return node;
  }
  const Expr* logical(bool is_and, const Expr* left, const Expr* right) {
    auto* node = expr<sema::Logical>(types.boolean());
    node->is_and = is_and;
    node->left = left;
    node->right = right;
    return node;
  }
  const Expr* conditional(const Expr* condition, const Expr* yes, const Expr* no, TypeRef type) {
    auto* node = expr<sema::Conditional>(type);
    node->condition = condition;
    node->then_value = yes;
    node->else_value = no;
    return node;
  }
  const Expr* block_expr(std::vector<const Stmt*> statements, const Expr* value = nullptr) {
    auto* node = expr<sema::BlockExpr>(value ? value->type : types.none());
    node->block.statements = std::move(statements);
    node->value = value;
    return node;
  }
  const Expr* tuple(std::vector<const Expr*> elements) {
    std::vector<TypeRef> element_types;
    for (const Expr* element : elements) element_types.push_back(element->type);
    auto* node = expr<sema::TupleMake>(types.tuple(element_types));
    for (uint32_t i = 0; i < elements.size(); ++i) node->evaluation.push_back(i);
    node->elements = std::move(elements);
    return node;
  }
  const Expr* element(const Expr* base, uint32_t index) {
    auto* node = expr<sema::Element>(base->type->members[index].type);
    node->base = base;
    node->index = index;
    return node;
  }
  const Expr* index(const Expr* base, const Expr* at, TypeRef type) {
    auto* node = expr<sema::Index>(type);
    node->base = base;
    node->index = at;
    return node;
  }
  const Expr* cast(sema::CastKind kind, const Expr* operand, TypeRef type) {
    auto* node = expr<sema::Cast>(type);
    node->cast = kind;
    node->operand = operand;
    return node;
  }
  const sema::Call* call(const char* name, std::vector<const Expr*> arguments = {}, TypeRef type = nullptr) {
    auto* node = expr<sema::Call>(type ? type : types.void_type());
    node->row = builtins::find_builtin(name);
    EXPECT_NE(node->row, nullptr) << name;
    for (const Expr* argument : arguments) {
      builtins::Argument described;
      described.type = argument->type;
      described.range = argument->range;
      if (argument->kind == sema::ExprKind::text) described.text = sema::as<sema::Text>(*argument).bytes;
      if (argument->kind == sema::ExprKind::constant) described.integer = sema::as<sema::Constant>(*argument).bits;
      if (argument->kind == sema::ExprKind::map_ref)
        described.map = builtins::MapArgument{sema::as<sema::MapRef>(*argument).map->name, false, nullptr, nullptr};
      node->described.push_back(std::move(described));
    }
    node->arguments = std::move(arguments);
    return node;
  }

  // --- declarations -----------------------------------------------------------------------------------------------------
  sema::Map* map(std::string name, TypeRef key, TypeRef value) {
    sema::Map& map = program.maps.emplace_back();
    map.name = std::move(name);
    map.scalar = key == nullptr;
    map.key = key;
    map.value = value;
    return &map;
  }
  // A raw tracepoint program that TEST_RUN can start; argN are the words of its context.
  sema::Program& raw(const std::string& name = "raw") {
    sema::Program& one = program.programs.emplace_back();
    one.probe.provider = one.probe.probetype = "rawtracepoint";
    one.probe.full_name = name;
    one.probe.program_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
    one.probe.arg_source = probes::ArgSource::raw_words;
    one.probe.capabilities = types::kKernelStack;
    one.probe.space = types::Space::kernel;
    one.range = next_range();
    return one;
  }
  sema::Variable* variable(sema::Program& owner, const char* name, TypeRef type) {
    owner.variables.push_back({name, type});
    return &owner.variables.back();
  }

  // --- statements -------------------------------------------------------------------------------------------------------
  const Stmt* declare(const sema::Variable* variable) {
    auto* node = stmt<sema::Declare>();
    node->variable = variable;
    return node;
  }
  const Stmt* assign(const sema::Variable* variable, const Expr* value) {
    auto* node = stmt<sema::AssignVariable>();
    node->variable = variable;
    node->value = value;
    return node;
  }
  const Stmt* assign(const sema::Map* map, const Expr* key, const Expr* value) {
    auto* node = stmt<sema::AssignMap>();
    node->map = map;
    node->key = key;
    node->value = value;
    return node;
  }
  const Stmt* update(const sema::Map* map, const Expr* key, sema::BinaryOp op, const Expr* value) {
    auto* node = stmt<sema::UpdateMap>();
    node->map = map;
    node->key = key;
    node->op = op;
    node->value = value;
    return node;
  }
  const Stmt* aggregate(const sema::Map* map, const Expr* key, const sema::Call* call) {
    auto* node = stmt<sema::UpdateAggregate>();
    node->map = map;
    node->key = key;
    node->call = call;
    return node;
  }
  const Stmt* expression(const Expr* value) {
    auto* node = stmt<sema::Expression>();
    node->value = value;
    return node;
  }
  const Stmt* increment(const sema::Map* map, const Expr* key) {
    auto* node = expr<sema::Increment>(i64());
    node->map = map;
    node->key = key;
    return expression(node);
  }
  const Stmt* for_range(const sema::Variable* variable, const Expr* begin, const Expr* end,
                        std::vector<const Stmt*> body) {
    auto* node = stmt<sema::ForRange>();
    node->variable = variable;
    node->begin = begin;
    node->end = end;
    node->body.statements = std::move(body);
    return node;
  }
  const Stmt* for_map(const sema::Variable* variable, const sema::Map* map, std::vector<const Stmt*> body) {
    auto* node = stmt<sema::ForMap>();
    node->variable = variable;
    node->map = map;
    node->body.statements = std::move(body);
    return node;
  }
  const Stmt* while_loop(const Expr* condition, std::vector<const Stmt*> body) {
    auto* node = stmt<sema::While>();
    node->condition = condition;
    node->body.statements = std::move(body);
    return node;
  }
  const Stmt* unroll(uint32_t count, std::vector<const Stmt*> body) {
    auto* node = stmt<sema::Unroll>();
    node->count = count;
    node->body.statements = std::move(body);
    return node;
  }
  const Stmt* jump(sema::JumpKind kind, const Expr* value = nullptr) {
    auto* node = stmt<sema::Jump>();
    node->jump = kind;
    node->value = value;
    return node;
  }
  const Stmt* if_then(const Expr* condition, std::vector<const Stmt*> yes) {
    return expression(conditional(condition, block_expr(std::move(yes)), nullptr, types.void_type()));
  }

  // --- outcome ----------------------------------------------------------------------------------------------------------
  image::Image lower(Options options = {}) {
    options.verify_ir = true;
    options.want_ir = true;
    plan::Plan plan = plan::make_plan(program, config, sources, {options.portable, "x86_64", "test"});
    Result<Output> result = sonde::lower::lower(program, plan, sources, options);
    if (!result) {
      ADD_FAILURE() << result.error().text();
    } else {
      output = std::move(*result);
    }
    return std::move(plan.image);
  }
  Output output;

 private:
  source::BufferId buffer_;
  uint32_t position_ = 0;
};

// An object in the kernel.
class Loaded {
 public:
  explicit Loaded(const image::Image& image) : image_(image) {
    // A warning of libbpf is a failure too: it goes on without BTF when the kernel refuses it.
    libbpf_set_print([](enum libbpf_print_level level, const char* format, va_list arguments) {
      char text[512];
      std::vsnprintf(text, sizeof text, format, arguments);
      if (level == LIBBPF_WARN && !std::strstr(text, "BPF program load failed")) ADD_FAILURE() << text;
      return 0;
    });
    log_.resize(1 << 24);
    LIBBPF_OPTS(bpf_object_open_opts, options);
    options.object_name = "sonde";
    options.kernel_log_buf = log_.data();
    options.kernel_log_size = log_.size();
    options.kernel_log_level = 1;
    object_ = bpf_object__open_mem(image.object.data(), image.object.size(), &options);
    if (!object_) {
      ADD_FAILURE() << "open: " << std::strerror(errno);
      return;
    }
    for (const image::ProgramDesc& desc : image.programs) {
      bpf_program* program = bpf_object__find_program_by_name(object_, desc.symbol.c_str());
      EXPECT_NE(program, nullptr) << desc.symbol;
      if (!program) return;
      bpf_program__set_type(program, static_cast<bpf_prog_type>(desc.program_type));
      bpf_program__set_expected_attach_type(program, static_cast<bpf_attach_type>(desc.expected_attach_type));
    }
    const int cpus = libbpf_num_possible_cpus();
    for (const image::MapDesc& desc : image.maps) {
      if (desc.max_entries != 0) continue;
      const bool ring = desc.kind == image::MapKind::ring_buffer;
      bpf_map__set_max_entries(map(desc.elf_name), ring ? ring_bytes : static_cast<uint32_t>(cpus));
    }
    if (!image.parameters.empty()) {
      size_t size = 0;
      auto* bytes = static_cast<char*>(const_cast<void*>(bpf_map__initial_value(map(".rodata"), &size)));
      for (const image::Parameter& parameter : image.parameters)
        if (parameter.kind == image::ParameterKind::cpu_count) {
          const auto count = static_cast<uint64_t>(cpus);
          std::memcpy(bytes + parameter.offset, &count, 8);
        }
    }
    error_ = bpf_object__load(object_);
    if (const size_t end = std::strlen(log_.c_str()); error_ != 0)
      ADD_FAILURE() << error_ << ": " << log_.substr(end > 3000 ? end - 3000 : 0, 3000);
  }
  ~Loaded() { bpf_object__close(object_); }
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;

  static constexpr uint32_t ring_bytes = 1 << 20;
  bool ok() const { return object_ && error_ == 0; }
  const char* log() const { return log_.c_str(); }

  bpf_map* map(const std::string& name) { return bpf_object__find_map_by_name(object_, name.c_str()); }

  // Runs the first (or named) program once with these context words; its result.
  uint32_t run(std::vector<uint64_t> words = {}, size_t index = 0) {
    if (!ok()) return 0;
    words.resize(12);
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.ctx_in = words.data();
    options.ctx_size_in = static_cast<uint32_t>(words.size() * 8);
    bpf_program* program = bpf_object__find_program_by_name(object_, image_.programs[index].symbol.c_str());
    EXPECT_EQ(bpf_prog_test_run_opts(bpf_program__fd(program), &options), 0) << std::strerror(errno);
    return options.retval;
  }

  // Bytes of one entry, of all CPUs for per-CPU kinds; empty if missing.
  std::vector<uint8_t> entry(const std::string& name, const void* key) {
    bpf_map* found = map(name);
    if (!found) return {};
    const bool per_cpu = bpf_map__type(found) == BPF_MAP_TYPE_PERCPU_ARRAY ||
                         bpf_map__type(found) == BPF_MAP_TYPE_PERCPU_HASH ||
                         bpf_map__type(found) == BPF_MAP_TYPE_LRU_PERCPU_HASH;
    const size_t size = (bpf_map__value_size(found) + 7) / 8 * 8;
    std::vector<uint8_t> bytes(size * static_cast<size_t>(per_cpu ? libbpf_num_possible_cpus() : 1));
    if (bpf_map_lookup_elem(bpf_map__fd(found), key, bytes.data()) != 0) return {};
    return bytes;
  }
  // Sum over CPUs of the u64 at `offset`; -1 if missing.
  int64_t word(const std::string& name, const void* key, size_t offset = 0) {
    const std::vector<uint8_t> bytes = entry(name, key);
    if (bytes.empty()) return -1;
    const size_t size = (bpf_map__value_size(map(name)) + 7) / 8 * 8;
    int64_t sum = 0;
    for (size_t at = 0; at < bytes.size(); at += size) {
      int64_t value = 0;
      std::memcpy(&value, bytes.data() + at + offset, 8);
      sum += value;
    }
    return sum;
  }
  int64_t scalar(const std::string& name, size_t offset = 0) {
    const uint32_t zero = 0;
    return word(name, &zero, offset);
  }
  size_t entries(const std::string& name) {
    size_t count = 0;
    std::vector<uint8_t> key(4096), next(4096);
    const int fd = bpf_map__fd(map(name));
    for (void* from = nullptr; bpf_map_get_next_key(fd, from, next.data()) == 0; from = key.data()) {
      ++count;
      key.swap(next);
    }
    return count;
  }
  // Total of all error sites.
  int64_t errors() {
    int64_t total = 0;
    for (uint32_t site = 0; site < image_.error_sites.size(); ++site) total += word(image::kErrorMap, &site);
    return total;
  }
  // Records that are in the ring now.
  std::vector<std::vector<uint8_t>> records() {
    std::vector<std::vector<uint8_t>> all;
    const auto take = [](void* to, void* data, size_t size) {
      auto* bytes = static_cast<uint8_t*>(data);
      static_cast<std::vector<std::vector<uint8_t>>*>(to)->emplace_back(bytes, bytes + size);
      return 0;
    };
    ring_buffer* ring = ring_buffer__new(bpf_map__fd(map(image::kRingMap)), take, &all, nullptr);
    ring_buffer__consume(ring);
    ring_buffer__free(ring);
    return all;
  }

 private:
  const image::Image& image_;
  bpf_object* object_ = nullptr;
  int error_ = -1;
  std::string log_;
};

}  // namespace sonde::lower::test
