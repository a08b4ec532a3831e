// What formats for machines share: notices and messages go to the error stream as text, so that the output holds nothing
// but the format.
#pragma once

#include <string>
#include <string_view>

#include "runtime/print/messages.h"
#include "runtime/print/printer.h"
#include "runtime/value/format.h"

namespace sonde::print {

class NoticePrinter : public Printer {
 public:
  using Printer::Printer;

  void attached(uint64_t probes) override {
    notice("Attached " + std::to_string(probes) + (probes == 1 ? " probe\n" : " probes\n"));
  }
  void message(const Message& message) override {
    std::string text;
    append_message(text, context_.image, message, context_.color);
    notice(text);
  }
  void lost(uint64_t events) override { notice("Lost " + std::to_string(events) + " events\n"); }
  void end() override {}

 protected:
  // Keeps the order that a terminal shows.
  void notice(std::string_view text) {
    context_.out.flush();
    context_.err.write(text);
  }
};

// What the formats share that show stacks and nothing else: what is no stack goes where notices go.
class StackPrinter : public NoticePrinter {
 public:
  using NoticePrinter::NoticePrinter;

  void text(TextKind, std::string_view bytes) override { notice(bytes); }
  void value(const value::Value& value) override {
    std::string text;
    value::append_text(text, value);
    notice(text + "\n");
  }
};

}  // namespace sonde::print
