// One of two functions begins with a vector instruction whose opcode byte is that of a jump, as string functions do.
#include <stdio.h>

__attribute__((noinline)) int side_plain(int x) {
  __asm__ volatile("" : "+r"(x));
  return x + 1;
}

#if defined(__x86_64__)
int side_vector(void);
__asm__(
    ".text\n"
    ".globl side_vector\n"
    ".type side_vector, @function\n"
    "side_vector:\n"
    "vpcmpeqb %xmm0, %xmm0, %xmm0\n"
    "vmovd %xmm0, %eax\n"
    "ret\n"
    ".size side_vector, .-side_vector\n");
static void clear(void) { __asm__ volatile("vpxor %%xmm0, %%xmm0, %%xmm0" ::: "xmm0"); }
#else
__attribute__((noinline)) int side_vector(void) { return -1; }
static void clear(void) {}
#endif

int main(void) {
  const int plain = side_plain(1);
  clear();
  printf("%d %d\n", plain, side_vector());
  return 0;
}
