// Code whose stack no frame pointer describes: a callback from the C library, and a signal handler. Each calls leaf() by
// way of middle(), twenty times with a pause, so that a tracer that reads tables late still sees most calls.
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#pragma GCC optimize("O2,omit-frame-pointer")
#define PROBED __attribute__((noinline, noipa))

enum { kRounds = 20, kPause = 50 * 1000 * 1000 };

PROBED long leaf(long depth) { return syscall(SYS_getppid) + depth; }

PROBED long middle(long depth) {
  volatile char room[300] = {(char)depth};
  return leaf(depth) + room[depth & 127];
}

PROBED int compare(const void* left, const void* right) {
  const int order = *(const int*)left - *(const int*)right;
  return middle(3) > 0 ? order : -order;
}

PROBED int sorts(void) {
  int values[2] = {2, 1};
  qsort(values, 2, sizeof values[0], compare);
  return values[0];
}

PROBED void on_signal(int number) { middle(number); }

int main(void) {
  signal(SIGUSR1, on_signal);
  for (int i = 0; i < kRounds; ++i) {
    const struct timespec pause = {0, kPause};
    nanosleep(&pause, NULL);
    if (sorts() != 1) return 1;
    raise(SIGUSR1);
  }
  return 0;
}
