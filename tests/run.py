#!/usr/bin/python3
"""Runs the project's tests lane by lane; called by ./test, which installs what is missing first.

Every lane yields results (name, pass | fail | skip); the last line of the output is `N passed, N failed, N skipped`.
"""

import argparse
import collections
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
RESULTS = BUILD / "test-results"
VM_SLOWNESS = 8  # factor on time limits under software emulation
VM_BOOTS = 3
VM_HUNG = 124  # exit status of tests/vm/run-in-vm
VM_PROGRAMS = 20  # random programs that run there too: a second each
BEGUN, ENDED = "===begun=== ", "===ended=== "  # what tests/kernel/run.py --stream puts in front of its notices
# Random programs and mutants of a plain ./test are the same every time, so that a change is what makes one fail; `run.py
# --seconds N` in tests/differential and tests/mutation hunts with others.
PROGRAM_SEED = 32
DETAIL_LINES = 12  # of a failure, in the report at the end


@dataclasses.dataclass
class Result:
    lane: str
    name: str
    status: str  # pass, fail, skip
    detail: str = ""
    kernel: str = ""


def say(text):
    print(text, flush=True)


def stream(argv, **options):
    """Runs a command, shows its output as it comes, and returns (exit status, output)."""
    lines = []
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="backslashreplace", **options) as process:
        for line in process.stdout:
            lines.append(line)
            sys.stdout.write(line)
            sys.stdout.flush()
    return process.returncode, "".join(lines)


def build(preset, *targets):
    status = subprocess.run([ROOT / "tools/build", preset, *targets], check=False).returncode
    if status:
        raise RuntimeError(f"the {preset} build failed")


def one(lane, name, argv, **options):
    """One result from the exit status of one command."""
    status, output = stream(argv, **options)
    return Result(lane, name, "fail" if status else "pass", output if status else "")


# -- lanes -------------------------------------------------------------------------------------------------------------

def lane_layering(_):
    return [one("layering", "layering", [ROOT / "tests/layering_test"]),
            one("layering", "catalogue", [ROOT / "tests/catalog_coverage_test"])]


def gtest_binaries(preset, only=None):
    prefixes = sorted({path.name.split("_")[0] for path in (ROOT / "tests/unit").glob("*_*_test.cc")})
    return [BUILD / preset / f"unit_{prefix}" for prefix in prefixes if not only or prefix in only]


def gtest(lane, binary, settings, *arguments):
    """Results of all tests of a GoogleTest binary; a crash between tests counts as a failure."""
    environment = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1", "ASAN_OPTIONS": "detect_leaks=1"}
    pattern = [f"--gtest_filter=*{settings.filter}*"] if settings.filter else []
    process = subprocess.run([binary, "--gtest_color=no", *pattern, *arguments], cwd=ROOT, env=environment, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="backslashreplace", check=False)
    words = {"OK": "pass", "FAILED": "fail", "SKIPPED": "skip"}
    results = [Result(lane, f"{binary.name}:{name}", words[word]) for word, name in
               re.findall(r"^\[ +(OK|FAILED|SKIPPED) +\] (\S+?)(?:,.*)? \(\d+ ms\)$", process.stdout, re.M)]
    failed = any(result.status == "fail" for result in results)
    if process.returncode and not failed:
        results.append(Result(lane, f"{binary.name}:exit", "fail", f"exit status {process.returncode}"))
    if process.returncode:
        say(process.stdout)
    say(f"{binary.name}: {len(results)} tests" + (", FAILED" if process.returncode else ""))
    return results


def lane_unit(settings):
    build("release", "unit")
    return [result for binary in gtest_binaries("release") for result in gtest("unit", binary, settings)]


# The compiler promises to work without privileges and without tracefs: hold it to that wherever this runs as root.
UNPRIVILEGED = ["unshare", "-m", "sh", "-c", "umount -q /sys/kernel/tracing; umount -q /sys/kernel/debug; "
                'exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all -- "$@"', "sh"]


def goldens(lane, preset, settings):
    build(preset, "goldens")
    path = RESULTS / f"{lane}.jsonl"
    path.unlink(missing_ok=True)
    stream([*(UNPRIVILEGED if os.geteuid() == 0 else []), ROOT / "tests/golden_test", "--build", BUILD / preset, "--results", path,
            *(["--update"] if settings.update else []), *([settings.filter] if settings.filter else [])])
    return load(lane, path.read_text())


def lane_golden(settings):
    return goldens("golden", "release", settings)


def load(lane, text):
    return [Result(lane, row["name"], row["status"], row["detail"], row.get("kernel", ""))
            for row in map(json.loads, text.splitlines())]


def patterns(settings):
    return [settings.filter] if settings.filter else []


def lane_kernel(settings):
    build("release", "sonde", "sonde-run", "test-programs")
    path = RESULTS / "kernel.jsonl"
    path.unlink(missing_ok=True)
    status, output = stream([ROOT / "tests/kernel/run.py", "--results", path, *patterns(settings)])
    if status and not path.exists():
        return [Result("kernel", "kernel:runner", "fail", output)]
    return load("kernel", path.read_text())


