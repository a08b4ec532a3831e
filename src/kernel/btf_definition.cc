// Declarations read inside out, definitions from the top. What stands here follows C's grammar, not any one tool.
#include "kernel/btf_definition.h"

#include <utility>

namespace sonde::kernel {
namespace {

constexpr uint32_t kEnum64 = 19;  // BTF_KIND_ENUM64
// Chains of modifiers and nested anonymous records are short; the limit guards against cycles in damaged data.
constexpr uint32_t kMaxDepth = 32;

uint32_t kind_of(const btf_type* type) { return type ? BTF_INFO_KIND(type->info) : uint32_t{BTF_KIND_UNKN}; }

// "struct path", "unsigned int": the specifier of a declaration.
std::string specifier(const Btf& btf, const btf_type* type) {
  if (!type) return "void";
  std::string name(btf.string(type->name_off));
  switch (BTF_INFO_KIND(type->info)) {
    case BTF_KIND_STRUCT: return "struct " + (name.empty() ? "{...}" : name);
    case BTF_KIND_UNION: return "union " + (name.empty() ? "{...}" : name);
    case BTF_KIND_FWD: return (BTF_INFO_KFLAG(type->info) ? "union " : "struct ") + name;
    case BTF_KIND_ENUM:
    case kEnum64: return "enum " + (name.empty() ? "{...}" : name);
    case BTF_KIND_INT: return name == "_Bool" ? "bool" : name;
    default: return name;
  }
}

std::string join_declarator(const std::string& type, const std::string& declarator) {
  return declarator.empty() ? type : type + " " + declarator;
}

// `declarator` is what stands around the name so far.
std::string declare(const Btf& btf, uint32_t id, std::string declarator, uint32_t depth) {
  const btf_type* type = btf.type(id);
  if (depth > kMaxDepth) return "?";
  switch (kind_of(type)) {
    case BTF_KIND_TYPE_TAG: return declare(btf, type->type, std::move(declarator), depth + 1);
    case BTF_KIND_PTR: return declare(btf, type->type, "*" + declarator, depth + 1);
    case BTF_KIND_CONST:
    case BTF_KIND_VOLATILE:
    case BTF_KIND_RESTRICT: {
      const uint32_t kind = BTF_INFO_KIND(type->info);
      const std::string word = kind == BTF_KIND_CONST ? "const" : kind == BTF_KIND_VOLATILE ? "volatile" : "restrict";
      // On a pointer the qualifier stands behind the star, else in front of the specifier.
      if (kind_of(btf.type(type->type)) == BTF_KIND_PTR)
        return declare(btf, type->type, " " + join_declarator(word, declarator), depth + 1);
      return word + " " + declare(btf, type->type, std::move(declarator), depth + 1);
    }
    case BTF_KIND_ARRAY: {
      const btf_array& array = Btf::array(*type);
      const std::string bounds = "[" + (array.nelems ? std::to_string(array.nelems) : std::string()) + "]";
      if (declarator.starts_with('*')) declarator = "(" + declarator + ")";
      return declare(btf, array.type, declarator + bounds, depth + 1);
    }
    case BTF_KIND_FUNC_PROTO: {
      std::string parameters;
      for (const btf_param& parameter : Btf::parameters(*type)) {
        if (!parameters.empty()) parameters += ", ";
        const bool variadic = parameter.type == 0 && parameter.name_off == 0;
        parameters += variadic ? "..." : declare(btf, parameter.type, "", depth + 1);
      }
      const std::string inner = declarator.starts_with('*') ? "(" + declarator + ")" : declarator;
      return declare(btf, type->type, inner + "(" + (parameters.empty() ? "void" : parameters) + ")", depth + 1);
    }
    default: return join_declarator(specifier(btf, type), declarator);
  }
}

// The type that a declaration begins with: behind pointers, arrays, qualifiers and functions.
uint32_t innermost(const Btf& btf, uint32_t id) {
  for (uint32_t i = 0; i < kMaxDepth; ++i) {
    const btf_type* type = btf.type(id);
    switch (kind_of(type)) {
      case BTF_KIND_ARRAY: id = Btf::array(*type).type; break;
      case BTF_KIND_PTR:
      case BTF_KIND_CONST:
      case BTF_KIND_VOLATILE:
      case BTF_KIND_RESTRICT:
      case BTF_KIND_TYPE_TAG:
      case BTF_KIND_FUNC_PROTO: id = type->type; break;
      default: return id;
    }
  }
  return 0;
}

std::string body(const Btf& btf, uint32_t id, uint32_t depth);

std::string enumerators(const Btf& btf, const btf_type& type, const std::string& indent) {
  std::string text;
  const auto line = [&](uint32_t name, const std::string& value) {
    text.append(indent).append("\t").append(btf.string(name)).append(" = ").append(value).append(",\n");
  };
  const bool is_signed = BTF_INFO_KFLAG(type.info);
  if (BTF_INFO_KIND(type.info) == BTF_KIND_ENUM) {
    for (const btf_enum& entry : Btf::enumerators(type))
      line(entry.name_off, is_signed ? std::to_string(entry.val) : std::to_string(static_cast<uint32_t>(entry.val)));
  } else {
    for (const btf_enum64& entry : Btf::enumerators64(type)) {
      const uint64_t value = uint64_t{entry.val_hi32} << 32 | entry.val_lo32;
      line(entry.name_off,
           is_signed ? std::to_string(static_cast<int64_t>(value)) + "LL" : std::to_string(value) + "ULL");
    }
  }
  return text;
}

std::string member(const Btf& btf, const btf_type& record, const btf_member& member, uint32_t depth) {
  std::string text = declare(btf, member.type, std::string(btf.string(member.name_off)), 0);
  const uint32_t inner = innermost(btf, member.type);
  const uint32_t kind = kind_of(btf.type(inner));
  const bool nests = kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION || kind == BTF_KIND_ENUM || kind == kEnum64;
  const size_t hole = text.find("{...}");
  if (nests && hole != std::string::npos && btf.name(inner).empty()) text.replace(hole, 5, body(btf, inner, depth));
  const bool flagged = BTF_INFO_KFLAG(record.info);
  const uint32_t bits = flagged ? BTF_MEMBER_BITFIELD_SIZE(member.offset) : 0;
  return bits ? text + ": " + std::to_string(bits) : text;
}

// "{ ... }" of a record or enumeration, as deep in tabs as `depth`.
std::string body(const Btf& btf, uint32_t id, uint32_t depth) {
  const btf_type* type = btf.type(id);
  const std::string indent(depth, '\t');
  if (!type || depth > kMaxDepth) return "{}";
  std::string text = "{\n";
  switch (BTF_INFO_KIND(type->info)) {
    case BTF_KIND_ENUM:
    case kEnum64: text += enumerators(btf, *type, indent); break;
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
      for (const btf_member& each : Btf::members(*type))
        text += indent + "\t" + member(btf, *type, each, depth + 1) + ";\n";
      break;
    default: break;
  }
  return text == "{\n" ? "{}" : text + indent + "}";
}

}  // namespace

std::string declaration(const Btf& btf, uint32_t id, std::string name) { return declare(btf, id, std::move(name), 0); }

std::string definition(const Btf& btf, uint32_t id) {
  const btf_type* type = btf.type(id);
  if (!type) return {};
  return specifier(btf, type) + " " + body(btf, id, 0) + ";";
}

}  // namespace sonde::kernel
