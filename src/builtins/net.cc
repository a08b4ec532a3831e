// Network addresses and byte order.
#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>

#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"

namespace sonde::builtins {
namespace {

using Constant = std::optional<std::variant<uint64_t, std::string>>;

constexpr uint32_t kMacSize = 6;
constexpr uint32_t kInet4 = 4, kInet6 = 16;
constexpr uint32_t kInetAddress = 8;  // offset of the address in an inet value, behind the family

// --- ntop, pton ---------------------------------------------------------------------------------------------------------

TypeRef check_ntop(CallView& call) {
  diag::Diagnostics& diagnostics = call.env.diagnostics();
  const bool has_family = call.arguments.size() == 2;
  const Argument& address = call.arguments[has_family ? 1 : 0];
  if (has_family && !unresolved(call.arguments[0]) && !integer_like(call.arguments[0].type)) {
    diagnostics.emit<diag::Id::call_argument_type>(call.range, call.row.name, "int", given(call.arguments[0]));
    return nullptr;
  }
  if (!unresolved(address) && !integer_like(address.type)) {
    const TypeRef type = address.type;
    if (type->kind != Kind::array && type->kind != Kind::string) {
      diagnostics.emit<diag::Id::ntop_argument>(call.range, given(address));
      return nullptr;
    }
    if (type->size != kInet4 && type->size != kInet6) {
      diagnostics.emit<diag::Id::ntop_size>(call.range);
      return nullptr;
    }
  }
  return call.env.types().inet();
}

// inet: u64 family, 16 bytes of address.
Reg lower_ntop(Codegen& cg) {
  const bool has_family = cg.argument_count() == 2;
  const size_t index = has_family ? 1 : 0;
  const TypeRef type = cg.argument_type(index);
  const bool number = integer_like(type);
  const Mem to = cg.result();
  const uint64_t family = !number && type->size == kInet6 ? AF_INET6 : AF_INET;
  cg.store(to, 0, 8, has_family ? cg.argument(0) : cg.constant(family));
  cg.zero(to, kInetAddress, kInet6);
  if (number) {
    cg.store(to, kInetAddress, 4, cg.argument(index));
  } else {
    cg.copy(cg.offset(to, kInetAddress), cg.argument_memory(index), type->size);
  }
  return {};
}

// A dot means IPv4, else a colon IPv6. Empty: not an address; `valid` says whether it at least looks like one.
std::string address_bytes(const std::string& text, bool& looks_like_one) {
  const bool four = text.contains('.');
  looks_like_one = four || text.contains(':');
  std::string bytes(four ? kInet4 : kInet6, '\0');
  return inet_pton(four ? AF_INET : AF_INET6, text.c_str(), bytes.data()) == 1 ? bytes : std::string();
}

TypeRef check_pton(CallView& call) {
  diag::Diagnostics& diagnostics = call.env.diagnostics();
  const std::optional<std::string>& text = call.arguments[0].text;
  if (!text) {
    diagnostics.emit<diag::Id::pton_literal>(call.range);
    return nullptr;
  }
  bool looks_like_one = false;
  const std::string bytes = address_bytes(*text, looks_like_one);
  if (bytes.empty()) {
    if (looks_like_one) {
      diagnostics.emit<diag::Id::pton_invalid>(call.range, *text);
    } else {
      diagnostics.emit<diag::Id::pton_family>(call.range, *text);
    }
    return nullptr;
  }
  types::TypeContext& types = call.env.types();
  return types.array(types.integer(1, false), static_cast<uint32_t>(bytes.size()));
}

Reg lower_pton(Codegen& cg) {
  bool looks_like_one = false;
  const std::string bytes = address_bytes(*cg.described(0).text, looks_like_one);
  cg.copy(cg.result(), cg.string_constant(bytes), static_cast<uint32_t>(bytes.size()));
  return {};
}

// --- macaddr ------------------------------------------------------------------------------------------------------------

TypeRef check_macaddr(CallView& call) {
  diag::Diagnostics& diagnostics = call.env.diagnostics();
  const Argument& address = call.arguments[0];
  if (address.text) {
    diagnostics.emit<diag::Id::macaddr_literal>(call.range);
    return nullptr;
  }
  if (!unresolved(address) && !integer_like(address.type) && address.type->kind != Kind::pointer) {
    const bool bytes = address.type->kind == Kind::array || address.type->kind == Kind::string;
    if (!bytes || address.type->size < kMacSize) {
      if (bytes) {
        diagnostics.emit<diag::Id::macaddr_size>(call.range);
      } else {
        diagnostics.emit<diag::Id::macaddr_argument>(call.range, given(address));
      }
      return nullptr;
    }
  }
  return call.env.types().mac_address();
}

Reg lower_macaddr(Codegen& cg) {
  const TypeRef type = cg.argument_type(0);
  if (integer_like(type) || type->kind == Kind::pointer) {
    checked_read(cg, cg.result(), cg.constant(kMacSize), cg.argument(0), space_of(cg, 0));
  } else {
    cg.copy(cg.result(), cg.argument_memory(0), kMacSize);
  }
  return {};
}

// --- bswap --------------------------------------------------------------------------------------------------------------

TypeRef check_bswap(CallView& call) {
  const Argument& number = call.arguments[0];
  types::TypeContext& types = call.env.types();
  if (unresolved(number)) return types.integer(8, false);
  if (!integer_like(number.type)) {
    call.env.diagnostics().emit<diag::Id::call_argument_type>(call.range, call.row.name, "integer", given(number));
    return nullptr;
  }
  return types.integer(number.type->size, false);
}

Reg lower_bswap(Codegen& cg) {
  const uint32_t size = cg.result_type()->size;
  return size == 1 ? cg.argument(0) : cg.byte_swap(cg.argument(0), size);
}

constexpr Param kNtopParams[] = {{"family_or_address", ParamKind::any}, {"address", ParamKind::any, true}};
constexpr Param kPtonParams[] = {{"text", ParamKind::any}};
constexpr Param kMacParams[] = {{"address", ParamKind::any}};
constexpr Param kBswapParams[] = {{"n", ParamKind::any}};

constexpr Builtin kRows[] = {
    {.name = "bswap",
     .params = kBswapParams,
     .summary = "The bytes of an integer in reverse order.",
     .example = "begin { print(bswap((uint16)0x0102)); }",
     .check = check_bswap,
     .lower = lower_bswap},
    {.name = "macaddr",
     .params = kMacParams,
     .summary = "A MAC address from six bytes.",
     .example = "tracepoint:net:netif_rx { print(macaddr(args.skbaddr)); }",
     .check = check_macaddr,
     .lower = lower_macaddr},
    {.name = "ntop",
     .params = kNtopParams,
     .summary = "An IP address from an integer, 4 or 16 bytes in network order; the family can be given in front.",
     .example = "begin { print(ntop(0x0100007f)); }",
     .check = check_ntop,
     .lower = lower_ntop},
    {.name = "pton",
     .params = kPtonParams,
     .summary = "The bytes of an IPv4 or IPv6 address that is given as text.",
     .example = "begin { print(pton(\"127.0.0.1\")); }",
     .check = check_pton,
     .lower = lower_pton},
};

}  // namespace

std::span<const Builtin> net_rows() { return kRows; }

}  // namespace sonde::builtins