def boot_and_test(runner, settings, done):
    """One boot of the virtual machine: (rows of the tests that ended, names of those under way when it stopped, whether
    it ran to the end)."""
    finished = RESULTS / "vm-finished"
    finished.write_text("".join(f"{name}\n" for name in done))
    argv = [ROOT / "tests/vm/run-in-vm", runner, "--prebuild", "no", "--slow", str(VM_SLOWNESS), "--stream", "--done",
            finished, *patterns(settings)]
    rows, running = [], set()
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, errors="backslashreplace") as process:
        for line in process.stdout:
            if line.startswith(BEGUN):
                running.add(line.removeprefix(BEGUN).strip())
            elif line.startswith(ENDED):
                rows.append(json.loads(line.removeprefix(ENDED)))
                running.discard(rows[-1]["name"])
            else:
                say(line.rstrip("\n"))
    complete = process.returncode in (0, 1) and not running
    return rows, running, complete


def vm_programs():
    """Random programs, made here and run in the virtual machine; a machine that hung gets another boot."""
    runner, saved = ROOT / "tests/differential/run.py", RESULTS / "vm-programs.json"
    subprocess.run([runner, "--save", saved, "--programs", str(VM_PROGRAMS), "--seed", str(PROGRAM_SEED)], check=True)
    for boot in range(1, VM_BOOTS + 1):
        status, output = stream([ROOT / "tests/vm/run-in-vm", runner, "--replay", saved])
        if status != VM_HUNG:
            break
        say(f"vm: boot {boot} hung over random programs")
    return Result("vm", "programs", "fail" if status else "pass", output if status else "")


def lane_vm(settings):
    """The kernel tests and random programs in the virtual machine. An emulated machine may hang: what is left then gets another boot, but a
    test that was under way in two hangs has failed."""
    build("release", "sonde", "sonde-run", "test-programs")
    runner = str(ROOT / "tests/kernel/run.py")
    # What both kernels run but only this machine builds.
    subprocess.run([runner, "--prebuild", "only", *patterns(settings)], cwd=ROOT, check=False)
    rows, suspects = {}, collections.Counter()
    for boot in range(1, VM_BOOTS + 1):
        new, running, complete = boot_and_test(runner, settings, rows)
        rows.update({row["name"]: row for row in new})
        if complete:
            break
        suspects.update(running)
        say(f"vm: boot {boot} stopped after {len(new)} tests while these ran: {', '.join(sorted(running)) or 'none'}")
        for name in [name for name, hangs in suspects.items() if hangs > 1]:
            rows[name] = {"name": name, "status": "fail", "detail": "the virtual machine hung twice while it ran"}
    results = load("vm", "".join(json.dumps(row) + "\n" for row in rows.values()))
    if not complete:
        results.append(Result("vm", "vm:runner", "fail", "the tests did not run to their end"))
    return results if settings.filter else [*results, vm_programs()]


def lane_differential(_):
    build("release", "sonde", "memory")
    return [one("differential", "expressions", [ROOT / "tests/differential_test"]),
            one("differential", "programs",
                [ROOT / "tests/differential/run.py", "--programs", "50", "--seed", str(PROGRAM_SEED)])]


def lane_mutation(_):
    build("release", "sonde")
    return [one("mutation", "mutants", [ROOT / "tests/mutation/run.py", "--mutants", "400", "--seed", str(PROGRAM_SEED)])]


def fuzzers():
    return sorted(f"fuzz_{path.stem.removesuffix('_fuzz')}" for path in (ROOT / "tests/fuzz").glob("*_fuzz.cc"))


def lane_asan(settings):
    """ASan and UBSan builds of the unit tests, the goldens and the fuzzers."""
    build("asan", "unit", "goldens", *fuzzers())
    results = [result for binary in gtest_binaries("asan") for result in gtest("asan", binary, settings)]
    if not settings.update:
        results += goldens("asan", "asan", settings)
    for name in fuzzers():
        results.append(one("asan", name, [BUILD / "asan" / name, f"--seconds={settings.fuzz_seconds}",
                                          ROOT / "tests/golden", ROOT / "tests/unit/data", ROOT / "examples",
                                          ROOT / "stdlib"]))
    return results


def lane_runtime_only(_):
    """sonde-run builds with LLVM out of sight, and nothing of LLVM is in it."""
    build("runtime-only")
    binary = BUILD / "runtime-only/sonde-run"
    cache = (BUILD / "runtime-only/CMakeCache.txt").read_text()
    libraries = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
    content = binary.read_bytes()
    checks = {"LLVM was not looked for": "LLVM_DIR" not in cache,
              "no LLVM library is loaded": "LLVM" not in libraries,
              "no LLVM code is inside": b"N4llvm" not in content,
              "it starts": subprocess.run([binary, "--version"], check=False).returncode == 0}
    return [Result("runtime-only", f"runtime-only:{name}", "pass" if good else "fail") for name, good in checks.items()]


