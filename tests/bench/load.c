// Makes the events that the benchmarks measure: `load CALL SECONDS` issues one system call in a loop on one CPU.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "usage: load getpgid|read|openat SECONDS\n"), 2;
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(0, &cpus);
  sched_setaffinity(0, sizeof cpus, &cpus);
  const int zero = open("/dev/zero", O_RDONLY);
  const double end = now() + atof(argv[2]);
  char byte;
  unsigned long calls = 0;
  while (now() < end) {
    for (int i = 0; i < 1000; ++i, ++calls) {
      if (argv[1][0] == 'g') syscall(SYS_getpgid, 77);
      else if (argv[1][0] == 'r') { if (read(zero, &byte, 1) != 1) return 1; }
      else syscall(SYS_openat, AT_FDCWD, "/nonexistent/directory/file.txt", O_RDONLY);
    }
  }
  printf("%lu\n", calls);
  return 0;
}
