// Source spellings of the small enumerations of the tree.
#include "ast/spelling.h"

#include "base/check.h"

namespace sonde::ast {

std::string_view spelling(BinaryOp op) {
  switch (op) {
    case BinaryOp::logical_or: return "||";
    case BinaryOp::logical_and: return "&&";
    case BinaryOp::bit_or: return "|";
    case BinaryOp::bit_xor: return "^";
    case BinaryOp::bit_and: return "&";
    case BinaryOp::eq: return "==";
    case BinaryOp::ne: return "!=";
    case BinaryOp::lt: return "<";
    case BinaryOp::le: return "<=";
    case BinaryOp::gt: return ">";
    case BinaryOp::ge: return ">=";
    case BinaryOp::shl: return "<<";
    case BinaryOp::shr: return ">>";
    case BinaryOp::add: return "+";
    case BinaryOp::sub: return "-";
    case BinaryOp::mul: return "*";
    case BinaryOp::div: return "/";
    case BinaryOp::mod: return "%";
  }
  SONDE_UNREACHABLE();
}

std::string_view spelling(UnaryOp op) {
  switch (op) {
    case UnaryOp::logical_not: return "!";
    case UnaryOp::bit_not: return "~";
    case UnaryOp::negate: return "-";
    case UnaryOp::dereference: return "*";
  }
  SONDE_UNREACHABLE();
}

std::string_view spelling(JumpKind jump) {
  switch (jump) {
    case JumpKind::break_jump: return "break";
    case JumpKind::continue_jump: return "continue";
    case JumpKind::return_jump: return "return";
  }
  SONDE_UNREACHABLE();
}

std::string spelling(const Type& type) {
  if (type.type_of) return "typeof(...)";
  std::string out;
  switch (type.tag) {
    case TypeTag::none: break;
    case TypeTag::struct_tag: out = "struct "; break;
    case TypeTag::union_tag: out = "union "; break;
    case TypeTag::enum_tag: out = "enum "; break;
  }
  out += type.name;
  for (const Type::Suffix& suffix : type.suffixes) {
    if (suffix.pointer)
      out += '*';
    else
      out += suffix.length ? "[" + std::to_string(*suffix.length) + "]" : "[]";
  }
  return out;
}

}  // namespace sonde::ast
