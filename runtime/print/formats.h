// Makers of the built-in formats, for the table in registry.cc.
#pragma once

#include <memory>

#include "runtime/print/printer.h"

namespace sonde::print {

std::unique_ptr<Printer> make_text_printer(const PrintContext& context);
std::unique_ptr<Printer> make_json_printer(const PrintContext& context);
std::unique_ptr<Printer> make_csv_printer(const PrintContext& context);
std::unique_ptr<Printer> make_folded_printer(const PrintContext& context);
std::unique_ptr<Printer> make_svg_printer(const PrintContext& context);
std::unique_ptr<Printer> make_trace_printer(const PrintContext& context);

}  // namespace sonde::print
