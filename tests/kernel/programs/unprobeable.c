// One of three functions begins with an instruction that the kernel's uprobes do not take: one with a lock prefix.
#include <stdio.h>

__attribute__((noinline)) int side_first(int x) {
  __asm__ volatile("" : "+r"(x));
  return x + 1;
}

__asm__(
    ".text\n"
    ".globl side_middle\n"
    ".type side_middle, @function\n"
    "side_middle:\n"
    "lock decl (%rdi)\n"
    "ret\n"
    ".size side_middle, .-side_middle\n");

__attribute__((noinline)) int side_third(int x) {
  __asm__ volatile("" : "+r"(x));
  return x + 3;
}

// With an argument it waits for the end of its input first: only code that is mapped is looked at by the kernel.
int main(int count, char** words) {
  (void)words;
  while (count > 1 && getchar() != EOF) continue;
  printf("%d\n", side_first(1) + side_third(2));
  return 0;
}
