// Static probes with known arguments: `marks VERB COUNT`. Notes are made by <sys/sdt.h>'s format by hand where the compiler
// would not choose the operand that a test is about.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOTE_BASE                                                            \
  ".ifndef _.stapsdt.base\n"                                                 \
  ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"    \
  ".weak _.stapsdt.base\n.hidden _.stapsdt.base\n_.stapsdt.base: .space 1\n" \
  ".size _.stapsdt.base, 1\n.popsection\n.endif\n"
#define NOTE(provider, name, semaphore, arguments)                            \
  "990: nop\n"                                                                \
  ".pushsection .note.stapsdt,\"\",\"note\"\n.balign 4\n"                     \
  ".4byte 992f-991f, 994f-993f, 3\n991: .asciz \"stapsdt\"\n992: .balign 4\n" \
  "993: .8byte 990b, _.stapsdt.base, " semaphore                              \
  "\n"                                                                        \
  ".asciz \"" provider "\"\n.asciz \"" name "\"\n.asciz \"" arguments         \
  "\"\n"                                                                      \
  "994: .balign 4\n.popsection\n" NOTE_BASE

#define KEPT __attribute__((noinline, noipa))

// The kernel counts the users of a probe here.
__attribute__((section(".probes"), used)) unsigned short marks_guarded_semaphore;
static int global = 77;

KEPT void constants(void) {
  __asm__ volatile(NOTE("marks", "constants", "0", "-4@$-7 4@$-16 -1@$-1 1@$-1 8@$0x10 -8@$-9"));
}

// Every width of a register, signed and not: rdi holds 0xfffffffffffffffe.
KEPT void registers(long value) {
  __asm__ volatile(
      NOTE("marks", "registers", "0",
           "-8@%%rdi 8@%%rdi -4@%%edi 4@%%edi -2@%%di 2@%%di -1@%%dil 1@%%dil 8@%%r9 4@%%r9d 2@%%r9w 1@%%r9b")
      :
      : "D"(value), "a"(0));
}

KEPT void memory(const int* numbers, long index, const char* text) {
  __asm__ volatile(NOTE("marks", "memory", "0", "-4@(%%rdi) -4@4(%%rdi) -4@-4(%%rdi) -4@(%%rdi,%%rsi,4) 8@%%rdx")
                   :
                   : "D"(numbers), "S"(index), "d"(text)
                   : "memory");
}

KEPT void relative(void) {
  __asm__ volatile(NOTE("marks", "relative", "0", "-4@global(%%rip) -4@global+4-4(%%rip)") : : "m"(global));
}

// Inlined at two places, where the argument is in different registers.
static inline __attribute__((always_inline)) void twice_first(long value) {
  __asm__ volatile("mov %0, %%rbx\n" NOTE("marks", "twice", "0", "-8@%%rbx 4@$1") : : "r"(value) : "rbx");
}
static inline __attribute__((always_inline)) void twice_second(long value) {
  __asm__ volatile("mov %0, %%r12\n" NOTE("marks", "twice", "0", "-8@%%r12 4@$2") : : "r"(value) : "r12");
}

KEPT void guarded(long value) {
  if (*(volatile unsigned short*)&marks_guarded_semaphore)
    __asm__ volatile(NOTE("marks", "guarded", "marks_guarded_semaphore", "8@%%rdi") : : "D"(value));
}

KEPT void other(long value) { __asm__ volatile(NOTE("others", "constants", "0", "8@%%rdi") : : "D"(value)); }

static void* thread(void* unused) {
  (void)unused;
  other(5);
  return NULL;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const char* verb = argv[1];
  const long count = argc > 2 ? atol(argv[2]) : 1;
  static const int numbers[] = {-10, 11, 12, 13};
  for (long i = 0; i < count; ++i) {
    if (strcmp(verb, "constants") == 0) constants();
    if (strcmp(verb, "registers") == 0) registers(-2);
    if (strcmp(verb, "memory") == 0) memory(numbers + 1, 2, "a text");
    if (strcmp(verb, "relative") == 0) relative();
    if (strcmp(verb, "twice") == 0) {
      twice_first(100 + i);
      twice_second(-100 - i);
    }
    if (strcmp(verb, "guarded") == 0) guarded(i);
    if (strcmp(verb, "other") == 0) other(i);
    if (strcmp(verb, "threads") == 0) {
      pthread_t id;
      pthread_create(&id, NULL, thread, NULL);
      pthread_join(id, NULL);
    }
    if (strcmp(verb, "fork") == 0) {
      const pid_t child = fork();
      other(child == 0);
      if (child == 0) _exit(0);
      waitpid(child, NULL, 0);
    }
    // "wait": until standard input ends, then once.
    if (strcmp(verb, "wait") == 0) {
      while (getchar() != EOF) {
      }
      guarded(i + 1);
      other(i + 1);
    }
  }
  return 0;
}
