// The yardstick: loads one hand-written BPF object with libbpf, attaches all it holds, prints "attached", and waits until
// its standard input ends.
#include <bpf/libbpf.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 2) return fprintf(stderr, "usage: baseline OBJECT\n"), 2;
  struct bpf_object *object = bpf_object__open_file(argv[1], NULL);
  if (!object || bpf_object__load(object)) return 1;
  struct bpf_program *program;
  bpf_object__for_each_program(program, object)
    if (!bpf_program__attach(program)) return 1;
  puts("attached");
  fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) {}
  return 0;
}
