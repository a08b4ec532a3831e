// What a hand-written tool does and no more: opens, loads and attaches one BPF object, says so, waits for a signal.
//   baseline OBJECT
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: baseline OBJECT\n", stderr);
    return 2;
  }
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  libbpf_set_strict_mode(LIBBPF_STRICT_ALL);

  bpf_object* object = bpf_object__open_file(argv[1], nullptr);
  if (!object || bpf_object__load(object) != 0) return 1;
  std::vector<bpf_link*> links;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object) {
    links.push_back(bpf_program__attach(program));
    if (!links.back()) return 1;
  }
  std::fprintf(stderr, "Attached %zu probes\n", links.size());
  int signal = 0;
  sigwait(&stop, &signal);
  for (bpf_link* link : links) bpf_link__destroy(link);
  bpf_object__close(object);
  return 0;
}
