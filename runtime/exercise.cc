// Tests run once and are judged by what they return and report; benchmarks run until a batch takes long enough to be
// measured.
#include "runtime/exercise.h"

#include <chrono>
#include <limits>

namespace sonde::runtime {
namespace {

constexpr uint64_t kMillisecond = 1'000'000;

// "test:NAME" -> NAME; a label stands for itself.
std::string short_name(const image::ProgramDesc& program) {
  return program.probe_name.substr(program.probe_name.find(':') + 1);
}

// How many times longer the next batch has to be, by the duration of this one in nanoseconds.
uint64_t growth(uint64_t total) {
  if (total < 1'000) return 1000;
  if (total < 10'000) return 100;
  if (total < 100'000) return 10;
  return 2;
}

// Events of a run have been handled; whether they and the value it returned mean success.
bool succeeded(Tracer& tracer, Witness& witness, uint32_t value) {
  tracer.settle();
  const bool reported = witness.take_failure();
  return value == 0 && !reported && tracer.take_exit_code().value_or(0) == 0;
}

bool run_tests(const image::Image& image, Tracer& tracer, Witness& witness, print::Printer& printer, Report& report) {
  const std::vector<uint32_t> programs = tracer.programs_of(image::RunPhase::test);
  printer.tests_begin(programs.size());
  print::TestSummary summary;
  for (const uint32_t program : programs) {
    print::TestResult result;
    result.name = short_name(image.programs[program]);
    printer.test_begin(result.name);
    const auto start = std::chrono::steady_clock::now();
    const auto run = tracer.run_on_packet(program, 1);
    const auto duration = std::chrono::steady_clock::now() - start;
    if (!run) report.error(run.error().text());
    result.nanoseconds = static_cast<uint64_t>(std::chrono::nanoseconds(duration).count());
    result.passed = run && succeeded(tracer, witness, run->value);
    result.output = witness.take_output();
    printer.test_end(result);
    if (result.passed)
      ++summary.passed;
    else
      summary.failed.push_back(result.name);
  }
  printer.tests_end(summary);
  return summary.failed.empty();
}

// Nothing when the benchmark skipped itself by returning a value.
std::optional<print::Benchmark> measure(Tracer& tracer, uint32_t program, Witness& witness, bool& good) {
  constexpr uint64_t kMost = std::numeric_limits<int32_t>::max();
  print::Benchmark result;
  result.iterations = 1;
  for (;;) {
    const auto run = tracer.run_on_packet(program, static_cast<uint32_t>(result.iterations));
    good = run && succeeded(tracer, witness, 0);
    if (!good || run->value != 0) return std::nullopt;
    result.nanoseconds = run->nanoseconds;
    const uint64_t total = run->nanoseconds * result.iterations;
    if (total >= kMillisecond || result.iterations == kMost) return result;
    result.iterations = std::min(result.iterations * growth(total), kMost);
  }
}

bool run_benchmarks(const image::Image& image, Tracer& tracer, Witness& witness, print::Printer& printer,
                    Report& report) {
  const std::vector<uint32_t> programs = tracer.programs_of(image::RunPhase::bench);
  size_t longest = 0;
  for (const uint32_t program : programs) longest = std::max(longest, short_name(image.programs[program]).size());
  printer.benchmarks_begin(longest);
  bool all_good = true;
  for (const uint32_t program : programs) {
    bool good = false;
    auto result = measure(tracer, program, witness, good);
    if (result) {
      result->name = short_name(image.programs[program]);
      result->name_width = longest;
      printer.benchmark(*result);
    }
    if (!good) report.error("Benchmark '" + short_name(image.programs[program]) + "' failed.");
    all_good = all_good && good;
    witness.take_output();
  }
  return all_good;
}

}  // namespace

void Witness::Observer::message(const print::Message& message) {
  if (message.kind != print::Message::Kind::warnf) owner_.failed_ = true;
  inner_.message(message);
}

std::string Witness::take_output() {
  std::string lines;
  std::string_view rest = sink_.text;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    if (end != 0) (lines += rest.substr(0, end)) += '\n';
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  }
  sink_.text.clear();
  return lines;
}

bool Witness::take_failure() { return std::exchange(failed_, false); }

bool run_exercises(image::RunPhase phase, const image::Image& image, Tracer& tracer, Witness& witness,
                   print::Printer& printer, Report& report) {
  return phase == image::RunPhase::test ? run_tests(image, tracer, witness, printer, report)
                                        : run_benchmarks(image, tracer, witness, printer, report);
}

}  // namespace sonde::runtime
