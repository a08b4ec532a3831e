// Fills a manual template: manual TEMPLATE OUTPUT. Run by the build.
#include <cstdio>
#include <fstream>
#include <sstream>

#include "driver/manual.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: manual TEMPLATE OUTPUT\n", stderr);
    return 2;
  }
  std::ifstream in(argv[1]);
  std::ostringstream text;
  text << in.rdbuf();
  std::ofstream out(argv[2]);
  out << sonde::driver::fill_manual(text.str());
  return in && out.flush() ? 0 : 1;
}
