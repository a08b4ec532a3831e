// Functions with known arguments of every type that C has: `typed [COUNT]`. Calls each of them COUNT times.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KEPT __attribute__((noinline, noipa))

enum color { RED, GREEN = 3, BLUE };
struct point {
  int x;
  short y;
  char name[8];
  struct point* next;
};
struct flags {
  unsigned a : 3;
  int b : 5;
  unsigned c : 12;
  struct {
    int inner;
  };
  union {
    long number;
    char bytes[8];
  };
  int grid[2][3];
};
struct pair {
  long first;
  int second;
};
struct small {
  unsigned char r, g, b;
};
struct floats {
  double x, y;
};
typedef unsigned int id_type;

KEPT int integers(signed char a, unsigned char b, short c, unsigned short d, int e, unsigned int f) {
  __asm__ volatile("");
  return a + b + c + d + e + (int)f;
}
KEPT long wides(long a, unsigned long b, _Bool c, enum color d, id_type e) {
  __asm__ volatile("");
  return a + (long)b + c + d + (long)e;
}
KEPT int pointers(const char* text, struct point* point, const void* any, int (*call)(int), char** words) {
  __asm__ volatile("" : : "r"(text), "r"(words) : "memory");
  return point->x + (any != NULL) + (call != NULL);
}
KEPT int bits(struct flags* flags) {
  __asm__ volatile("" : : "r"(flags) : "memory");
  return flags->b;
}
KEPT long by_value(int before, struct pair pair, struct small small, int after) {
  __asm__ volatile("");
  return before + pair.first + pair.second + small.r + after;
}
KEPT double mixed(double x, int a, float y, long b, struct floats z) {
  __asm__ volatile("");
  return x + a + (double)y + (double)b + z.x;
}
KEPT int seven(int a, int b, int c, int d, int e, int f, int g) {
  __asm__ volatile("");
  return a + b + c + d + e + f + g;
}
// The argument register is used for something else before the function returns.
KEPT int clobbers(int value, const char* text) {
  int result = 0;
  for (const char* at = text; *at; ++at) result += *at;
  __asm__ volatile("xor %%edi, %%edi\nxor %%esi, %%esi" : : : "rdi", "rsi", "memory");
  return result * 0 + value * 2;
}
KEPT int recursive(int depth) {
  if (depth == 0) return 100;
  const int inner = recursive(depth - 1);
  __asm__ volatile("" : : : "memory");
  return inner + 1;
}
KEPT int here(int value) {
  int twice = value * 2;
  __asm__ volatile("" : "+r"(twice));
  return twice + 1;  // source line of a test
}

static int callback(int value) { return value; }

int main(int argc, char** argv) {
  const long count = argc > 1 ? atol(argv[1]) : 1;
  struct point second = {.x = 22, .y = -2, .name = "second", .next = NULL};
  struct point first = {.x = 11, .y = -1, .name = "first", .next = &second};
  struct flags flags = {
      .a = 5, .b = -3, .c = 0xabc, .inner = 42, .number = 0x47464544434241, .grid = {{1, 2, 3}, {4, 5, 6}}};
  char* words[] = {"zero", "one", NULL};
  const char* volatile text = "text";
  // Strings can be read by a probe only once their pages are there.
  volatile double sink = words[0][0] + words[1][0] + text[0];
  for (long i = 0; i < count; ++i) {
    sink += integers(-1, 255, -300, 65535, -70000, 4000000000u);
    sink += (double)wides(-5000000000, 10000000000000000000ul, true, BLUE, 7);
    sink += pointers(text, &first, &first, callback, words);
    sink += bits(&flags);
    sink += (double)by_value(1, (struct pair){-2, 3}, (struct small){4, 5, 6}, 7);
    sink += mixed(1.5, 2, 3.5f, 4, (struct floats){5, 6});
    sink += seven(1, 2, 3, 4, 5, 6, 7);
    sink += clobbers(21, "abc");
    sink += recursive(3);
    sink += here(5);
  }
  return 0;
}
