#!/usr/bin/python3
"""Mutants of all scripts of the tests, through the real binary and into the kernel (`--dry-run`). Needs root.

    run.py [--seconds N | --mutants N] [--seed N]     make mutants, run them, make small what fails
    run.py --show SEED                                print one mutant

What is asked of a mutant: sonde ends, in time and by itself; a script that it refuses gets an error that says where; one that
it accepts is accepted by the kernel's verifier too. A program that the verifier gives up on because it is too large for it is
counted but no failure: mutants like to loop for ever.
"""

import argparse
import collections
import itertools
import os
import pathlib
import random
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "tests/kernel")]
import corpus  # noqa: E402
import mutate  # noqa: E402

TIME_LIMIT = 40
SHRINK_SECONDS = 60
ARGUMENTS = ["42", "text"]  # for scripts that take some
# Wildcards must not cover the kernel.
LIMITS = {"SONDE_MAX_PROBES": "64", "SONDE_MAX_BPF_PROGS": "64", "SONDE_COLOR": "never"}
LOCATED = re.compile(r"^\S.*?:\d+(?::\d+-\d+|-\d+)?: ERROR: ", re.M)
UNLOCATED = re.compile(r"^(ERROR: |No probes to attach|[a-z_]+: )|Clang parse error|program command line option", re.M)
TOO_LARGE = re.compile(r"BPF program is too large|too many|too complex|Argument list too long|E2BIG|stack of \d+ bytes", re.I)


def judge(status, out, err):
    """None, or the kind of failure: what no mutant may lead to."""
    text = out + err
    if status < 0 or "internal error" in text or "Sanitizer" in text:
        first = next((line for line in text.splitlines() if "internal error" in line or "ERROR: Add" in line), "")
        return f"crash, status {status}: {first[:160]}"
    if "(Operation not permitted)" in text and "verifier says" not in text:
        return None  # a locked-down kernel
    if "verifier says" in text or "Error loading BPF" in text or "BPF object load failure" in text:
        said = re.search(r"verifier says: (.*)", text) or re.search(r"(Error loading BPF|BPF object load).*", text)
        words = re.sub(r"'[^']*'|\bR\d+|[-+]?\b(0x)?[0-9a-f]*\d[0-9a-f]*\b", "#", said[0])
        return ("too large" if TOO_LARGE.search(text) else "load") + f": {words[:160]}"
    if status and not LOCATED.search(text) and not UNLOCATED.search(text):
        return f"status {status} without a word"
    return None


def run(settings, text):
    environment = {**{name: value for name, value in os.environ.items() if not name.startswith("BPFTRACE_")}, **LIMITS}
    try:
        done = subprocess.run([settings.sonde, "--dry-run", "-e", text, *ARGUMENTS], capture_output=True, timeout=TIME_LIMIT, check=False,
                              stdin=subprocess.DEVNULL, env=environment, cwd=settings.folder)
    except subprocess.TimeoutExpired:
        return "hang", "", 0
    out, err = done.stdout.decode("latin-1"), done.stderr.decode("latin-1")
    return judge(done.returncode, out, err), err, done.returncode


def usable(text):
    """Arguments of a command cannot hold everything."""
    return "\0" not in text and text.strip() != ""


def small(settings, text, failure):
    end, again = time.monotonic() + SHRINK_SECONDS, True
    while again:
        again = False
        for candidate in mutate.smaller(text):
            if time.monotonic() > end:
                return text
            if len(candidate) < len(text) and usable(candidate) and run(settings, candidate)[0] == failure:
                text, again = candidate, True
                break
    return text


def hunt(settings):
    mutator = mutate.Mutator(*corpus.scripts(ROOT, settings.pages))
    first, begin = settings.seed if settings.seed is not None else random.randrange(1 << 32), time.monotonic()
    kinds, accepted, seed = collections.Counter(), 0, first
    for seed in itertools.count(first):
        if time.monotonic() - begin > settings.seconds if settings.seconds else seed - first >= settings.mutants:
            break
        text = mutant(mutator, seed)
        failure, err, status = run(settings, text)
        accepted += status == 0
        if failure:
            kinds[failure] += 1
            if kinds[failure] <= settings.shrink and (settings.large or not failure.startswith("too large")):
                print(f"--- seed {seed}: {failure}\n{err[:1500]}\n{small(settings, text, failure)}", flush=True)
    for failure, count in kinds.most_common():
        print(f"{count:6} {failure}")
    wrong = sum(count for failure, count in kinds.items() if not failure.startswith("too large"))
    print(f"mutation: {seed - first} mutants of {len(mutator.bases)} scripts from seed {first}, {accepted} accepted, {wrong} wrong")
    return 1 if wrong else 0


def mutant(mutator, seed):
    mutator.random = random.Random(seed)
    while not usable(text := mutator.mutant()):
        pass
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sonde", default=ROOT / "build/release/sonde")
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--seconds", type=float, help="instead of a number of mutants")
    parser.add_argument("--seed", type=int, help="of the first mutant; the others follow it")
    parser.add_argument("--shrink", type=int, default=1, metavar="N", help="make N mutants of each kind of failure small")
    parser.add_argument("--large", action="store_true", help="show what is too large for the verifier, too")
    parser.add_argument("--pages", type=pathlib.Path, nargs="*", default=[], help="more Markdown pages with scripts in them")
    parser.add_argument("--show", type=int, metavar="SEED")
    settings = parser.parse_args()
    settings.folder = ROOT / "tests/golden/diag"  # what the scripts there import and include lies beside them
    if settings.show is not None:
        print(mutant(mutate.Mutator(*corpus.scripts(ROOT, settings.pages)), settings.show))
        return 0
    return hunt(settings)


if __name__ == "__main__":
    sys.exit(main())
