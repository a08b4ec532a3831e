// A parameter's text is scanned again, so that it may hold several parts. Each character remembers where it stands in
// the script, for the ranges.
#include "parse/attach_spec.h"

#include <deque>
#include <utility>

#include "parse/integer.h"

namespace sonde::parse {

using diag::Id;

namespace {

// A parameter may name parameters, itself included; behind this many replacements a `$` stays as it is.
constexpr size_t max_replacements = 64;

struct Piece {
  char byte;
  uint32_t begin;  // range of the piece in the script
  uint32_t end;
};

class Splitter {
 public:
  Splitter(const ast::AttachPoint& point, std::span<const std::string> positional, diag::Diagnostics& diagnostics)
      : point_(point), positional_(positional), diagnostics_(diagnostics) {
    uint32_t offset = point.range.begin;
    for (const char c : point.text) {
      input_.push_back({c, offset, offset + 1});
      ++offset;
    }
    part_.range = {point.range.buffer, point.range.begin, point.range.begin};
  }

  std::optional<AttachSpec> run() {
    while (!input_.empty()) {
      const Piece piece = take();
      switch (piece.byte) {
        case '"': quoted(); break;
        case ':': finish_part(piece); break;
        case '@':
          finish_part(piece);
          add(piece);
          finish_part({0, piece.end, piece.end});
          break;
        case '=':
          if (label_allowed())
            take_label(piece);
          else
            add(piece);
          break;
        case '$':
          if (replaced_ == max_replacements)
            add(piece);
          else if (!parameter(piece))
            return std::nullopt;
          break;
        default: add(piece);
      }
    }
    spec_.parts.push_back(std::move(part_));
    spec_.text = point_.text;
    spec_.range = point_.range;
    return std::move(spec_);
  }

 private:
  Piece take() {
    const Piece piece = input_.front();
    input_.pop_front();
    return piece;
  }

  void add(const Piece& piece) {
    part_.text += piece.byte;
    part_.range.end = piece.end;
  }

  void finish_part(const Piece& separator) {
    spec_.parts.push_back(std::move(part_));
    part_ = {{}, {point_.range.buffer, separator.end, separator.end}};
    if (separator.byte == '@') part_.range.begin = part_.range.end = separator.begin;
  }

  void quoted() {
    while (!input_.empty()) {
      Piece piece = take();
      part_.range.end = piece.end;
      if (piece.byte == '"') return;
      if (piece.byte == '\\' && !input_.empty()) piece = take();
      add(piece);
    }
  }

  // One label, in the first part, and not when the `=` ends that part.
  bool label_allowed() const {
    return spec_.parts.empty() && !spec_.label && !input_.empty() && input_.front().byte != ':' &&
           input_.front().byte != '@';
  }

  void take_label(const Piece& equals) {
    spec_.label = std::move(part_.text);
    part_ = {{}, {point_.range.buffer, equals.end, equals.end}};
  }

  bool parameter(const Piece& dollar) {
    std::string digits;
    uint32_t end = dollar.end;
    while (!input_.empty() && input_.front().byte >= (digits.empty() ? '1' : '0') && input_.front().byte <= '9') {
      end = input_.front().end;
      digits += take().byte;
    }
    if (digits.empty()) {
      const std::string trail = input_.empty() ? std::string() : std::string(1, input_.front().byte);
      diagnostics_.emit<Id::attach_parameter_trail>(point_.range, trail);
      return false;
    }
    const auto number = parse_integer(digits);
    if (!number) {
      diagnostics_.emit<Id::attach_parameter_number>(point_.range, number.error());
      return false;
    }
    ++replaced_;
    if (number->value > positional_.size()) return true;
    const std::string& value = positional_[number->value - 1];
    for (auto c = value.rbegin(); c != value.rend(); ++c) input_.push_front({*c, dollar.begin, end});
    return true;
  }

  const ast::AttachPoint& point_;
  std::span<const std::string> positional_;
  diag::Diagnostics& diagnostics_;
  std::deque<Piece> input_;
  AttachPart part_;
  AttachSpec spec_;
  size_t replaced_ = 0;
};

}  // namespace

std::optional<AttachSpec> split_attach_point(const ast::AttachPoint& point, std::span<const std::string> positional,
                                             diag::Diagnostics& diagnostics) {
  return Splitter(point, positional, diagnostics).run();
}

}  // namespace sonde::parse
