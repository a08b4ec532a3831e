// What looks the same in every format.
#include "runtime/print/printer.h"

namespace sonde::print {

void Printer::table(std::span<const value::MapValue> maps) {
  for (const value::MapValue& each : maps) map(each);
}

void Printer::failure(std::string_view text) {
  context_.out.flush();
  std::string line = "ERROR: ";
  line += text;
  line += '\n';
  context_.err.write(line);
}

void Printer::progress(std::string_view map, uint64_t entries) {
  context_.err.write("Reading " + std::string(map) + ": " + std::to_string(entries) + " entries so far\n");
}

void Printer::total_lost(uint64_t events) {
  if (events == 0) return;
  context_.out.flush();
  context_.err.write("WARNING: Total lost event count: " + std::to_string(events) + "\n");
}

}  // namespace sonde::print
