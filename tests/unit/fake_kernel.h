// A KernelView made by hand: a few types, a tracepoint and a function, so that sema is tested without any kernel.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kernel/kernel_view.h"

namespace sonde::testing {

class FakeKernel : public kernel::KernelView, public types::CRecordSource {
 public:
  FakeKernel() {
    task_ = types_.add_record("struct", "task_struct", 64, 8, *this, 1, true);
    color_ = types_.add_enum({.name = "color", .variants = {{"RED", 0}, {"GREEN", 1}, {"BLUE", 7}}});
  }

  std::vector<types::CField> fields(const types::CRecord& record) override {
    types::TypeRef task = types_.c_record(&record);
    return {{.name = "pid", .type = types_.integer(4, true), .offset = 0},
            {.name = "flags", .type = types_.integer(4, false), .offset = 4, .bit_offset = 2, .bit_size = 3},
            {.name = "comm", .type = types_.string(16), .offset = 8},
            {.name = "parent", .type = types_.pointer(task, types::Space::none), .offset = 24},
            {.name = "bits", .type = types_.array(types_.integer(8, false), 4), .offset = 32},
            {.name = "cpu_data",
             .type = types_.pointer(types_.integer(8, false), types::Space::none),
             .offset = 24,
             .tag = "percpu"}};
  }

  types::TypeContext& types() const override { return types_; }
  bool has_btf() const override { return true; }
  types::TypeRef find_type(std::string_view tag, std::string_view name) const override {
    if (tag == "struct" && name == "task_struct") return types_.c_record(task_);
    if (tag == "enum" && name == "color") return types_.enumeration(color_);
    if (tag.empty() && name == "u32") return types_.integer(4, false);
    if (tag.empty() && name == "int") return types_.integer(4, true);
    return nullptr;
  }
  std::optional<kernel::Enumerator> find_enumerator(std::string_view name) const override {
    for (const image::EnumVariant& variant : color_->variants)
      if (variant.name == name) return kernel::Enumerator{types_.enumeration(color_), variant.value};
    return {};
  }
  Result<kernel::FunctionProto> find_function(std::string_view, std::string_view name) const override {
    if (name != "vfs_read") return base::fail("no function " + std::string(name));
    kernel::FunctionProto proto{.name = "vfs_read", .module = "vmlinux", .btf_id = 7};
    proto.parameters = {{"task", types_.pointer(types_.c_record(task_), types::Space::kernel), "struct task_struct *"},
                        {"count", types_.integer(8, false), "size_t"}};
    proto.result = types_.integer(8, true);
    proto.result_text = "ssize_t";
    return proto;
  }
  Result<kernel::FunctionProto> find_raw_tracepoint(std::string_view) const override { return base::fail("none"); }
  Result<kernel::FunctionProto> find_iterator(std::string_view) const override { return base::fail("none"); }
  Result<std::vector<std::string>> tracepoints() const override {
    return std::vector<std::string>{"sched:first", "sched:second"};
  }
  Result<std::vector<std::string>> raw_tracepoints() const override { return std::vector<std::string>{}; }
  Result<std::vector<std::string>> traceable_functions() const override {
    return std::vector<std::string>{"vmlinux:vfs_read"};
  }
  Result<std::vector<std::string>> btf_functions() const override {
    return std::vector<std::string>{"vmlinux:vfs_read"};
  }
  std::vector<std::string> iterators() const override { return {}; }
  std::vector<std::string> type_names(std::string_view tag) const override {
    return tag == "struct" ? std::vector<std::string>{"task_struct"} : std::vector<std::string>{};
  }
  std::vector<kernel::TypeDefinition> type_definitions(std::string_view, std::string_view) const override { return {}; }
  Result<kernel::TracepointFormat> tracepoint_format(std::string_view category, std::string_view) const override {
    if (category != "sched") return base::fail("no such event");
    kernel::TracepointFormat format{.id = 3};
    format.fields.push_back(
        {.text = "int value", .type_text = "int", .name = "value", .offset = 8, .size = 4, .is_signed = true});
    return format;
  }
  std::string release() const override { return "6.18.0"; }
  std::string arch() const override { return "x86_64"; }
  uint32_t possible_cpus() const override { return 4; }
  Result<uint64_t> symbol_address(std::string_view name) const override {
    if (name == "jiffies") return 0xffffffff81000000;
    return base::fail("no symbol");
  }
  Result<uint64_t> cgroup_id(std::string_view) const override { return 1; }
  uint32_t cgroup_depth(std::string_view) const override { return 1; }
  std::vector<kernel::BpfFunction> bpf_functions() const override { return {}; }
  bool module_loaded(std::string_view) const override { return false; }
  bool has_feature(std::string_view) const override { return true; }
  std::string lockdown() const override { return "none"; }

 private:
  mutable types::TypeContext types_;
  types::CRecord* task_ = nullptr;
  const types::CEnum* color_ = nullptr;
};

}  // namespace sonde::testing
