// A flame graph as one SVG file that needs nothing else: every map with stacks in its keys is a subtree. Text and notices go
// to the error stream, the drawing is written when the run is over.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include "runtime/print/formats.h"
#include "runtime/print/notices.h"
#include "runtime/print/stack_map.h"

namespace sonde::print {
namespace {

constexpr double kWidth = 1200, kMargin = 10, kRow = 17, kTop = 40;
constexpr double kCharacter = 6.6;   // of the 11 pixel monospace font
constexpr double kLeastWidth = 0.1;  // narrower frames are not drawn
constexpr size_t kDeepest = 512;     // frames below are cut, as are their rows

struct Node {
  uint64_t weight = 0;
  std::map<std::string, Node> children;
};

// Markup and what no XML text may hold.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f ? '?' : c;
    }
  }
  return out;
}

std::string decimal(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", number);
  return text;
}

// A warm colour that depends on the name alone, so that graphs of two runs can be compared.
std::string colour(std::string_view name) {
  uint32_t hash = 2166136261;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619;
  return "rgb(" + std::to_string(205 + hash % 50) + "," + std::to_string(60 + (hash >> 8) % 150) + "," +
         std::to_string((hash >> 16) % 60) + ")";
}

size_t depth_of(const Node& node, size_t depth) {
  size_t deepest = depth;
  if (depth < kDeepest)
    for (const auto& [name, child] : node.children) deepest = std::max(deepest, depth_of(child, depth + 1));
  return deepest;
}

// Click zooms to a frame, a click on the lowest row goes back; the title follows the mouse.
constexpr std::string_view kScript = R"script(
var frames = [].slice.call(document.querySelectorAll('g.f'));
var info = document.getElementById('info');
function num(e, name) { return parseFloat(e.getAttribute(name)); }
function zoom(to) {
  var x = num(to, 'data-x'), w = num(to, 'data-w'), d = num(to, 'data-d');
  frames.forEach(function (g) {
    var gx = num(g, 'data-x'), gw = num(g, 'data-w'), above = num(g, 'data-d') < d;
    var inside = gx >= x - 1e-9 && gx + gw <= x + w + 1e-9, under = above && gx <= x + 1e-9 && gx + gw >= x + w - 1e-9;
    g.style.display = inside || under ? '' : 'none';
    if (!inside && !under) return;
    var left = under ? 10 : 10 + (gx - x) / w * 1180, width = under ? 1180 : gw / w * 1180;
    var rect = g.querySelector('rect'), text = g.querySelector('text');
    rect.setAttribute('x', left);
    rect.setAttribute('width', width);
    rect.style.opacity = under ? 0.5 : 1;
    text.setAttribute('x', left + 3);
    var name = g.getAttribute('data-n'), room = Math.floor((width - 6) / 6.6);
    text.textContent = room < 3 ? '' : name.length <= room ? name : name.substr(0, room - 2) + '..';
  });
}
frames.forEach(function (g) {
  g.addEventListener('click', function () { zoom(g); });
  g.addEventListener('mouseover', function () { info.textContent = g.querySelector('title').textContent; });
  g.addEventListener('mouseout', function () { info.textContent = ''; });
});
)script";

class SvgPrinter : public StackPrinter {
 public:
  using StackPrinter::StackPrinter;

  void map(const value::MapValue& map) override {
    // A map printed again replaces what it showed before.
    Node fresh;
    for (const WeightedStack& stack : weighted_stacks(map)) {
      Node* node = &fresh;
      node->weight += stack.weight;
      for (const std::string& frame : stack.frames) {
        node = &node->children[frame];
        node->weight += stack.weight;
      }
    }
    if (fresh.weight > 0) maps_[map.name] = std::move(fresh);
  }

  void finish() override {
    Node root;
    for (auto& [name, node] : maps_) {
      root.weight += node.weight;
      if (maps_.size() == 1)
        root.children = std::move(node.children);
      else
        root.children.emplace(name, std::move(node));
    }
    maps_.clear();
    const size_t rows = depth_of(root, 0) + 1;
    const double height = kTop + static_cast<double>(rows) * kRow + 2 * kMargin;
    const std::string size = "width=\"" + decimal(kWidth) + "\" height=\"" + decimal(height) + "\"";
    out_ = "<?xml version=\"1.0\" standalone=\"no\"?>\n<svg version=\"1.1\" " + size + " viewBox=\"0 0 " +
           decimal(kWidth) + " " + decimal(height) +
           "\" xmlns=\"http://www.w3.org/2000/svg\" font-family=\"monospace\" font-size=\"11\">\n"
           "<style>g.f { cursor: pointer } g.f:hover rect { stroke: black }</style>\n"
           "<rect width=\"100%\" height=\"100%\" fill=\"#fffaf0\"/>\n"
           "<text x=\"600\" y=\"20\" text-anchor=\"middle\" font-size=\"15\">Flame graph</text>\n"
           "<text id=\"info\" x=\"10\" y=\"34\"> </text>\n";
    base_ = height - kMargin - kRow;
    total_ = root.weight;
    if (total_ > 0) draw("all", root, 0, 0);
    out_ += "<script><![CDATA[";
    out_ += kScript;
    out_ += "]]></script>\n</svg>\n";
    context_.out.write(out_);
  }

 private:
  // Draws a frame whose left end is at `start` of all weights, and those above it.
  void draw(const std::string& name, const Node& node, uint64_t start, size_t depth) {
    const double all = static_cast<double>(total_);
    const double share = static_cast<double>(node.weight) / all, left = static_cast<double>(start) / all;
    const double scale = kWidth - 2 * kMargin, width = share * scale;
    if (width < kLeastWidth || depth > kDeepest) return;
    const std::string shown = escaped(name);
    const double x = kMargin + left * scale, y = base_ - static_cast<double>(depth) * kRow;
    char position[96];
    std::snprintf(position, sizeof position, " data-x=\"%.9f\" data-w=\"%.9f\" data-d=\"%zu\"", left, share, depth);
    out_ += "<g class=\"f\" data-n=\"" + shown + "\"" + position + "><title>" + shown + " (" +
            std::to_string(node.weight) + ", " + decimal(share * 100) + "%)</title><rect x=\"" + decimal(x) +
            "\" y=\"" + decimal(y) + "\" width=\"" + decimal(width) + "\" height=\"16\" rx=\"2\" fill=\"" +
            colour(name) + "\"/><text x=\"" + decimal(x + 3) + "\" y=\"" + decimal(y + 12) + "\">";
    const auto room = static_cast<size_t>(std::max(0.0, (width - 6) / kCharacter));
    if (room >= 3) out_ += escaped(name.size() <= room ? name : name.substr(0, room - 2) + "..");
    out_ += "</text></g>\n";
    for (const auto& [child_name, child] : node.children) {
      draw(child_name, child, start, depth + 1);
      start += child.weight;
    }
  }

  std::map<std::string, Node> maps_;
  std::string out_;
  double base_ = 0;
  uint64_t total_ = 0;
};

}  // namespace

std::unique_ptr<Printer> make_svg_printer(const PrintContext& context) { return std::make_unique<SvgPrinter>(context); }

}  // namespace sonde::print