def lane_tidy(_):
    subprocess.run([ROOT / "tools/setup", "tidy"], check=True)
    return [one("tidy", "clang-tidy", [ROOT / "tools/build", "tidy"])]


def lane_format(_):
    subprocess.run([ROOT / "tools/setup", "tidy"], check=True)
    # What tests read is formatted as they need it.
    files = [path for folder in ("src", "runtime", "stdlib", "tests") for suffix in ("*.cc", "*.h")
             for path in sorted((ROOT / folder).rglob(suffix)) if not {"snapshots", "data"} & set(path.parts)]
    return [one("format", "clang-format", ["clang-format-19", "--dry-run", "-Werror", *files])]


LANES = {
    "layering": (lane_layering, "the include table, the size ceilings, the catalogue of diagnostics"),
    "unit": (lane_unit, "GoogleTest binaries, one per folder"),
    "golden": (lane_golden, "dumps of every stage against tests/golden"),
    "kernel": (lane_kernel, "tests/kernel on this kernel, as root"),
    "differential": (lane_differential, "random expressions and programs, kernel against interpreters"),
    "mutation": (lane_mutation, "scripts with small changes, through the real binary into this kernel"),
    "runtime-only": (lane_runtime_only, "sonde-run built without LLVM"),
    "vm": (lane_vm, "tests/kernel and random programs in a virtual machine with Debian's kernel"),
    "asan": (lane_asan, "unit, goldens and fuzzers with ASan and UBSan"),
    "format": (lane_format, "clang-format; not part of a plain ./test"),
    "tidy": (lane_tidy, "clang-tidy on everything; not part of a plain ./test"),
}
DEFAULT = [name for name in LANES if name not in ("format", "tidy")]


# -- report ------------------------------------------------------------------------------------------------------------

def settle_skips(results, lanes):
    """Says for each skipped kernel test where it did run; one that both kernels skipped is a failure."""
    by_test = collections.defaultdict(dict)
    for result in results:
        if result.lane in ("kernel", "vm"):
            by_test[result.name][result.lane] = result
    for name, runs in sorted(by_test.items()):
        skipped = [result for result in runs.values() if result.status == "skip"]
        ran = [result.kernel for result in runs.values() if result.status != "skip"]
        for result in skipped:
            if ran:
                result.detail += f"; ran on {', '.join(ran)}"
            elif {"kernel", "vm"} <= lanes:
                result.status, result.detail = "fail", f"skipped on every kernel: {result.detail}"
            else:
                result.detail += "; the other kernel's lane was not run"


def report(results, seconds):
    say("\n=== summary ===")
    for lane in dict.fromkeys(result.lane for result in results):
        count = collections.Counter(result.status for result in results if result.lane == lane)
        say(f"{lane:14} {count['pass']:5} passed {count['fail']:4} failed {count['skip']:4} skipped"
            f"   {seconds.get(lane, 0):.0f} s")
    for result in results:
        if result.status == "skip":
            say(f"skipped: {result.name}" + (f" on {result.kernel}" if result.kernel else "")
                + (f": {result.detail}" if result.detail else ""))
    for result in results:
        if result.status == "fail":
            first, *rest = result.detail.strip().split("\n")
            say(f"FAILED: {result.lane}: {result.name}" + (f" on {result.kernel}" if result.kernel else "")
                + (f": {first}" if first else ""))
            for line in rest[-DETAIL_LINES:]:
                say(f"    {line}")
    total = collections.Counter(result.status for result in results)
    say(f"{total['pass']} passed, {total['fail']} failed, {total['skip']} skipped")
    return 1 if total["fail"] or not total["pass"] else 0


def arguments():
    lanes = "\n".join(f"  {name:14} {about}" for name, (_, about) in LANES.items())
    parser = argparse.ArgumentParser(prog="./test", formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description="Builds and runs the tests.", epilog=f"lanes:\n{lanes}")
    parser.add_argument("lanes", nargs="*", metavar="LANE", help="default: all but format and tidy")
    parser.add_argument("--update", action="store_true", help="rewrite the goldens from what the program prints now")
    parser.add_argument("--filter", help="only tests whose name contains this")
    parser.add_argument("--fuzz-seconds", type=int, default=20, help="time for each fuzzer (20)")
    settings = parser.parse_args()
    unknown = set(settings.lanes) - LANES.keys()
    if unknown:
        parser.error(f"unknown lane {', '.join(sorted(unknown))}")
    return settings


def main():
    settings = arguments()
    lanes = settings.lanes or (["golden"] if settings.update else DEFAULT)
    RESULTS.mkdir(parents=True, exist_ok=True)
    results, seconds = [], {}
    for lane in lanes:
        say(f"\n=== {lane} ===")
        begin = time.monotonic()
        try:
            results += LANES[lane][0](settings)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            say(f"{lane}: {error}")
            results.append(Result(lane, lane, "fail", str(error)))
        seconds[lane] = time.monotonic() - begin
    settle_skips(results, set(lanes))
    return report(results, seconds)


if __name__ == "__main__":
    sys.exit(main())
