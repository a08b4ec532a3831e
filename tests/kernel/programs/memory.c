// `memory HEX`: bytes of its command line in a buffer, whose address a function gets that uprobes read.
#include <stdio.h>

static unsigned char bytes[512];

__attribute__((noinline, noipa)) void visit(const unsigned char* memory) {
  __asm__ volatile("" : : "r"(memory) : "memory");
}

int main(int argc, char** argv) {
  const char* digits = argc > 1 ? argv[1] : "";
  unsigned value = 0;
  for (unsigned i = 0; i < sizeof(bytes) && sscanf(digits + 2 * i, "%2x", &value) == 1; ++i)
    bytes[i] = (unsigned char)value;
  bytes[sizeof(bytes) - 1] = 0;  // so that all of it is in memory
  visit(bytes);
  return 0;
}
