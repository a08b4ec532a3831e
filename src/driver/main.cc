// Entry point of sonde.
#include <cstdio>

#include "base/standard_files.h"
#include "driver/options.h"
#include "driver/run_main.h"

namespace {

int run(int argc, char** argv) {
  auto parsed = sonde::driver::parse_options(argc, argv);
  if (const auto* stop = std::get_if<sonde::driver::Stop>(&parsed)) {
    std::fputs(stop->out.c_str(), stdout);
    std::fputs(stop->err.c_str(), stderr);
    return stop->exit_code;
  }
  return sonde::driver::run_main(std::get<sonde::driver::Options>(parsed));
}

}  // namespace

int main(int argc, char** argv) {
  sonde::base::reserve_standard_files();
  return sonde::base::finish_standard_output(run(argc, argv));
}
