// test and bench: programs that sonde runs itself on an invented packet (BPF_PROG_TEST_RUN), when asked to by --test or
// --bench.
#include <linux/bpf.h>

#include "probes/rows.h"
#include "probes/support.h"

namespace sonde::probes {
namespace {

bool resolve_named(const Provider& provider, image::RunPhase phase, ProbeContext& context, const AttachText& text,
                   std::vector<ResolvedProbe>& out) {
  if (!check_parts(context, text, provider, 1, 1, "1")) return false;
  // The only program type that the kernel repeats and times.
  ResolvedProbe probe = make_probe(provider, text, full_name(provider.name, {text.parts[1]}), BPF_PROG_TYPE_XDP);
  if (phase == image::RunPhase::bench) probe.probetype = "benchmark";
  probe.attach = image::TestRunAttach{phase};
  out.push_back(std::move(probe));
  return true;
}

bool resolve_test(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  return resolve_named(kTest, image::RunPhase::test, context, text, out);
}

bool resolve_bench(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  return resolve_named(kBench, image::RunPhase::bench, context, text, out);
}

}  // namespace

const Provider kTest = {
    .name = "test",
    .spec = "test:NAME",
    .summary = "A test of the script: run by --test, passed if it returns 0 and reports no error.",
    .example = "test:adds_up { assert(1 + 1 == 2, \"arithmetic\"); }",
    .capabilities = kIsExercise,
    .resolve = resolve_test,
};

const Provider kBench = {
    .name = "bench",
    .spec = "bench:NAME",
    .summary = "A benchmark of the script: run by --bench until its duration can be measured.",
    .example = "bench:count { @ = count(); }",
    .capabilities = kIsExercise,
    .resolve = resolve_bench,
};

}  // namespace sonde::probes
