// One row per configuration key: its type, default and allowed values; script and environment go through the same
// check.
#include "sema/config.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <span>

#include "base/check.h"
#include "base/integer.h"

namespace sonde::sema {
namespace {

enum class KeyType : uint8_t { boolean, integer, text, choice, license, unstable, cache };

struct KeyRow {
  std::string_view name;
  KeyType type;
  std::string_view fallback;
  std::string_view summary;
  std::span<const std::string_view> choices = {};  // choice
  bool exact_case = false;
  bool unsupported = false;               // known, but this build has nothing to switch on
  uint64_t least = 0, most = UINT64_MAX;  // integer
};

constexpr KeyRow number(std::string_view name, std::string_view fallback, std::string_view summary, uint64_t least = 0,
                        uint64_t most = UINT64_MAX) {
  return {name, KeyType::integer, fallback, summary, {}, false, false, least, most};
}

// The kernel takes a quarter of the numbers that fit its 32 bits for the size of a log.
constexpr uint64_t kMostLog = UINT32_MAX >> 2;

constexpr std::array<std::string_view, 5> kStackModes = {"sonde", "bpftrace", "perf", "raw", "build_id"};
constexpr std::array<std::string_view, 3> kMissing = {"error", "warn", "ignore"};
constexpr std::array<std::string_view, 6> kLicenses = {"GPL",          "GPL v2",       "GPL and additional rights",
                                                       "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"};

constexpr std::string_view kFeature = "Whether the feature may be used: enable, warn or error.";

constexpr KeyRow kRows[] = {
    {"cache_user_symbols", KeyType::cache, "",
     "How long symbols of programs are kept: PER_PID, PER_PROGRAM or NONE. By default PER_PROGRAM with -c or where the "
     "kernel does not place programs at random, else PER_PID."},
    {"cpp_demangle", KeyType::boolean, "true", "Whether names of C++ functions are shown as the source has them."},
    {"lazy_symbolication", KeyType::boolean, "true", "Whether symbols are looked up when they are printed."},
    {"license", KeyType::license, "GPL", "The licence that the kernel is told: many helpers need GPL."},
    number("log_size", "1000000", "Bytes for the verifier's log.", 0, kMostLog),
    number("max_bpf_progs", "1024", "Programs that the patterns of a script may make."),
    number("max_cat_bytes", "10240", "Bytes that cat() prints of a file."),
    number("max_map_keys", "4096", "Entries of maps with keys that no declaration gives a size.", 1, kMostMapEntries),
    number("max_probes", "1024", "Probes that may be attached."),
    number("max_strlen", "1024", "Bytes of strings that str(), buf() and path() read, the closing NUL included.", 1,
           kMostEntryBytes),
    {"missing_probes", KeyType::choice, "error", "What attach points that do not exist are: error, warn or ignore.",
     kMissing},
    number(
        "on_stack_limit", "32",
        "Objects of more bytes are kept in memory of their own instead of the kernel's stack. Unless it is set, sonde "
        "finds a limit itself; results are the same."),
    number("perf_rb_pages", "0", "Pages of 4 KiB for the records on their way to sonde; 0: by the machine's memory."),
    {"print_maps_on_exit", KeyType::boolean, "true", "Whether maps are printed at the end."},
    {"show_debug_info", KeyType::boolean, "false",
     "Whether frames of user stacks show source lines and inlined functions."},
    {"stack_mode", KeyType::choice, "sonde", "How stacks are printed: sonde, perf, raw or build_id.", kStackModes,
     true},
    {"str_trunc_trailer", KeyType::text, "..", "What strings end in that were too long."},
    {"unstable_dw_ustack", KeyType::unstable, "warn", kFeature},
    {"unstable_import_statement", KeyType::unstable, "error", kFeature},
    {"unstable_tseries", KeyType::unstable, "warn", kFeature},
    {"unstable_typeinfo", KeyType::unstable, "error", kFeature},
    {"use_blazesym", KeyType::boolean, "false", "No effect in this build.", {}, false, true},
};

struct Renamed {
  std::string_view old_name, name;
};
constexpr Renamed kRenamed[] = {{"strlen", "max_strlen"},
                                {"cat_bytes_max", "max_cat_bytes"},
                                {"map_keys_max", "max_map_keys"},
                                {"no_cpp_demangle", "cpp_demangle"}};
constexpr std::string_view kWithoutEffect[] = {"symbol_source",   "max_type_res_iterations", "unstable_addr",
                                               "unstable_import", "unstable_macro",          "unstable_map_decl"};
constexpr std::string_view kEnvironmentOnly[] = {"btf", "kernel_build", "kernel_source", "vmlinux"};

bool contains(const auto& list, const auto& item) { return std::ranges::find(list, item) != std::ranges::end(list); }

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

const KeyRow* find_row(std::string_view name) {
  const auto row = std::ranges::find(kRows, name, &KeyRow::name);
  return row == std::end(kRows) ? nullptr : &*row;
}

// A value as written: its text, and the number if it was written as an integer literal.
struct Written {
  std::string text;
  std::optional<uint64_t> number;
};

std::optional<bool> as_boolean(const Written& value) {
  if (value.number) return *value.number != 0;
  const std::string word = lower(value.text);
  constexpr std::string_view yes[] = {"true", "1", "on", "yes"}, no[] = {"false", "0", "off", "no"};
  if (contains(yes, word)) return true;
  if (contains(no, word)) return false;
  if (const auto number = base::parse_integer(value.text, {})) return number->value != 0;
  return {};
}

// Each checker gives the stored text, or says why not (the text behind "<key>: ").
using Checked = std::expected<std::string, std::string>;

Checked check_integer(const KeyRow& row, const Written& value) {
  std::optional<uint64_t> given = value.number;
  if (!given && value.text == "true") given = 1;
  if (!given)
    if (const auto parsed = base::parse_integer(value.text, {}); parsed && !parsed->negative) given = parsed->value;
  if (!given) return std::unexpected("expecting a number, got " + value.text);
  if (*given < row.least || *given > row.most)
    return std::unexpected("expecting a number from " + std::to_string(row.least) + " to " + std::to_string(row.most) +
                           ", got " + std::to_string(*given));
  return std::to_string(*given);
}

Checked check_boolean(const Written& value) {
  if (const auto boolean = as_boolean(value)) return *boolean ? "true" : "false";
  return std::unexpected("Invalid bool value: valid values are true, false, 1 or 0.");
}

Checked check_unstable(const Written& value) {
  const std::string word = lower(value.text);
  if (word == "enable" || word == "warn" || word == "error") return word;
  if (const auto boolean = as_boolean(value)) return *boolean ? "enable" : "error";
  return std::unexpected("Invalid value for unstable config: valid values are enable, warn, and error.");
}

Checked check_cache(const Written& value) {
  const std::string word = lower(value.text);
  if (word == "per_pid" || word == "per_program" || word == "none") return word;
  if (const auto boolean = as_boolean(value)) return *boolean ? "" : "none";
  return std::unexpected("Invalid value for cache_user_symbols: valid values are PER_PID, PER_PROGRAM, and NONE.");
}

Checked check_license(const Written& value) {
  if (contains(kLicenses, value.text)) return value.text;
  std::string all;
  for (const std::string_view name : kLicenses) all += (all.empty() ? "" : ", ") + std::string(name);
  return std::unexpected("Invalid value for license. Found: " + value.text + ". Valid values: " + all);
}

Checked check_choice(const KeyRow& row, const Written& value) {
  const std::string word = row.exact_case ? value.text : lower(value.text);
  if (!value.number && contains(row.choices, word)) return word;
  if (row.name == "stack_mode")
    return std::unexpected("Invalid value for stack_mode: valid values are sonde, raw, perf, and build_id.");
  return std::unexpected("Invalid value for missing_probes: valid values are ignore, warn, and error.");
}

Checked check_value(const KeyRow& row, const Written& value) {
  switch (row.type) {
    case KeyType::boolean: return check_boolean(value);
    case KeyType::integer: return check_integer(row, value);
    case KeyType::text: return value.text;
    case KeyType::choice: return check_choice(row, value);
    case KeyType::license: return check_license(value);
    case KeyType::unstable: return check_unstable(value);
    case KeyType::cache: return check_cache(value);
  }
  SONDE_UNREACHABLE();
}

// Key spelling: any case, with or without either prefix.
std::string canonical_key(std::string_view written) {
  std::string key = lower(written);
  for (const std::string_view prefix : {std::string_view("sonde_"), std::string_view("bpftrace_")})
    if (key.starts_with(prefix)) return key.substr(prefix.size());
  return key;
}

}  // namespace

std::vector<ConfigKey> config_keys() {
  std::vector<ConfigKey> keys;
  for (const KeyRow& row : kRows) keys.push_back({row.name, row.fallback, row.summary});
  return keys;
}

Config::Config() {
  for (const KeyRow& row : kRows) values_.emplace(row.name, row.fallback);
}

void Config::apply(const ast::Program& program, diag::Diagnostics& diagnostics) {
  for (const ast::ConfigAssign& assign : program.config) {
    std::string key = canonical_key(assign.key);
    if (const auto renamed = std::ranges::find(kRenamed, key, &Renamed::old_name); renamed != std::end(kRenamed)) {
      diagnostics.emit<diag::Id::config_renamed>(assign.key_range, key, renamed->name);
      key = renamed->name;
    }
    if (contains(kWithoutEffect, key)) {
      diagnostics.emit<diag::Id::config_without_effect>(assign.key_range, key);
      continue;
    }
    if (contains(kEnvironmentOnly, key)) {
      diagnostics.emit<diag::Id::config_environment_only>(assign.key_range, key);
      continue;
    }
    const KeyRow* row = find_row(key);
    if (!row) {
      diagnostics.emit<diag::Id::config_unknown_key>(assign.key_range, assign.key);
      continue;
    }
    Written value{assign.value, {}};
    if (assign.value_kind == ast::ConfigAssign::ValueKind::integer) value.number = assign.integer;
    const Checked checked = check_value(*row, value);
    if (!checked) {
      // The license text names its key itself and stands alone.
      if (row->type == KeyType::license)
        diagnostics.emit<diag::Id::config_invalid_license>(assign.value_range, checked.error());
      else
        diagnostics.emit<diag::Id::config_invalid_value>(assign.value_range, key, checked.error());
      continue;
    }
    // The environment was applied first and wins.
    if (contains(from_environment_, key)) continue;
    if (row->unsupported && *checked == "true") diagnostics.emit<diag::Id::config_unsupported>(assign.key_range, key);
    values_[key] = *checked;
    set_.push_back(key);
  }
}

Result<> Config::apply_environment(const std::vector<std::pair<std::string, std::string>>& environment) {
  // SONDE_ beats BPFTRACE_, so it is looked at last.
  for (const std::string_view prefix : {std::string_view("BPFTRACE_"), std::string_view("SONDE_")}) {
    for (const auto& [name, text] : environment) {
      if (!name.starts_with(prefix)) continue;
      const std::string key = lower(std::string_view(name).substr(prefix.size()));
      const KeyRow* row = find_row(key);
      if (!row) continue;  // other variables with the prefix have their own readers
      const Checked checked = check_value(*row, {text, {}});
      if (!checked) return base::fail(key + ": " + checked.error());
      values_[key] = *checked;
      set_.push_back(key);
      from_environment_.push_back(key);
    }
  }
  return {};
}

const std::string& Config::text(std::string_view key) const {
  const auto value = values_.find(key);
  SONDE_CHECK(value != values_.end());
  return value->second;
}

uint64_t Config::integer(std::string_view key) const { return std::stoull(text(key)); }
bool Config::boolean(std::string_view key) const { return text(key) == "true"; }
bool Config::is_set(std::string_view key) const { return contains(set_, key); }

}  // namespace sonde::sema
