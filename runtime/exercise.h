// --test and --bench: runs the script's test or bench programs instead of tracing (cli.md 3).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/print/printer.h"
#include "runtime/tracer.h"

namespace sonde::runtime {

// Takes what a test prints, so that it can be shown or dropped when its result is known, and notes what went wrong. Stands
// in for the printer and for both streams.
class Witness {
 public:
  // `make` makes the printer of the format in use for the given streams.
  template <typename Make>
  explicit Witness(Make make) : printer_(make(sink_)), observer_(*printer_, *this) {}

  print::Printer& printer() { return observer_; }
  print::Sink& sink() { return sink_; }
  // Output since the last call, without empty lines; and whether anything was reported as an error.
  std::string take_output();
  bool take_failure();

 private:
  class Text final : public print::Sink {
   public:
    void write(std::string_view bytes) override { text += bytes; }
    void flush() override {}
    std::string text;
  };
  class Observer final : public print::Printer {
   public:
    Observer(print::Printer& inner, Witness& owner) : Printer(inner.context()), inner_(inner), owner_(owner) {}
    void attached(uint64_t probes) override { inner_.attached(probes); }
    void text(print::TextKind kind, std::string_view bytes) override { inner_.text(kind, bytes); }
    void value(const value::Value& value) override { inner_.value(value); }
    void map(const value::MapValue& map) override { inner_.map(map); }
    void message(const print::Message& message) override;
    void lost(uint64_t events) override { inner_.lost(events); }
    void end() override { inner_.end(); }

   private:
    print::Printer& inner_;
    Witness& owner_;
  };

  Text sink_;
  std::unique_ptr<print::Printer> printer_;
  Observer observer_;
  bool failed_ = false;
};

// Runs all loaded programs of `phase` (test or bench) with the tracer that prints to `witness`, and shows the results on
// `printer`. False: one of them failed.
bool run_exercises(image::RunPhase phase, const image::Image& image, Tracer& tracer, Witness& witness,
                   print::Printer& printer, Report& report);

}  // namespace sonde::runtime
