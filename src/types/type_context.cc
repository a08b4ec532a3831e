// Interning of semantic types: equal contents give the same pointer. Types live as long as their context, in deques, so
// that pointers to them stay valid while more are added.
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>

#include "base/check.h"
#include "types/type.h"

namespace sonde::types {
namespace {

constexpr uint32_t kPointerSize = 8;

bool same_member(const Member& a, const Member& b) {
  return a.type == b.type && a.offset == b.offset && a.name == b.name;
}

bool same(const Type& a, const Type& b) {
  return a.kind == b.kind && a.size == b.size && a.align == b.align && a.is_signed == b.is_signed &&
         a.flexible == b.flexible && a.guessed == b.guessed && a.clock == b.clock && a.element == b.element &&
         a.count == b.count && a.space == b.space && a.c_record == b.c_record && a.c_enum == b.c_enum &&
         a.stack_mode == b.stack_mode && a.aggregate == b.aggregate && a.bits == b.bits && a.min == b.min &&
         a.max == b.max && a.step == b.step && a.trusted == b.trusted && a.context == b.context &&
         std::equal(a.members.begin(), a.members.end(), b.members.begin(), b.members.end(), same_member);
}

void mix(size_t& seed, size_t value) { seed ^= value + 0x9e3779b97f4a7c15ull + (seed << 6) + (seed >> 2); }

// Covers what usually tells types apart; same() decides.
size_t hash(const Type& type) {
  size_t seed = static_cast<size_t>(type.kind);
  mix(seed, type.size);
  mix(seed,
      (type.is_signed ? 1u : 0u) | (type.flexible ? 2u : 0u) | (type.trusted ? 4u : 0u) | (type.guessed ? 8u : 0u));
  mix(seed, type.count.value_or(UINT32_MAX));
  mix(seed, static_cast<size_t>(type.space));
  mix(seed, reinterpret_cast<uintptr_t>(type.element));
  mix(seed, reinterpret_cast<uintptr_t>(type.c_record));
  mix(seed, reinterpret_cast<uintptr_t>(type.c_enum));
  mix(seed, std::hash<std::string>{}(type.aggregate));
  for (const Member& member : type.members) {
    mix(seed, std::hash<std::string>{}(member.name));
    mix(seed, reinterpret_cast<uintptr_t>(member.type));
  }
  return seed;
}

Type simple(Kind kind, uint32_t size, uint32_t align) {
  Type type;
  type.kind = kind;
  type.size = size;
  type.align = align;
  return type;
}

uint32_t signed_size(int64_t value) {
  if (value >= INT8_MIN && value <= INT8_MAX) return 1;
  if (value >= INT16_MIN && value <= INT16_MAX) return 2;
  if (value >= INT32_MIN && value <= INT32_MAX) return 4;
  return 8;
}

// Members one after the other with natural alignment; the total is rounded up to the largest one (language.md 4.3).
Type laid_out(Kind kind, std::vector<Member> members) {
  Type type = simple(kind, 0, 1);
  for (Member& member : members) {
    const uint32_t align = member.type->align;
    member.offset = (type.size + align - 1) / align * align;
    type.size = member.offset + member.type->size;
    type.align = std::max(type.align, align);
  }
  type.size = (type.size + type.align - 1) / type.align * type.align;
  type.members = std::move(members);
  return type;
}

// Fields given beforehand.
class FixedFields final : public CRecordSource {
 public:
  explicit FixedFields(std::vector<CField> fields) : fields_(std::move(fields)) {}
  std::vector<CField> fields(const CRecord&) override { return fields_; }

