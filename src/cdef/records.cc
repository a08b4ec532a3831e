// Structs, unions and enumerations.
#include <algorithm>
#include <charconv>

#include "cdef/parser.h"

namespace sonde::cdef {

using diag::Id;

namespace {

constexpr uint64_t kMaxSize = uint64_t{1} << 30;

// Records by value in one another, down from `type`.
uint32_t nesting(const CType* type) {
  while (type->kind == CType::Kind::array) type = type->element;
  return type->kind == CType::Kind::record ? type->record->depth : 0;
}

}  // namespace

// "push,1", "1", "pop", "": the limit of alignment from here on.
void Parser::set_pack(std::string_view text) {
  if (text.starts_with("pop")) {
    if (packs_.size() > 1) packs_.pop_back();
    return;
  }
  if (text.starts_with("push")) packs_.push_back(packs_.back());
  const size_t comma = text.rfind(',');
  const std::string_view number = comma == std::string_view::npos ? text : text.substr(comma + 1);
  uint32_t bytes = 0;
  std::from_chars(number.data(), number.data() + number.size(), bytes);
  if (bytes || text.empty()) packs_.back() = bytes;
}

const CType* Parser::record_specifier() {
  const bool is_union = peek().is("union");
  ++at_;
  Attributes found;
  if (!attributes(found)) return nullptr;
  std::string name;
  source::Range range = peek().range;
  if (peek().kind == TokenKind::identifier) {
    name = peek().text;
    ++at_;
  }
  if (!peek().is("{")) {
    if (!name.empty()) return types_.type_of(types_.record(is_union, name));
    return error<Id::c_expected>(peek().range, "a name or '{'");
  }
  Record* record = types_.record(is_union, name);
  if (record->complete || record->is_union != is_union) {
    // A header may repeat what another one has; the first one stays.
    if (tolerant_(range.buffer)) {
      skip_balanced();
      return attributes(found) ? types_.type_of(record) : nullptr;
    }
    diag::Diagnostic& diagnostic =
        diagnostics_->emit<Id::c_redefinition>(range, UnitTypes::spelled(types_.type_of(record)));
    if (record->range.valid())
      diagnostic.labels.push_back({record->range, std::string(row(Id::c_first_definition).text)});
    return nullptr;
  }
  // Attributes behind the brace change the layout of what is inside, so they are read first.
  const size_t open = at_;
  skip_balanced();
  if (!attributes(found)) return nullptr;
  const size_t behind = std::exchange(at_, open + 1);
  RecordLayout layout(is_union, found.packed ? 1 : packs_.back(), arm_);
  record->range = range;
  if (++depth_ > kMaxDepth) return error<Id::c_unsupported>(range, "a declaration nested this deeply");
  if (!members(*record, layout)) return nullptr;
  --depth_;
  at_ = behind;
  layout.finish(found.aligned);
  record->size = static_cast<uint32_t>(layout.size());
  record->align = layout.align();
  record->complete = true;
  record->converted = nullptr;
  return types_.type_of(record);
}

bool Parser::members(Record& record, RecordLayout& layout) {
  while (!peek().is("}")) {
    if (at_end()) return expect("}");
    if (peek().kind == TokenKind::pack) {
      set_pack(peek().text);
      ++at_;
      continue;
    }
    if (accept(";")) continue;
    if (peek().is("_Static_assert")) {
      static_assertion();
      continue;
    }
    Specifiers specifiers;
    if (!this->specifiers(specifiers) || !member(record, specifiers, layout)) return false;
  }
  return expect("}");
}

// All declarators of one member declaration.
bool Parser::member(Record& record, const Specifiers& specifiers, RecordLayout& layout) {
  if (peek().is(";")) {
    // Only records without a name of their own bring their members up.
    const CType* type = specifiers.type;
    if (type->kind != CType::Kind::record || !type->record->name.empty()) return accept(";");
    FieldRequest request{.field = {.type = type}, .width = {}};
    request.aligned = specifiers.attributes.aligned;
    return add_member(record, request, {.range = peek().range, .type = type}, layout) && expect(";");
  }
  do {
    Declarator declared;
    declared.attributes.tag = specifiers.attributes.tag;
    if (!peek().is(":") && !declarator(specifiers.type, declared)) return false;
    if (!declared.type) declared.type = specifiers.type;
    declared.type = attributed(attributed(declared.type, specifiers.attributes), declared.attributes);
    FieldRequest request{.field = {.name = declared.name, .type = declared.type}, .width = {}};
    if (peek().is(":") && !bit_width(request)) return false;
    if (!attributes(declared.attributes)) return false;
    request.packed = declared.attributes.packed || specifiers.attributes.packed;
    request.aligned = std::max(declared.attributes.aligned, specifiers.attributes.aligned);
    if (!declared.range.valid()) declared.range = peek().range;
    if (declared.name.empty() && !request.width) {
      error<Id::c_expected>(declared.range, "a member's name");
      return false;
    }
    if (!add_member(record, std::move(request), declared, layout)) return false;
  } while (accept(","));
  return peek().is("}") || expect(";");  // compilers let the last one go without
}

bool Parser::bit_width(FieldRequest& request) {
  ++at_;
  const source::Range range = peek().range;
  const auto width = constant();
  if (!width) return false;
  uint32_t size = 0, align = 1;
  const CType::Kind kind = request.field.type->kind;
  const bool integral =
      kind == CType::Kind::integer || kind == CType::Kind::boolean || kind == CType::Kind::enumeration;
  types_.measure(request.field.type, size, align);
  if (!integral) {
    error<Id::c_bit_field_type>(range, request.field.name);
    return false;
  }
  const uint64_t limit = kind == CType::Kind::boolean ? 1 : uint64_t{size} * 8;
  if (width->negative() || width->bits > limit || (width->bits == 0 && !request.field.name.empty())) {
    error<Id::c_bit_field_width>(range, request.field.name, limit);
    return false;
  }
  request.width = static_cast<uint32_t>(width->bits);
  return true;
}

bool Parser::has_member(const Record& record, std::string_view name) const {
  return std::ranges::any_of(record.fields, [&](const Field& field) {
    if (field.name.empty()) return field.type->kind == CType::Kind::record && has_member(*field.type->record, name);
    return field.name == name;
  });
}

bool Parser::add_member(Record& record, FieldRequest request, const Declarator& from, RecordLayout& layout) {
  uint32_t size = 0, align = 1;
  if (!types_.measure(request.field.type, size, align)) {
    error<Id::c_member_incomplete>(from.range, request.field.name, UnitTypes::spelled(request.field.type));
    return false;
  }
  if (!request.field.name.empty() && has_member(record, request.field.name)) {
    error<Id::c_member_twice>(from.range, request.field.name);
    return false;
  }
  record.depth = std::max(record.depth, nesting(request.field.type) + 1);
  if (record.depth > kMaxDepth) {
    error<Id::c_unsupported>(from.range, "a structure nested this deeply");
    return false;
  }
  layout.add(request, size, align);
  if (layout.size() > kMaxSize) {
    error<Id::c_record_size>(from.range);
    return false;
  }
  const bool unnamed_bits = request.width && request.field.name.empty();
  if (!unnamed_bits) record.fields.push_back(std::move(request.field));
  return true;
}

const CType* Parser::enum_specifier() {
  ++at_;
  Attributes found;
  if (!attributes(found)) return nullptr;
  std::string name;
  const source::Range range = peek().range;
  if (peek().kind == TokenKind::identifier) {
    name = peek().text;
    ++at_;
  }
  const CType* fixed = nullptr;
  if (peek().is(":") && !name.empty()) {
    ++at_;
    fixed = type_name();
    if (!fixed) return nullptr;
    if (fixed->kind != CType::Kind::integer) return error<Id::c_expected>(range, "an integer type");
  }
  if (!peek().is("{")) {
    if (!name.empty()) return types_.type_of(types_.enumeration(name));
    return error<Id::c_expected>(peek().range, "a name or '{'");
  }
  Enumeration* enumeration = types_.enumeration(name);
  if (enumeration->complete) {
    if (tolerant_(range.buffer)) {
      skip_balanced();
      return attributes(found) ? types_.type_of(enumeration) : nullptr;
    }
    diag::Diagnostic& diagnostic = diagnostics_->emit<Id::c_redefinition>(range, "enum " + name);
    if (enumeration->range.valid())
      diagnostic.labels.push_back({enumeration->range, std::string(row(Id::c_first_definition).text)});
    return nullptr;
  }
  enumeration->range = range;
  ++at_;
  if (!enumerators(*enumeration, fixed) || !attributes(found)) return nullptr;
  finish_enumeration(*enumeration, fixed, found.packed);
  return types_.type_of(enumeration);
}

bool Parser::enumerators(Enumeration& enumeration, const CType* fixed) {
  uint64_t next = 0;
  if (fixed) enumeration.size = fixed->size;
  while (!peek().is("}")) {
    if (peek().kind != TokenKind::identifier) {
      error<Id::c_expected>(peek().range, "a name");
      return false;
    }
    const Token name = peek();
    ++at_;
    Attributes unused;
    if (!attributes(unused)) return false;
    if (accept("=")) {
      const auto value = constant();
      if (!value) return false;
      next = value->bits;
      enumeration.is_signed |= value->negative();
    } else {
      enumeration.is_signed |= enumeration.is_signed && static_cast<int64_t>(next) < 0;
    }
    if (const EnumeratorEntry* known = types_.find_enumerator(name.text);
        known && !tolerant_(name.range.buffer) && known->range.valid()) {
      diag::Diagnostic& diagnostic = diagnostics_->emit<Id::c_redefinition>(name.range, name.text);
      diagnostic.labels.push_back({known->range, std::string(row(Id::c_first_definition).text)});
      return false;
    }
    enumeration.variants.push_back({std::string(name.text), next});
    types_.add_enumerator(std::string(name.text), {&enumeration, next, name.range});
    ++next;
    if (!accept(",")) break;
  }
  return expect("}");
}

void Parser::finish_enumeration(Enumeration& enumeration, const CType* fixed, bool packed) const {
  enumeration.complete = true;
  enumeration.converted = nullptr;
  if (fixed) {
    enumeration.size = fixed->size;
    enumeration.is_signed = fixed->is_signed;
    return;
  }
  int64_t low = 0;
  uint64_t high = 0;
  for (const image::EnumVariant& variant : enumeration.variants) {
    const auto value = static_cast<int64_t>(variant.value);
    if (enumeration.is_signed) {
      low = std::min(low, value);
      high = std::max(high, static_cast<uint64_t>(std::max<int64_t>(value, 0)));
    } else {
      high = std::max(high, variant.value);
    }
  }
  const auto fits = [&](uint32_t size) {
    if (size == 8) return true;
    const uint64_t most = (uint64_t{1} << (8 * size - (enumeration.is_signed ? 1 : 0))) - 1;
    return high <= most && low >= -static_cast<int64_t>(uint64_t{1} << (8 * size - 1));
  };
  enumeration.size = packed ? 1 : 4;
  while (!fits(enumeration.size)) enumeration.size *= 2;
}

}  // namespace sonde::cdef
