// Structures of every kind, passed to functions that uprobes read: `shapes COUNT` calls each of them that often.
#include <stdint.h>
#include <stdlib.h>

enum state { IDLE, BUSY = 3, DONE };

struct inner {
  short low;
  long deep;
};

struct shape {
  char name[8];
  int id;
  enum state state;
  unsigned a : 3, b : 7;
  int sign : 4;
  struct inner inner;
  struct inner many[3];
  short matrix[2][3];
  union {
    int number;
    unsigned char bytes[4];
  };
  struct shape* next;
  int (*call)(int);
  const char* text;
  _Bool flag;
};

struct __attribute__((packed)) wire {
  uint8_t kind;
  uint32_t length;
  uint16_t port;
  unsigned low : 7, high : 30;
};

#define PROBED __attribute__((noinline, noipa))

PROBED int draw(struct shape* shape) {
  __asm__ volatile("" : : "r"(shape) : "memory");
  return shape->id;
}

PROBED int parse(struct wire* wire, enum state state) {
  __asm__ volatile("" : : "r"(wire) : "memory");
  return wire->kind + (int)state;
}

int main(int argc, char** argv) {
  struct shape second = {.name = "second", .id = 2, .number = -1};
  struct shape first = {
      .name = "first",
      .id = -7,
      .state = BUSY,
      .a = 5,
      .b = 100,
      .sign = -1,
      .inner = {.low = -2, .deep = 1234567890123},
      .many = {{1, 10}, {2, 20}, {3, 30}},
      .matrix = {{1, 2, 3}, {4, 5, 6}},
      .number = 0x04030201,
      .next = &second,
      .text = "hello",
      .flag = 1,
  };
  struct wire wire = {.kind = 9, .length = 0x01020304, .port = 443, .low = 99, .high = 0x2abcdef1};
  const int count = argc > 1 ? atoi(argv[1]) : 1;
  volatile int sink = first.text[0];  // so that the page with the text is in memory
  for (int i = 0; i < count; ++i) {
    sink += draw(&first);
    sink += parse(&wire, i % 2 ? DONE : BUSY);
  }
  return 0;
}
