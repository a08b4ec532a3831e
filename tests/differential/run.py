#!/usr/bin/python3
"""Random programs of the whole language, run by the real binary in the kernel, against an interpreter written from the
language description alone. Needs root.

    run.py [--seconds N | --programs N] [--seed N]    make programs, run them, make small what fails
    run.py --save FILE [--programs N]                 write programs and what they are to print, for another kernel
    run.py --replay FILE                              run those
    run.py --show SEED                                print one program

A failing program is printed with its seed. The generator's parts: `generate`, `expressions` and `generate_memory` make
trees, `prepare` and `infer` type them, `evaluate` and `memory` run them, `output` says what they print, `driver` compares;
`imported` has the files that they import.
"""

import argparse
import itertools
import json
import pathlib
import random
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import driver  # noqa: E402
import generate  # noqa: E402
from prepare import command_line  # noqa: E402
from tree import program_text  # noqa: E402

SHRINK_SECONDS = 20


def program_of(settings, seed):
    for attempt in itertools.count():
        try:
            return generate.make(random.Random(f"{seed}.{attempt}"), settings.size, tuple(settings.without))
        except RecursionError:  # keys that hold entries of maps whose keys hold entries, without end
            continue


def small(settings, program, as_json, kind):
    """The program made small, within a time limit."""
    end = time.monotonic() + SHRINK_SECONDS

    def fails(candidate):
        failure = driver.run(settings.sonde, candidate, as_json) if time.monotonic() < end else None
        return failure is not None and failure[0] == kind

    return driver.shrink(program, fails, lambda: time.monotonic() < end)


def hunt(settings):
    seed = settings.seed if settings.seed is not None else random.randrange(1 << 32)
    first, begin, kinds = seed, time.monotonic(), {}
    while time.monotonic() - begin < settings.seconds if settings.seconds else seed - first < settings.programs:
        program, as_json = program_of(settings, seed), seed % 3 == 2
        failure = driver.run(settings.sonde, program, as_json)
        if failure:
            kind, seen = failure
            kinds[kind] = kinds.get(kind, 0) + 1
            print(f"--- seed {seed}{' with -f json' if as_json else ''}: {kind}\n{seen}")
            if kinds[kind] <= settings.shrink:
                program = small(settings, program, as_json, kind)
                print(program_text(program), *command_line(program), flush=True)
        seed += 1
    print(f"differential: {seed - first} programs from seed {first}, {sum(kinds.values())} wrong")
    return 1 if kinds else 0


def save(settings):
    first = settings.seed if settings.seed is not None else random.randrange(1 << 32)
    rows = []
    for seed in range(first, first + settings.programs):
        program = program_of(settings, seed)
        rows.append({"seed": seed, **driver.row_of(program, seed % 3 == 2)})
    settings.save.write_text(json.dumps(rows))
    return 0


def replay(settings):
    wrong = 0
    rows = json.loads(settings.replay.read_text())
    for row in rows:
        failure = driver.execute(settings.sonde, row, 300)
        if failure:
            wrong += 1
            print(f"--- seed {row['seed']}: {failure[0]}\n{failure[1]}\n" + "\n".join(row["script"]))
    print(f"differential: {len(rows)} programs from seed {rows[0]['seed']}, {wrong} wrong")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sonde", default=HERE.parent.parent / "build/release/sonde")
    parser.add_argument("--programs", type=int, default=100)
    parser.add_argument("--seconds", type=float, help="instead of a number of programs")
    parser.add_argument("--seed", type=int, help="of the first program; the others follow it")
    parser.add_argument("--size", type=int, default=10, help="statements of a probe, at most, not counting those inside others")
    parser.add_argument("--shrink", type=int, default=2, metavar="N", help="make N programs of each kind of failure small")
    parser.add_argument("--without", action="append", default=[], metavar="FAMILY", help="leave out enum, array, record, struct, import, ...")
    parser.add_argument("--save", type=pathlib.Path)
    parser.add_argument("--replay", type=pathlib.Path)
    parser.add_argument("--show", type=int, metavar="SEED")
    settings = parser.parse_args()
    if settings.show is not None:
        program = program_of(settings, settings.show)
        print(program_text(program), *command_line(program))
        return 0
    return (save if settings.save else replay if settings.replay else hunt)(settings)


if __name__ == "__main__":
    sys.exit(main())
