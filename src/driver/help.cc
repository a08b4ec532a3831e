// The help text, made from the option table (cli.md 13).
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "driver/options.h"

namespace sonde::driver {
namespace {

constexpr size_t kDescriptionColumn = 20;  // 0-based column in which descriptions start

constexpr std::array<std::pair<Group, std::string_view>, 7> kGroups = {{
    {Group::program, "OPTIONS:"},
    {Group::process, ""},
    {Group::output, ""},
    {Group::include, ""},
    {Group::safety, ""},
    {Group::developer, "DEVELOPER OPTIONS:"},
    {Group::trouble, "TROUBLESHOOTING OPTIONS:"},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kExamples = {{
    {"sonde -e 'kprobe:do_nanosleep { printf(\"%d sleeping\\n\", pid); }'", "say who sleeps"},
    {"sonde -e 'tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }'", "count system calls by program"},
    {"sonde -e 'tracepoint:syscalls:sys_enter_openat { printf(\"%s %s\\n\", comm, str(args.filename)); }'",
     "show files as they are opened"},
    {"sonde -e 'profile:hz:99 { @[kstack] = count(); }'", "sample kernel stacks"},
    {"sonde -e 'tracepoint:block:block_rq_issue { @ = hist(args.bytes); }'", "block I/O sizes as a histogram"},
    {"sonde -e 'uprobe:libc:malloc { @[ustack, pid] = count(); }'", "who calls malloc"},
    {"sonde -l '*sleep*'", "list probes by name"},
    {"sonde -lv tracepoint:syscalls:sys_enter_read", "list the arguments of a probe"},
}};

void append_option(std::string& out, const OptionRow& row) {
  std::string left = "    ";
  if (row.short_name) left += std::string("-") + row.short_name;
  if (!row.long_name.empty()) left += (row.short_name ? ", --" : "--") + std::string(row.long_name);
  if (!row.argument.empty()) left += " " + std::string(row.argument);
  out += left;
  std::string indent(kDescriptionColumn, ' ');
  if (left.size() + 1 > kDescriptionColumn)
    out += "\n" + indent;
  else
    out += indent.substr(left.size());
  for (const char c : row.help) {
    out += c;
    if (c == '\n') out += indent;
  }
  out += '\n';
}

}  // namespace

std::string help_text() {
  std::string out =
      "sonde: trace a running system with one-liners and scripts\n\n"
      "USAGE:\n"
      "    sonde [options] FILE [param...] [-- --name=value...]\n"
      "    sonde [options] - [param...] [-- --name=value...]\n"
      "    sonde [options] -e 'PROGRAM' [param...] [-- --name=value...]\n"
      "    sonde build -e 'PROGRAM' -o EXECUTABLE\n"
      "    sonde -l [SEARCH]\n"
      "    Words behind `--` that begin with `--` are named parameters of the script.\n";
  for (const auto& [group, title] : kGroups) {
    out += '\n';
    if (!title.empty()) out += std::string(title) + "\n";
    for (const OptionRow& row : option_rows())
      if (row.group == group) append_option(out, row);
  }
  out +=
      "\nCONFIGURATION:\n"
      "    A `config = { key = value; }` block in a script, or the environment variable SONDE_KEY, which wins.\n"
      "\nEXAMPLES:\n";
  for (const auto& [command, meaning] : kExamples)
    out += "    " + std::string(command) + "\n        " + std::string(meaning) + "\n";
  out += "\nDOCUMENTATION:\n    man 8 sonde; man 7 sonde-reference\n";
  return out;
}

}  // namespace sonde::driver