 private:
  std::vector<CField> fields_;
};

}  // namespace

struct TypeContext::State {
  std::deque<Type> types;
  std::deque<CRecord> records;
  std::deque<CEnum> enums;
  std::vector<std::unique_ptr<CRecordSource>> sources;
  std::unordered_multimap<size_t, TypeRef> by_hash;
};

TypeContext::TypeContext() : state_(new State) {
  none_ = intern(simple(Kind::none, 0, 1));
  void_ = intern(simple(Kind::void_type, 0, 1));
  boolean_ = intern(simple(Kind::boolean, 1, 1));
}

TypeContext::~TypeContext() { delete state_; }

TypeRef TypeContext::intern(Type type) {
  const size_t key = hash(type);
  const auto [first, last] = state_->by_hash.equal_range(key);
  for (auto it = first; it != last; ++it)
    if (same(*it->second, type)) return it->second;
  TypeRef added = &state_->types.emplace_back(std::move(type));
  state_->by_hash.emplace(key, added);
  return added;
}

CRecord* TypeContext::add_record(std::string tag, std::string name, uint32_t size, uint32_t align,
                                 CRecordSource& source, uint64_t source_id, bool from_kernel) {
  return &state_->records.emplace_back(std::move(tag), std::move(name), size, align, source, source_id, from_kernel);
}

CRecord* TypeContext::add_record(std::string tag, std::string name, uint32_t size, uint32_t align,
                                 std::vector<CField> fields) {
  CRecordSource& source = keep(std::make_unique<FixedFields>(std::move(fields)));
  return add_record(std::move(tag), std::move(name), size, align, source, 0, false);
}

CRecordSource& TypeContext::keep(std::unique_ptr<CRecordSource> source) {
  return *state_->sources.emplace_back(std::move(source));
}

const CEnum* TypeContext::add_enum(CEnum definition) { return &state_->enums.emplace_back(std::move(definition)); }

TypeRef TypeContext::integer(uint32_t size, bool is_signed) {
  SONDE_CHECK(size == 1 || size == 2 || size == 4 || size == 8);
  Type type = simple(Kind::integer, size, size);
  type.is_signed = is_signed;
  return intern(std::move(type));
}

TypeRef TypeContext::literal(uint64_t value) {
  if (value > INT64_MAX) return integer(8, false);
  const uint32_t size = signed_size(static_cast<int64_t>(value));
  Type type = simple(Kind::integer, size, size);
  type.is_signed = true;
  type.flexible = true;
  return intern(std::move(type));
}

TypeRef TypeContext::negative_literal(int64_t value) { return integer(signed_size(value), true); }

TypeRef TypeContext::guess() {
  Type type = *literal(0);
  type.guessed = true;
  return intern(std::move(type));
}

TypeRef TypeContext::string(uint32_t capacity) { return intern(simple(Kind::string, capacity, 1)); }

TypeRef TypeContext::buffer(uint32_t capacity) { return intern(simple(Kind::buffer, capacity + 4, 1)); }

TypeRef TypeContext::inet() { return intern(simple(Kind::inet, 24, 8)); }

TypeRef TypeContext::tuple(const std::vector<TypeRef>& elements) {
  std::vector<Member> members;
  members.reserve(elements.size());
  for (TypeRef element : elements) members.push_back({{}, element, 0});
  return intern(laid_out(Kind::tuple, std::move(members)));
}

TypeRef TypeContext::record(const std::vector<std::pair<std::string, TypeRef>>& members) {
  std::vector<Member> list;
  list.reserve(members.size());
  for (const auto& [name, type] : members) list.push_back({name, type, 0});
  return intern(laid_out(Kind::record, std::move(list)));
}

TypeRef TypeContext::array(TypeRef element, std::optional<uint32_t> count) {
  Type type = simple(Kind::array, element->size * count.value_or(0), element->align);
  type.element = element;
  type.count = count;
  return intern(std::move(type));
}

TypeRef TypeContext::pointer(TypeRef pointee, Space space) {
  Type type = simple(Kind::pointer, kPointerSize, kPointerSize);
  type.element = pointee;
  type.space = space;
  return intern(std::move(type));
}

TypeRef TypeContext::c_record(const CRecord* record) {
  Type type = simple(Kind::c_record, record->size(), std::max(record->align(), 1u));
  type.c_record = record;
  return intern(std::move(type));
}

TypeRef TypeContext::enumeration(const CEnum* definition, uint32_t size) {
  Type type = simple(Kind::enumeration, size, size);
  type.c_enum = definition;
  // Its numbers keep their sign when they are read from fewer bytes; expressions treat them as unsigned all the same.
  type.is_signed = definition->is_signed;
  return intern(std::move(type));
}

TypeRef TypeContext::stack(bool user, image::StackMode mode, uint32_t limit) {
  Type type = simple(user ? Kind::user_stack : Kind::kernel_stack, (user ? 16 : 8) + 8 * limit, 8);
  type.stack_mode = mode;
  type.count = limit;
  return intern(std::move(type));
}

TypeRef TypeContext::kernel_symbol() { return intern(simple(Kind::kernel_symbol, 8, 8)); }
TypeRef TypeContext::user_symbol() { return intern(simple(Kind::user_symbol, 16, 8)); }
TypeRef TypeContext::timestamp() { return intern(simple(Kind::timestamp, 16, 8)); }
TypeRef TypeContext::mac_address() { return intern(simple(Kind::mac_address, 6, 1)); }
TypeRef TypeContext::username() { return intern(simple(Kind::username, 8, 8)); }
TypeRef TypeContext::cgroup_path() { return intern(simple(Kind::cgroup_path, 16, 8)); }

TypeRef TypeContext::aggregate(std::string_view name, bool is_signed) {
  Type type = simple(Kind::aggregate, 8, 8);
  type.aggregate = name;
  type.is_signed = is_signed;
  return intern(std::move(type));
}

TypeRef TypeContext::with_space(TypeRef type, Space space) {
  if (type->kind != Kind::pointer || type->space == space) return type;
  Type changed = *type;
  changed.space = space;
  return intern(std::move(changed));
}

TypeRef TypeContext::inflexible(TypeRef type) {
  if (!type->flexible) return type;
  Type changed = *type;
  changed.flexible = false;
  return intern(std::move(changed));
}

}  // namespace sonde::types
