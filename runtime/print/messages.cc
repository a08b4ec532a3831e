// Texts of run-time errors and the layout of messages with a place in the script.
#include "runtime/print/messages.h"

#include <cerrno>
#include <cstring>

#include "runtime/print/printer.h"

namespace sonde::print {
namespace {

constexpr std::string_view kRed = "\033[31m";
constexpr std::string_view kYellow = "\033[33m";
constexpr std::string_view kPlain = "\033[0m";

const image::SourceSpan* find_span(const image::Image& image, image::SpanId id) {
  return id.value < image.spans.size() ? &image.spans[id.value] : nullptr;
}

bool is_error(Message::Kind kind) {
  switch (kind) {
    case Message::Kind::errorf:
    case Message::Kind::assert_failed: return true;
    case Message::Kind::helper_error:
    case Message::Kind::runtime_error:
    case Message::Kind::warnf: return false;
  }
  return false;
}

// warnf and errorf show no source for their own place: the script's author knows where they are.
bool shows_source(Message::Kind kind) {
  switch (kind) {
    case Message::Kind::helper_error:
    case Message::Kind::runtime_error: return true;
    case Message::Kind::errorf:
    case Message::Kind::assert_failed:
    case Message::Kind::warnf: return false;
  }
  return false;
}

// The source line with tabs as four spaces, and `~` under the range; lines of a longer range verbatim and unmarked.
void append_source(std::string& out, const image::SourceSpan& span) {
  if (span.text.empty()) return;
  if (span.end_column == 0) {
    out += span.text;
    if (out.back() != '\n') out += '\n';
    return;
  }
  std::string line, marker;
  uint32_t column = 1;
  for (const char character : std::string_view(span.text).substr(0, span.text.find('\n'))) {
    const size_t width = character == '\t' ? 4 : 1;
    line.append(width, character == '\t' ? ' ' : character);
    if (column < span.column) {
      marker.append(width, ' ');
    } else if (column < span.end_column) {
      marker.append(width, '~');
    }
    ++column;
  }
  // The end of input lies behind the last character.
  for (; column < span.column; ++column) marker += ' ';
  out += line + "\n" + marker + "\n";
}

void append_header(std::string& out, std::string_view place, bool error, std::string_view text, bool color) {
  if (color) out += error ? kRed : kYellow;
  if (!place.empty()) {
    out += place;
    out += ": ";
  }
  out += error ? "ERROR: " : "WARNING: ";
  // A text that brings its own newline gets no second one.
  if (text.ends_with('\n')) text.remove_suffix(1);
  out += text;
  if (color) out += kPlain;
  out += '\n';
}

// One block per macro level, from the inside out.
void append_levels(std::string& out, const image::Image& image, const image::SourceSpan& span, bool error, bool color) {
  for (const image::SpanId id : span.expanded_from) {
    const image::SourceSpan* outer = find_span(image, id);
    if (!outer) continue;
    append_header(out, location(*outer), error, "expanded from", color);
    append_source(out, *outer);
  }
}

std::string errno_text(int64_t code) {
  return code < INT32_MIN || code > INT32_MAX ? "Unknown error"
                                              : std::strerror(static_cast<int>(code < 0 ? -code : code));
}

std::string map_full_text(const image::Image& image, const image::ErrorSite& site) {
  const std::string name = site.map.value < image.maps.size() ? image.maps[site.map.value].name : "@a";
  return "Map full; can't update element. Try increasing max_map_keys config or manually setting the max entries in a "
         "map "
         "declaration e.g. `let " +
         name + " = hash(5000)`";
}

std::string site_text(const image::Image& image, const image::ErrorSite& site, int64_t code) {
  switch (site.kind) {
    case image::ErrorKind::map_full:
      // Maps that get memory as they grow are refused some when they grow faster than the kernel can find it.
      if (code == -ENOMEM) return "Can't update map element: the kernel has no memory for another one at this moment.";
      return map_full_text(image, site);
    case image::ErrorKind::divide_by_zero:
      return "Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.";
    case image::ErrorKind::array_bounds: return "Array access out of bounds. This can lead to unexpected results.";
    case image::ErrorKind::probe_read: return errno_text(code);
    case image::ErrorKind::map_lookup: return "Can't lookup map element because it does not exist.";
    case image::ErrorKind::loop_limit: return errno_text(E2BIG);
    case image::ErrorKind::stack_read: return "Error reading " + (site.helper.empty() ? "kstack" : site.helper) + ".";
    case image::ErrorKind::helper:
      if (site.helper == "map_delete_elem" && code == -ENOENT) {
        return "Can't delete map element because it does not exist.";
      }
      return errno_text(code);
  }
  return errno_text(code);
}

}  // namespace

Message describe(const image::Image& image, const image::ErrorSite& site, const image::ErrorCell& cell) {
  Message message;
  message.text = site_text(image, site, cell.code);
  // For stacks `helper` only says which stack it was.
  if (!site.helper.empty() && site.kind != image::ErrorKind::stack_read) {
    message.kind = Message::Kind::helper_error;
    message.helper = site.helper;
    message.code = cell.code;
  }
  message.span = site.span;
  message.repeats = cell.count;
  return message;
}

void append_located(std::string& out, const image::Image& image, image::SpanId span, bool error, std::string_view text,
                    bool color) {
  const image::SourceSpan* place = find_span(image, span);
  append_header(out, place ? location(*place) : std::string(), error, text, color);
  if (!place) return;
  append_source(out, *place);
  append_levels(out, image, *place, error, color);
}

std::string location(const image::SourceSpan& span) {
  std::string text = span.file + ":" + std::to_string(span.line);
  if (span.end_column == 0) {
    if (span.end_line > span.line) text += "-" + std::to_string(span.end_line);
    return text;
  }
  return text + ":" + std::to_string(span.column) + "-" + std::to_string(span.end_column);
}

void append_message(std::string& out, const image::Image& image, const Message& message, bool color) {
  const bool error = is_error(message.kind);
  const image::SourceSpan* span = find_span(image, message.span);
  append_header(out, span ? location(*span) : std::string(), error, message.text, color);
  if (message.kind == Message::Kind::helper_error) {
    out += "Additional Info - helper: " + message.helper + ", retcode: " + std::to_string(message.code) + "\n";
  }
  if (message.repeats > 1) out += "Additional Info - occurrences: " + std::to_string(message.repeats) + "\n";
  if (!span) return;
  if (shows_source(message.kind)) append_source(out, *span);
  append_levels(out, image, *span, error, color);
}

}  // namespace sonde::print
