// The part of a KernelView that comes from BTF: one file per module in a folder, `vmlinux` being the kernel itself. Live
// and recorded views share it and differ in the folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/btf.h"
#include "kernel/btf_types.h"
#include "kernel/kernel_view.h"

namespace sonde::kernel {

class BtfView : public KernelView {
 public:
  types::TypeContext& types() const override { return context_; }
  bool has_btf() const override;
  types::TypeRef find_type(std::string_view tag, std::string_view name) const override;
  std::optional<Enumerator> find_enumerator(std::string_view name) const override;
  Result<FunctionProto> find_function(std::string_view module, std::string_view name) const override;
  Result<FunctionProto> find_raw_tracepoint(std::string_view name) const override;
  Result<FunctionProto> find_iterator(std::string_view name) const override;
  Result<std::vector<std::string>> raw_tracepoints() const override;
  Result<std::vector<std::string>> btf_functions() const override;
  std::vector<std::string> iterators() const override;
  std::vector<std::string> type_names(std::string_view tag) const override;
  std::vector<TypeDefinition> type_definitions(std::string_view tag, std::string_view name) const override;

 protected:
  // `folder`: "/sys/kernel/btf", or the like of a recording. `file`: a BTF file to take instead of the kernel's, which
  // then stands alone, without modules; empty: none.
  BtfView(types::TypeContext& context, std::string folder, std::string file = {})
      : context_(context), folder_(std::move(folder)), file_(std::move(file)), modules_tried_(!file_.empty()) {}
  // What BTF tells of a feature: helper "get_func_ip", "kfunc:NAME", multi links. Empty: not a matter of BTF.
  std::optional<bool> btf_feature(std::string_view name) const;

 private:
  struct Module {
    std::string name;
    std::unique_ptr<Btf> btf;
    std::unique_ptr<BtfTypes> types;
    // Functions by name, made by the first listing; lookups use it from then on.
    std::vector<std::pair<std::string_view, uint32_t>> functions;
  };
  static void index_functions(Module& module);
  // Id of a function; 0: none.
  static uint32_t function_id(const Module& module, std::string_view name);
  // The kernel itself; null without BTF.
  Module* vmlinux() const;
  // All of them, vmlinux first; modules are opened by the first call.
  const std::vector<std::unique_ptr<Module>>& all_modules() const;
  std::unique_ptr<Module> open_module(const std::string& name, const Module* base) const;
  // First hit of `look(module)`, vmlinux before modules. `look` gives something that converts to bool.
  template <typename Look>
  auto first_hit(Look look) const -> decltype(look(std::declval<Module&>()));

  // The id under which the kernel knows a type; 0: to be looked up by name when loading.
  uint32_t kernel_id(uint32_t id) const { return file_.empty() ? id : 0; }

  types::TypeContext& context_;
  std::string folder_;
  std::string file_;
  mutable bool vmlinux_tried_ = false;
  mutable bool modules_tried_;
  mutable std::vector<std::unique_ptr<Module>> modules_;
};

}  // namespace sonde::kernel
