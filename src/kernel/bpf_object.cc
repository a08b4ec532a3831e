// Reads through libelf. Programs have sections of their own; what may be called stands in `.text` (libbpf's convention).
#include "kernel/bpf_object.h"

#include <gelf.h>

#include <algorithm>

namespace sonde::kernel {
namespace {

constexpr std::string_view kFunctionSection = ".text";

struct ElfCloser {
  void operator()(Elf* elf) const { ::elf_end(elf); }
};

// Whether a value of the type travels in one register.
bool fits_register(types::TypeRef type) {
  switch (type->kind) {
    case types::Kind::integer:
    case types::Kind::boolean:
    case types::Kind::enumeration:
    case types::Kind::pointer: return true;
    default: return false;
  }
}

bool callable(const FunctionProto& function) {
  return (function.result->kind == types::Kind::void_type || fits_register(function.result)) &&
         std::ranges::all_of(function.parameters,
                             [](const Parameter& parameter) { return fits_register(parameter.type); });
}

}  // namespace

Result<std::unique_ptr<BpfObject>> BpfObject::read(std::vector<char> elf, const std::string& name,
                                                   types::TypeContext& types, Layouts layouts) {
  std::unique_ptr<BpfObject> object(new BpfObject);
  object->elf_ = std::move(elf);
  SONDE_TRY(object->read_functions(name, types, layouts));
  return object;
}

Result<> BpfObject::read_functions(const std::string& name, types::TypeContext& types, Layouts layouts) {
  ::elf_version(EV_CURRENT);
  const std::unique_ptr<Elf, ElfCloser> elf(::elf_memory(elf_.data(), elf_.size()));
  GElf_Ehdr header;
  if (!elf || !::gelf_getehdr(elf.get(), &header) || header.e_machine != EM_BPF)
    return base::fail(name + " is not a BPF object");
  size_t names = 0;
  ::elf_getshdrstrndx(elf.get(), &names);
  std::vector<std::string> functions;
  std::vector<size_t> text;  // sections of functions
  Elf_Scn* symbols = nullptr;
  GElf_Shdr symbols_header{};
  for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf.get(), section)) != nullptr;) {
    GElf_Shdr at;
    if (!::gelf_getshdr(section, &at)) continue;
    const char* title = ::elf_strptr(elf.get(), names, at.sh_name);
    const std::string_view called = title ? title : "";
    if (called == kFunctionSection) text.push_back(::elf_ndxscn(section));
    if (at.sh_type == SHT_SYMTAB) {
      symbols = section;
      symbols_header = at;
    }
    const Elf_Data* data = called == ".BTF" ? ::elf_getdata(section, nullptr) : nullptr;
    if (!data || !data->d_buf) continue;
    const auto* bytes = static_cast<const char*>(data->d_buf);
    auto btf = Btf::from_bytes({bytes, bytes + data->d_size}, name);
    if (!btf) return std::unexpected(btf.error());
    btf_ = std::move(*btf);
  }
  if (!btf_) return base::fail(name + " has no BTF (compile it with -g)");
  types_ = std::make_unique<BtfTypes>(*btf_, types, nullptr, layouts);
  Elf_Data* table = symbols ? ::elf_getdata(symbols, nullptr) : nullptr;
  const size_t count = table && symbols_header.sh_entsize ? symbols_header.sh_size / symbols_header.sh_entsize : 0;
  for (size_t i = 0; i < count; ++i) {
    GElf_Sym symbol;
    if (!::gelf_getsym(table, static_cast<int>(i), &symbol)) break;
    if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC || GELF_ST_BIND(symbol.st_info) == STB_LOCAL) continue;
    if (std::ranges::find(text, symbol.st_shndx) == text.end()) continue;
    const char* title = ::elf_strptr(elf.get(), symbols_header.sh_link, symbol.st_name);
    const uint32_t id = title ? btf_->find(title, kind_bit(BTF_KIND_FUNC)) : 0;
    if (id == 0) continue;
    FunctionProto function = types_->prototype(btf_->type(id)->type, 0);
    function.name = title;
    if (callable(function)) functions_.push_back(std::move(function));
  }
  return {};
}

}  // namespace sonde::kernel
