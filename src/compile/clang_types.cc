// clang describes what variables need, and what a member points to by name only. So the text gets a variable for each type
// that is asked for, and one for each name that stayed without its definition.
#include "compile/clang_types.h"

#include "compile/clang.h"

namespace sonde::compile {
namespace {

// Rounds in which definitions behind pointers are fetched, and how many in one: a header may lead to thousands.
constexpr int kRounds = 3;
constexpr size_t kMostNames = 500;

std::string spelled(std::string_view tag, std::string_view name) {
  return tag.empty() ? "__typeof__(" + std::string(name) + ")" : std::string(tag) + " " + std::string(name);
}

uint32_t kinds_of(std::string_view tag) {
  if (tag == "struct") return kernel::kind_bit(BTF_KIND_STRUCT);
  if (tag == "union") return kernel::kind_bit(BTF_KIND_UNION);
  if (tag == "enum") return kernel::kind_bit(BTF_KIND_ENUM) | kernel::kind_bit(BTF_KIND_ENUM64);
  return kernel::kind_bit(BTF_KIND_TYPEDEF);
}

}  // namespace

// Records of the text that the object only names.
std::set<std::string> ClangTypes::open_names(const kernel::Btf& btf) const {
  std::set<std::string> names;
  btf.for_each(kernel::kind_bit(BTF_KIND_FWD), [&](uint32_t, const btf_type& type) {
    const char* tag = BTF_INFO_KFLAG(type.info) ? "union" : "struct";
    const std::string_view name = btf.string(type.name_off);
    if (text_.declares(tag, name)) names.insert(spelled(tag, name));
  });
  return names;
}

// Null: clang refuses it.
std::unique_ptr<kernel::BpfObject> ClangTypes::compile(const std::string& declarations) {
  auto output = compile_types(text_.c + "\n" + declarations);
  if (!output || !output->good) return nullptr;
  auto object = kernel::BpfObject::read(std::move(output->output), "the C definitions", types_, kernel::Layouts::fixed);
  if (!object) return nullptr;
  (*object)->types().set_named(text_.borrowed);
  return std::move(*object);
}

// False: clang does not take the text with these names.
bool ClangTypes::describe(std::set<std::string> wanted) {
  for (int round = 0; round < kRounds; ++round) {
    std::string text = "int sonde_present;\n";  // without a variable there is no BTF
    size_t number = 0;
    for (const std::string& type : wanted) text += type + " *sonde_type_" + std::to_string(number++) + ";\n";
    auto object = compile(text);
    if (!object) return round > 0;
    objects_.push_back(std::move(object));
    const size_t before = wanted.size();
    wanted.merge(open_names(objects_.back()->btf()));
    if (wanted.size() == before || wanted.size() > kMostNames) break;
  }
  asked_.merge(wanted);
  return true;
}

bool ClangTypes::read(Text text) {
  text_ = std::move(text);
  return describe(text_.types) || describe({});
}

types::TypeRef ClangTypes::find(std::string_view tag, std::string_view name) {
  const auto known = [&]() -> types::TypeRef {
    for (auto object = objects_.rbegin(); object != objects_.rend(); ++object) {
      const uint32_t id = (*object)->btf().find(name, kinds_of(tag));
      if (id != 0) return (*object)->types().convert(id);
    }
    return nullptr;
  };
  if (const types::TypeRef type = known()) return type;
  if (text_.c.empty() || !asked_.insert(spelled(tag, name)).second || !describe({spelled(tag, name)})) return nullptr;
  return known();
}

// In the lengths of arrays, since BTF's enumerators have neither sign nor 64 bits with older compilers.
std::optional<ClangTypes::Value> ClangTypes::value(std::string_view expression) {
  if (text_.c.empty()) return {};
  const std::string number = "(" + std::string(expression) + ")";
  std::string members;
  for (int shift = 0; shift < 64; shift += 16)
    members += "char part" + std::to_string(shift) + "[((unsigned long)" + number + " >> " + std::to_string(shift) +
               " & 0xffff) + 1]; ";
  const auto object =
      compile("struct sonde_value { " + members + "char sign[" + number + " < 0 ? 2 : 1]; } *sonde_value_;\n");
  const uint32_t id = object ? object->btf().find("sonde_value", kinds_of("struct")) : 0;
  if (id == 0) return {};
  const std::vector<types::CField> fields = object->types().convert(id)->c_record->fields();
  Value value{.bits = 0, .negative = fields.back().type->size == 2};
  for (size_t i = 0; i + 1 < fields.size(); ++i) value.bits |= uint64_t{fields[i].type->size - 1} << (16 * i);
  return value;
}

}  // namespace sonde::compile
