// Where `#include` finds its text: the folder of the including file, -I folders, headers that come with sonde, the kernel's
// source tree for what is the kernel's, then the system's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sonde::cdef {

struct HeaderText {
  std::string path;  // as messages show it
  std::string text;
  std::string folder;   // where its own "..." includes begin to look
  bool system = false;  // not the user's: what our parser cannot read in it is skipped
  bool kernel = false;  // of the kernel's source tree; `system`, too
  size_t place = 0;     // index of the searched folder it came from, for #include_next
};

// The file in which an #include stands.
struct Includer {
  std::string folder;  // empty: the working directory
  bool system = false;
  bool kernel = false;
};

class HeaderSearch {
 public:
  // `user`: -I folders, in order. `arch` and `release` as uname gives them.
  HeaderSearch(std::vector<std::string> user, const std::string& arch, const std::string& release);

  // `quoted`: spelled "name", so the folder of `from` is looked at first. `after`: #include_next from that place.
  std::optional<HeaderText> find(std::string_view name, bool quoted, const Includer& from,
                                 std::optional<size_t> after = {}) const;
  // The folders of -I and the system's that exist, for the message about a missing header.
  const std::vector<std::string>& folders() const { return folders_; }
  // The folders of the kernel's source tree.
  const std::vector<std::string>& kernel_tree() const { return tree_; }
  // Is it the kernel's own business to have such a header ("linux/path.h", "net/sock.h")?
  static bool is_kernel_header(std::string_view name);

 private:
  std::optional<HeaderText> find_in_tree(std::string_view name) const;

  std::vector<std::string> folders_;
  std::vector<std::string> tree_;
  size_t user_count_ = 0;
};

// A header that comes with sonde ("stdint.h"); empty: none of that name.
std::optional<std::string_view> bundled_header(std::string_view name);

// Constants that scripts want of a header which is not installed, or whose variant for user programs lacks them; empty: none
// are known. Defines nothing that is defined already.
std::optional<std::string_view> common_constants(std::string_view name);

// The macros that scripts see and no compiler defines, as text of #define lines.
std::string script_macros(bool has_btf);
// The same with those that the compiler itself defines.
std::string predefined_macros(const std::string& arch, bool has_btf);

}  // namespace sonde::cdef
