// Members, elements and indices (language.md 8.1, 4.3).
#include <algorithm>

#include "sema/suggestions.h"
#include "sema/typing.h"

namespace sonde::sema {

using bound::as;
using diag::Id;
using types::Kind;
using types::Space;

namespace {

// Names of all fields, those of anonymous members included.
void collect_fields(const types::CRecord& record, std::vector<std::string>& names) {
  for (const types::CField& field : record.fields()) {
    if (!field.name.empty())
      names.push_back(field.name);
    else if (field.type->kind == Kind::c_record)
      collect_fields(*field.type->c_record, names);
  }
}

bool is_literal(bound::Expr& value) {
  auto* tuple = as<bound::Tuple>(&value);
  if (!tuple) return value.literal.has_value();
  return std::ranges::all_of(tuple->elements, [](bound::Expr* element) { return is_literal(*element); });
}

// The literal that a member of a literal tuple or record is. Members of others are values like all: what their neighbours do has
// to be done, too.
std::optional<bound::Literal> literal_member(bound::Expr& base, size_t index) {
  auto* tuple = as<bound::Tuple>(&base);
  return tuple && is_literal(base) ? tuple->elements[index]->literal : std::nullopt;
}

}  // namespace

void Typing::check_read(TypeRef pointer) {
  if (final_ && asking_ == 0 && pointer->space == Space::none && program_->probe.space == Space::none)
    reporter_.emit<Id::address_space_unset>({}, nullptr);
}

TypeRef Typing::field(bound::Field& node) {
  member_follows_ = true;
  TypeRef type = expr(node.base);
  if (!type || type->guessed) return type;
  Space space = node.base->space;
  while (type->kind == Kind::pointer) {
    check_read(type);
    if (type->space != Space::none) space = type->space;
    type = type->element;
  }
  if (type->kind == Kind::record) {
    for (size_t i = 0; i < type->members.size(); ++i) {
      if (type->members[i].name != node.name) continue;
      node.literal = literal_member(*node.base, i);
      if (auto* query = as<bound::TypeQuery>(node.base)) node.literal = query->info[i];
      return type->members[i].type;
    }
    std::vector<std::string> names;
    for (const types::Member& member : type->members) names.push_back(member.name);
    diag::Diagnostic& diagnostic = report<Id::record_field_unknown>(node, node.name);
    add_suggestions(diagnostic.hints, node.name, names);
    return nullptr;
  }
  if (type->kind == Kind::c_record) return c_field(node, *type->c_record, space);
  diag::Diagnostic& diagnostic = report<Id::field_of_scalar>(node, node.name, types::printed(node.base->type));
  // The kernel's pointers point to nothing known then.
  if (type->kind == Kind::void_type) add_btf_hint(diagnostic.hints, inputs_.kernel);
  return nullptr;
}

TypeRef Typing::no_field(bound::Field& node, const types::CRecord& record) {
  const auto* context = as<bound::Context>(node.base);
  const bool args = context && context->what == bound::Context::What::args;
  if (args && program_->probe.arg_source != probes::ArgSource::context_struct && record.fields().empty()) {
    report<Id::parameters_missing>(node);
    return nullptr;
  }
  if (!args && record.size() == 0 && record.fields().empty()) {
    report<Id::struct_unknown>(node, record.printed_name());
    return nullptr;
  }
  diag::Diagnostic& diagnostic = args && program_->probe.arg_source != probes::ArgSource::context_struct
                                     ? report<Id::parameter_unknown>(node, node.name)
                                     : report<Id::struct_field_unknown>(node, record.printed_name(), node.name);
  std::vector<std::string> names;
  collect_fields(record, names);
  add_suggestions(diagnostic.hints, node.name, names);
  const bool result = node.name == "ret" || node.name == "retval";
  if (args && result && (program_->probe.capabilities & probes::kHasRetval))
    diagnostic.hints.push_back("the value that the function returns is `retval`");
  return nullptr;
}

TypeRef Typing::c_field(bound::Field& node, const types::CRecord& record, Space space) {
  const auto path = record.find(node.name);
  if (path.empty()) return no_field(node, record);
  return field_value(node, *path.back(), space == Space::none ? program_->probe.space : space);
}

TypeRef Typing::field_value(bound::Field& node, const types::CField& field, Space space) {
  TypeRef type = field.type;
  node.space = space;
  if (field.tag == "common") {
    report<Id::common_field>(node);
    return nullptr;
  }
  if (field.bit_size != 0) return type->kind == Kind::enumeration ? type : types_.integer(type->size, false);
  if (field.open_text) return types_.string(type->size + 1);
  if (type->kind != Kind::pointer) return type;
  if (field.tag == "user") return types_.with_space(type, Space::user);
  const bool plain = field.tag.empty() || field.tag == "rcu" || field.tag == "data_loc" || field.tag == "rel_loc";
  if (!plain) {
    report<Id::field_tag_unsupported>(node, node.name, field.tag);
    return nullptr;
  }
  return type->space == Space::none ? types_.with_space(type, space) : type;
}

TypeRef Typing::tuple_index(bound::TupleIndex& node) {
  TypeRef type = expr(node.base);
  if (!type || type->guessed) return type;
  node.space = node.base->space;
  while (type->kind == Kind::pointer) {
    check_read(type);
    if (type->space != Space::none) node.space = type->space;
    type = type->element;
  }
  if (type->kind != Kind::tuple) {
    diag::Diagnostic& diagnostic = report<Id::tuple_index_on>(node, node.index, types::printed(node.base->type));
    if (node.base->kind == bound::Kind::literal && type->is_integer())
      diagnostic.hints.push_back("there are no fractions: all numbers are integers");
    return nullptr;
  }
  if (node.index >= type->members.size()) {
    report<Id::tuple_index_range>(node, node.index, type->members.size());
    return nullptr;
  }
  node.literal = literal_member(*node.base, node.index);
  return type->members[node.index].type;
}

bool Typing::check_index(bound::Index& node, TypeRef type) {
  const bool good = type->is_integer() && (type->flexible || type->kind == Kind::enumeration || !type->is_signed);
  if (!good) report<Id::index_type>(node, types::printed(type));
  return good;
}

TypeRef Typing::index(bound::Index& node) {
  member_follows_ = true;
  TypeRef type = expr(node.base), index = expr(node.index);
  if (!type || !index) return nullptr;
  if (type->guessed) return type;
  index = readable(types_, index);
  const auto& literal = node.index->literal;
  const bool number = literal && literal->kind == bound::Literal::Kind::integer && !literal->negative;
  if (type->kind == Kind::tuple) {
    if (!number) {
      report<Id::tuple_index_not_literal>(node);
      return nullptr;
    }
    if (literal->bits >= type->members.size()) {
      report<Id::tuple_index_range>(node, literal->bits, type->members.size());
      return nullptr;
    }
    return type->members[literal->bits].type;
  }
  const bool text = type->kind == Kind::string;
  if (!text && type->kind != Kind::array && type->kind != Kind::pointer) {
    report<Id::index_on>(node, types::printed(type));
    return nullptr;
  }
  if (!check_index(node, index)) return nullptr;
  if (type->kind == Kind::pointer) {
    if (type->element->size == 0) {
      report<Id::index_unsized>(node, types::printed(type));
      return nullptr;
    }
    check_read(type);
    node.space = type->space;
    return type->element->kind == Kind::pointer && type->element->space == Space::none
               ? types_.with_space(type->element, type->space)
               : type->element;
  }
  const uint64_t count = text ? type->size : type->count.value_or(0);
  if (number && literal->bits >= count && (text || type->count.value_or(0) != 0)) {
    report<Id::index_out_of_bounds>(node, literal->bits, count);
    return nullptr;
  }
  node.space = node.base->space;
  if (!text) {
    TypeRef element = type->element;
    return element->kind == Kind::pointer && element->space == Space::none ? types_.with_space(element, node.space)
                                                                           : element;
  }
  if (number && node.base->literal && node.base->literal->kind == bound::Literal::Kind::text) {
    const std::string& bytes = node.base->literal->text;
    const int value = literal->bits < bytes.size() ? static_cast<signed char>(bytes[literal->bits]) : 0;
    node.literal = bound::Literal{.bits = static_cast<uint64_t>(static_cast<int64_t>(value)), .negative = value < 0};
    return literal_type(types_, *node.literal);
  }
  return types_.integer(1, true);
}

}  // namespace sonde::sema
