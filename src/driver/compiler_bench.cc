// Whole compilations one after the other, each with caches of its own, as separate runs of the program would do it.
#include "driver/compiler_bench.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

namespace sonde::driver {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kEnough{1};
constexpr int kLeastRuns = 10;

struct Pass {
  std::string name;
  std::vector<double> times;  // ns
};

// The standard error of the mean.
double error_of(const Pass& pass, double mean) {
  double squares = 0;
  for (const double time : pass.times) squares += (time - mean) * (time - mean);
  const auto count = static_cast<double>(pass.times.size());
  return count < 2 ? 0 : std::sqrt(squares / (count - 1) / count);
}

void print_row(const Pass& pass) {
  double total = 0;
  for (const double time : pass.times) total += time;
  const double mean = total / static_cast<double>(pass.times.size());
  std::printf("%-10s %10zu %14.0f %14.0f ± %.0f\n", pass.name.c_str(), pass.times.size(), total, mean,
              error_of(pass, mean));
}

}  // namespace

bool bench_compiler(const std::function<bool(compile::PassTimer)>& compile_once) {
  std::vector<Pass> passes;
  Pass whole{"all", {}};
  const auto note = [&](std::string_view name, std::chrono::nanoseconds time) {
    auto known = std::ranges::find(passes, name, &Pass::name);
    if (known == passes.end()) known = passes.insert(passes.end(), {std::string(name), {}});
    known->times.push_back(static_cast<double>(time.count()));
  };
  const auto start = steady_clock::now();
  for (int run = 0; run < kLeastRuns || steady_clock::now() - start < kEnough; ++run) {
    const auto begin = steady_clock::now();
    if (!compile_once(note)) {
      std::puts("FAIL");
      return false;
    }
    whole.times.push_back(std::chrono::duration<double, std::nano>(steady_clock::now() - begin).count());
  }
  std::printf("%-10s %10s %14s %14s\n", "pass", "iterations", "total (ns)", "mean (ns)");
  for (const Pass& pass : passes) print_row(pass);
  print_row(whole);
  std::puts("PASS");
  return true;
}

}  // namespace sonde::driver
