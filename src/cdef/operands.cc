// Operands of constant expressions that lean on types: enumerators, sizeof, offsetof, typeof.
#include <utility>

#include "cdef/parser.h"

namespace sonde::cdef {

using diag::Id;

namespace {

const Field* find_member(const Record& record, std::string_view name) {
  for (const Field& field : record.fields) {
    if (field.name == name) return &field;
    if (!field.name.empty() || field.type->kind != CType::Kind::record) continue;
    if (const Field* found = find_member(*field.type->record, name)) return found;
  }
  return nullptr;
}

}  // namespace

std::optional<Constant> Parser::name_value(const Token& name) {
  const EnumeratorEntry* entry = types_.find_enumerator(name.text);
  if (!entry) {
    const auto known = types_.kernel_enumerator(name.text);
    if (!known) return {};
    const auto value = static_cast<int64_t>(*known);
    return Constant::of(*known, false, value != static_cast<int32_t>(value));
  }
  const bool wide = entry->owner->size == 8;
  return Constant::of(entry->value, false, wide || entry->value > INT32_MAX);
}

const CType* Parser::element_of(const CType* type) {
  if (type->kind == CType::Kind::pointer || type->kind == CType::Kind::array) return type->element;
  if (type->kind != CType::Kind::kernel) return nullptr;
  if (type->kernel->kind == types::Kind::string) return types_.character();
  return type->kernel->element ? types_.from_kernel(type->kernel->element) : nullptr;
}

const CType* Parser::member_of(const CType* type, std::string_view name) {
  if (type->kind == CType::Kind::record && type->record->complete) {
    const Field* field = find_member(*type->record, name);
    return field ? field->type : nullptr;
  }
  const types::TypeRef semantic = types_.convert(type);
  if (semantic->kind != types::Kind::c_record) return nullptr;
  const auto path = semantic->c_record->find(name);
  return path.empty() ? nullptr : types_.from_kernel(path.back()->type);
}

// `p->a.b[0]`: members and elements behind an operand of type `type`.
const CType* Parser::postfix_type(const CType* type) {
  while (type) {
    if (peek().is("[")) {
      skip_balanced();
      type = element_of(type);
    } else if (peek().is("->") || peek().is(".")) {
      if (peek().is("->")) type = element_of(type);
      ++at_;
      if (type) type = member_of(type, peek().text);
      ++at_;
    } else {
      break;
    }
  }
  return type;
}

// Type of the operand at the cursor: variables, casts, members, elements, `*` and `&`. Null: something else.
const CType* Parser::operand_type() {
  if (++depth_ > kMaxDepth) return nullptr;
  const CType* type = nullptr;
  if (accept("*")) {
    type = operand_type();
    if (type) type = element_of(type);
  } else if (accept("&")) {
    type = operand_type();
    if (type) type = types_.pointer(type);
  } else if (peek().is("(") && begins_type(peek(1))) {
    ++at_;
    type = type_name();
    if (type && !accept(")")) type = nullptr;
    if (type && !operand_type()) type = nullptr;
  } else if (accept("(")) {
    type = operand_type();
    type = type && accept(")") ? postfix_type(type) : nullptr;
  } else if (peek().kind == TokenKind::number) {
    const auto value = number_value(peek().text);
    if (value) type = types_.integer(value->wide ? 8 : 4, !value->is_unsigned);
    ++at_;
  } else if (const auto known = variables_.find(peek().text); known != variables_.end()) {
    ++at_;
    type = postfix_type(known->second);
  }
  --depth_;
  return type;
}

// The type of the expression at the cursor: an operand, or a constant as it is computed. Null: neither, and nothing moved.
const CType* Parser::expression_type() {
  diag::Diagnostics unused;
  diag::Diagnostics* const reported = std::exchange(diagnostics_, &unused);
  const uint32_t depth = depth_;
  const size_t first = at_;
  const CType* type = operand_type();
  if (!type || !peek().is(")")) {
    at_ = first;
    depth_ = depth;
    const auto value = constant();
    type = value ? types_.integer(value->wide ? 8 : 4, !value->is_unsigned) : nullptr;
  }
  if (!type) at_ = first;
  depth_ = depth;
  diagnostics_ = reported;
  return type;
}

const CType* Parser::type_query() {
  ++at_;
  if (!expect("(")) return nullptr;
  const source::Range range = peek().range;
  const CType* type = begins_type(peek()) ? type_name() : expression_type();
  if (!type && !begins_type(peek())) return error<Id::c_unsupported>(range, "typeof of this expression");
  return type && expect(")") ? type : nullptr;
}

std::optional<Constant> Parser::offset_of() {
  const CType* type = type_name();
  uint64_t offset = 0;
  if (!type || !expect(",")) return {};
  do {
    const auto semantic = types_.convert(type);
    if (semantic->kind != types::Kind::c_record) return {};
    const auto path = semantic->c_record->find(peek().text);
    if (path.empty()) return {};
    for (const types::CField* field : path) offset += field->offset;
    type = member_of(type, peek().text);
    ++at_;
    while (type && accept("[")) {
      const auto index = constant();
      type = index && expect("]") ? element_of(type) : nullptr;
      uint32_t size = 0, align = 1;
      if (!type || !types_.measure(type, size, align)) return {};
      offset += index->bits * size;
    }
  } while (type && accept("."));
  if (!type || !expect(")")) return {};
  return Constant{offset, true, true};
}

std::optional<Constant> Parser::with_type(size_t&, bool& handled) {
  const bool size_of = peek().is("sizeof");
  const bool align_of = peek().is("_Alignof") || peek().is("__alignof__") || peek().is("alignof");
  const bool offset = peek().is("__builtin_offsetof");
  if (!size_of && !align_of && !offset) return {};
  handled = true;
  ++at_;
  if (offset) return expect("(") ? offset_of() : std::nullopt;
  const source::Range range = peek(peek().is("(") ? 1 : 0).range;
  const CType* type = nullptr;
  if (peek().is("(") && begins_type(peek(1))) {
    ++at_;
    type = type_name();
    if (!type || !expect(")")) return {};
  } else {
    type = operand_of_size();
    if (!type || type->flexible) {
      error<Id::c_unsupported>(range, "sizeof of this expression");
      return {};
    }
  }
  uint32_t size = 0, align = 1;
  if (!types_.measure(type, size, align)) {
    error<Id::c_incomplete>(range, UnitTypes::spelled(type));
    return {};
  }
  return Constant{size_of ? size : align, true, true};
}

// `(x)`, `x->y`, `(x)->y`, `(1 + 2)`. Null: not known.
const CType* Parser::operand_of_size() {
  const size_t first = at_;
  const uint32_t depth = depth_;
  const CType* type = operand_type();
  if (!type) {
    at_ = first;
    depth_ = depth;
    type = accept("(") ? expression_type() : nullptr;
    if (type && !accept(")")) type = nullptr;
  }
  return type;
}

}  // namespace sonde::cdef
