// /proc/kallsyms: read once, text symbols only, searched by halving.
#include "runtime/symbols/kernel.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <numeric>

#include "base/fd.h"

namespace sonde::symbols {
namespace {

// No function is longer; addresses behind the last function of a region belong to nothing.
constexpr uint64_t kMaxFunctionSize = uint64_t{1} << 20;

// Bytes asked for at a time.
constexpr size_t kPieceSize = 262144;

struct Line {
  uint64_t address = 0;
  char type = 0;
  std::string_view name;
};

// "ffffffff81000000 T _text\t[module]".
std::optional<Line> parse(std::string_view text) {
  Line line;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), line.address, 16);
  if (error != std::errc() || text.data() + text.size() - end < 4) return std::nullopt;
  line.type = end[1];
  line.name = text.substr(static_cast<size_t>(end + 3 - text.data()));
  line.name = line.name.substr(0, line.name.find('\t'));
  return line;
}

bool is_text(char type) { return type == 't' || type == 'T' || type == 'w' || type == 'W'; }

// Calls visit(line) for every line. The file has no size, and its lines are generated as they are
// read, so it is taken in large pieces.
template <typename Visit>
void each_line(const std::string& path, Visit visit) {
  const base::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return;
  std::vector<char> buffer(kPieceSize);
  size_t filled = 0;
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data() + filled, buffer.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    filled += static_cast<size_t>(got);
    std::string_view rest(buffer.data(), filled);
    for (size_t end; (end = rest.find('\n')) != std::string_view::npos; rest.remove_prefix(end + 1)) {
      if (const auto line = parse(rest.substr(0, end))) visit(*line);
    }
    if (rest.size() == buffer.size()) rest = {};  // a line of this length is no symbol
    std::copy(rest.begin(), rest.end(), buffer.begin());
    filled = rest.size();
  }
}

}  // namespace

void KernelSymbols::load() {
  loaded_ = true;
  std::vector<uint64_t> addresses;
  std::vector<uint32_t> names_at;
  each_line(path_, [&](const Line& line) {
    // Address 0: hidden by kptr_restrict.
    if (!is_text(line.type) || line.address == 0) return;
    addresses.push_back(line.address);
    names_at.push_back(static_cast<uint32_t>(names_.size()));
    names_ += line.name;
    names_ += '\0';
  });
  std::vector<uint32_t> order(addresses.size());
  std::iota(order.begin(), order.end(), 0);
  // The kernel's early code is known under a second, prefixed name, which gives way to the plain one.
  const auto early = [&](uint32_t index) { return std::string_view(&names_[names_at[index]]).starts_with("__pi_"); };
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    if (addresses[a] != addresses[b]) return addresses[a] < addresses[b];
    return early(a) && !early(b);
  });
  addresses_.reserve(order.size());
  names_at_.reserve(order.size());
  for (const uint32_t index : order) {
    addresses_.push_back(addresses[index]);
    names_at_.push_back(names_at[index]);
  }
  names_.shrink_to_fit();
}

std::optional<Symbol> KernelSymbols::find(uint64_t address) {
  if (!loaded_) load();
  // Of several names for one address the last one in the file wins.
  const auto next = std::upper_bound(addresses_.begin(), addresses_.end(), address);
  if (next == addresses_.begin()) return std::nullopt;
  const auto index = static_cast<size_t>(next - addresses_.begin()) - 1;
  const uint64_t offset = address - addresses_[index];
  if (offset >= kMaxFunctionSize) return std::nullopt;
  return Symbol{names_.data() + names_at_[index], offset};
}

}  // namespace sonde::symbols
