// Load with known counts for the kernel tests: `load VERB ARGUMENTS` does exactly what it says, and no more.
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct point {
  int x;
  short y;
  char name[8];
  struct point* next;
};

// Functions for uprobes. `noinline` and the asm keep calls and arguments where the ABI puts them.
#define PROBED __attribute__((noinline, noipa))

PROBED int add(int a, int b) {
  __asm__ volatile("");
  return a + b;
}

PROBED long wide(long a, unsigned long b, int c, short d, char e, int f) {
  __asm__ volatile("");
  return a + (long)b + c + d + e + f;
}

PROBED int greet(const char* name) {
  __asm__ volatile("" : : "r"(name));
  return (int)strlen(name);
}

PROBED int visit(struct point* point) {
  __asm__ volatile("" : : "r"(point));
  return point->x;
}

PROBED int leaf(int depth) {
  __asm__ volatile("");
  return depth;
}

PROBED int middle(int depth) {
  int result = leaf(depth);
  __asm__ volatile("");
  return result + 1;
}

PROBED int outer(int depth) {
  int result = middle(depth);
  __asm__ volatile("");
  return result + 1;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int usage(void) {
  fputs(
      "load open PATH COUNT | read BYTES COUNT | getppid COUNT | forks COUNT PROCESSES | add COUNT | greet NAME |\n"
      "     wide | visit | stack COUNT | spin SECONDS | fault PAGES | malloc BYTES COUNT | exec PATH COUNT\n",
      stderr);
  return 2;
}

int main(int argc, char** argv) {
  if (argc < 2) return usage();
  const char* verb = argv[1];
  const char* first = argc > 2 ? argv[2] : "0";
  const long number = atol(first);
  const long count = argc > 3 ? atol(argv[3]) : 1;
  volatile long sink = 0;

  if (!strcmp(verb, "open")) {
    for (long i = 0; i < count; ++i) {
      int fd = open(first, O_RDONLY);
      if (fd >= 0) close(fd);
    }
  } else if (!strcmp(verb, "read")) {
    int fd = open("/dev/zero", O_RDONLY);
    char* buffer = malloc((size_t)number + 1);
    for (long i = 0; i < count; ++i) sink += read(fd, buffer, (size_t)number);
    free(buffer);
  } else if (!strcmp(verb, "getppid")) {
    for (long i = 0; i < number; ++i) sink += syscall(SYS_getppid);
  } else if (!strcmp(verb, "forks")) {
    for (long i = 0; i < count; ++i) {
      if (fork() == 0) {
        for (long j = 0; j < number; ++j) sink += syscall(SYS_getppid);
        _exit(0);
      }
    }
    while (wait(NULL) > 0) {
    }
  } else if (!strcmp(verb, "add")) {
    for (long i = 0; i < number; ++i) sink += add((int)i, 1000);
  } else if (!strcmp(verb, "greet")) {
    sink += greet(first);
  } else if (!strcmp(verb, "wide")) {
    sink += wide(-1, 18446744073709551615ul, -3, -4, -5, 6);
  } else if (!strcmp(verb, "visit")) {
    struct point second = {7, -8, "second", NULL};
    struct point point = {5, -6, "first", &second};
    sink += visit(&point);
  } else if (!strcmp(verb, "stack")) {
    for (long i = 0; i < number; ++i) sink += outer((int)i);
  } else if (!strcmp(verb, "spin")) {
    const double end = now() + atof(first);
    while (now() < end) {
      for (int i = 0; i < 1000; ++i) sink += i;
    }
  } else if (!strcmp(verb, "fault")) {
    // Small pages, so that the kernel cannot serve several with one fault.
    char* pages = mmap(NULL, (size_t)number * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(pages, (size_t)number * 4096, MADV_NOHUGEPAGE);
    for (long i = 0; i < number; ++i) pages[i * 4096] = 1;
  } else if (!strcmp(verb, "malloc")) {
    for (long i = 0; i < count; ++i) {
      void* memory = malloc((size_t)number);
      __asm__ volatile("" : : "r"(memory) : "memory");
      free(memory);
    }
  } else if (!strcmp(verb, "relative")) {
    // Arguments that look like an event's field of variable length: 12 bytes of text, 4 bytes behind the word that says so.
    uint64_t text[2] = {0, 0};
    memcpy(text, "hello world", 12);
    sink += syscall(SYS_kcmp, 12ul << 16 | 4, text[0], text[1], 0ul, 0ul);
  } else if (!strcmp(verb, "exec")) {
    for (long i = 0; i < count; ++i) {
      if (fork() == 0) {
        execl(first, first, (char*)NULL);
        _exit(127);
      }
      wait(NULL);
    }
  } else {
    return usage();
  }
  // With LINGER=SECONDS it stays for a while, so that its symbols can still be read.
  if (getenv("LINGER")) sleep((unsigned)atoi(getenv("LINGER")));
  return sink == 0x5eed ? 1 : 0;
}
