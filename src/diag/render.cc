// The layout is a contract with scripts and editors that parse it: columns count bytes of the raw line, while the line
// is shown with four spaces for each tab.
#include "diag/render.h"

#include <algorithm>

#include "base/check.h"

namespace sonde::diag {
namespace {

constexpr std::string_view tab_shown = "    ";
// Longer lines are shown in part, so many bytes of them around the place.
constexpr size_t max_line = 2000;
constexpr size_t margin = 100;
constexpr std::string_view ellipsis = "...";

std::string_view severity_word(Severity severity) {
  switch (severity) {
    case Severity::error: return "ERROR";
    case Severity::warning: return "WARNING";
    case Severity::note: return "NOTE";
  }
  SONDE_UNREACHABLE();
}

std::string_view color_code(Severity severity) {
  switch (severity) {
    case Severity::error: return "\033[31m";
    case Severity::warning: return "\033[33m";
    case Severity::note: return "";
  }
  SONDE_UNREACHABLE();
}

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

// What a line of the source looks like on a terminal, which must not obey it: control characters are shown as `?`.
std::string shown(std::string_view line, std::string_view tab) {
  if (line.ends_with('\r')) line.remove_suffix(1);  // the end of a line as Windows writes it
  std::string out;
  for (const char c : line) {
    if (c == '\t')
      out += tab;
    else
      out += is_control(c) ? '?' : c;
  }
  return out;
}

// Width of a piece of a line as shown() shows it.
size_t shown_width(std::string_view piece) {
  return piece.size() + (tab_shown.size() - 1) * static_cast<size_t>(std::ranges::count(piece, '\t'));
}

struct Place {
  source::Position first;
  uint32_t last_line;
  uint32_t end_column;  // exclusive; of last_line
};

Place place_of(source::Range range, const source::SourceBuffer& buffer) {
  const source::Position first = buffer.position(range.begin);
  if (range.end <= range.begin) return {first, first.line, first.column};
  const source::Position last = buffer.position(range.end - 1);
  return {first, last.line, last.column + 1};
}

// The end of a text that ends in a newline is on a line that holds nothing and is not shown.
bool line_exists(const source::SourceBuffer& buffer, uint32_t number) {
  const std::string_view text = buffer.text();
  const bool last = number == buffer.position(static_cast<uint32_t>(text.size())).line;
  return !(last && (text.empty() || text.back() == '\n'));
}

// The part of a line that is shown.
struct Window {
  size_t begin = 0, end = 0;
};

// All of it, but of lines that no person wrote the surroundings of the place.
Window window_of(std::string_view line, size_t first, size_t marked) {
  if (line.size() <= max_line) return {0, line.size()};
  const size_t last = first + std::min(marked, max_line);
  return {first < margin ? 0 : first - margin, std::min(line.size(), last + margin)};
}

std::string context(const Place& place, const source::SourceBuffer& buffer) {
  std::string out;
  if (place.last_line != place.first.line) {
    for (uint32_t number = place.first.line; number <= place.last_line; ++number)
      out.append(shown(buffer.line(number), "\t")).append("\n");
    return out;
  }
  if (!line_exists(buffer, place.first.line)) return out;
  const std::string_view line = buffer.line(place.first.line);
  const size_t first = std::min<size_t>(place.first.column - 1, line.size());
  const Window window = window_of(line, first, place.end_column - place.first.column);
  const std::string_view before = line.substr(window.begin, first - window.begin);
  const std::string_view marked = line.substr(first, place.end_column - place.first.column);
  const std::string_view left = window.begin > 0 ? ellipsis : "";
  const std::string_view right = window.end < line.size() ? ellipsis : "";
  out.append(left).append(shown(line.substr(window.begin, window.end - window.begin), tab_shown)).append(right) += '\n';
  out.append(left.size() + shown_width(before), ' ');
  out.append(std::min(shown_width(marked), max_line), '~') += '\n';
  return out;
}

}  // namespace

std::string render_block(source::Range range, Severity severity, std::string_view text, std::string_view note,
                         const source::SourceSet& sources, bool color) {
  std::string head;
  std::string tail;
  if (!note.empty()) tail.append(note).append("\n");
  if (range.valid()) {
    const source::SourceBuffer& buffer = sources.buffer(range.buffer);
    const Place place = place_of(range, buffer);
    head = buffer.name() + ":" + std::to_string(place.first.line);
    if (place.last_line != place.first.line)
      head += "-" + std::to_string(place.last_line);
    else
      head += ":" + std::to_string(place.first.column) + "-" + std::to_string(place.end_column);
    head += ": ";
    tail += context(place, buffer);
  }
  head.append(severity_word(severity)).append(": ").append(text);
  const std::string_view code = color ? color_code(severity) : std::string_view{};
  if (!code.empty()) head = std::string(code) + head + "\033[0m";
  return head + "\n" + tail;
}

std::string render(const Diagnostic& diagnostic, const source::SourceSet& sources, bool color) {
  const Severity severity = diagnostic.severity();
  std::string out = render_block(diagnostic.range, severity, diagnostic.text, {}, sources, color);
  for (const Label& label : diagnostic.labels)
    out += render_block(label.range, severity, label.text, {}, sources, color);
  for (const std::string& hint : diagnostic.hints) out += "HINT: " + hint + "\n";
  for (const source::Range& level : diagnostic.expanded_from)
    out += render_block(level, severity, row(Id::label_expanded_from).text, {}, sources, color);
  return out;
}

}  // namespace sonde::diag
