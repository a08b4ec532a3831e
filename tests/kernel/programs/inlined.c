// A call chain of which the optimizer leaves one function: outermost calls middle calls innermost, which asks the kernel.
#include <unistd.h>

static volatile int sink;

// Has the frame pointer that the C library's own function lacks: its caller would be missed.
__attribute__((noinline, noipa)) int ask(void) {
  sink = getppid();
  return sink;
}

static inline __attribute__((always_inline)) int innermost(int value) {
  sink = ask() + value;  // the line of innermost
  return sink;
}

static inline __attribute__((always_inline)) int middle(int value) {
  return innermost(value) + 1;  // the line of middle
}

__attribute__((noinline, noipa)) int outermost(int value) {
  return middle(value) + 1;  // the line of outermost
}

int main(void) {
  int sum = outermost(3);
  sum += outermost(4);  // the line of main
  return sum == 0;
}
