#!/usr/bin/python3
"""Random well-typed integer expressions, run in the kernel by sonde and compared with the model.

Every script assigns values to maps, which the compiler cannot fold, and prints expressions over them from a `begin` probe,
which runs through BPF_PROG_TEST_RUN.  run.py SONDE [--seed N] [--scripts N] [--expressions N]
"""

import argparse
import random
import subprocess
import sys

import model

EDGES = [0, 1, 2, 3, 7, 8, 63, 64, 100, 127, 128, 200, 255, 256, 1000, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31,
         2**32 - 1, 2**32, 2**53, 2**62, 2**63 - 1]


class Generator:
    def __init__(self, rng, variables):
        self.rng = rng
        self.variables = variables

    def leaf(self, fixed=False):
        if fixed or self.rng.random() < 0.65:
            return self.rng.choice(self.variables)
        if self.rng.random() < 0.05:
            return model.literal(self.rng.choice([2**63, 2**64 - 1]))
        value = self.rng.choice(EDGES) if self.rng.random() < 0.6 else self.rng.randrange(0, 300)
        return model.literal(-value if self.rng.random() < 0.25 else value)

    def shift_count(self, depth):
        if depth <= 0 or self.rng.random() < 0.7:
            return model.literal(self.rng.randrange(64))
        return model.arithmetic("&", self.integer(depth - 1, fixed=True), model.literal(63))

    def integer(self, depth, fixed=False):
        """An integer expression; `fixed`: no bare literal, so that nothing folds and no flexible sign is left over."""
        if depth <= 0:
            return self.leaf(fixed)
        kind = self.rng.random()
        if kind < 0.55:
            left = self.integer(depth - 1, fixed=True)
            op = self.rng.choice(["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"])
            right = self.shift_count(depth - 1) if op in ("<<", ">>") else self.integer(depth - 1)
            if op not in ("<<", ">>") and self.rng.random() < 0.3:
                left, right = right, left
            if op in "/%" and right.literal and right.value == 0:
                op = "+"
            return model.arithmetic(op, left, right)
        if kind < 0.68:
            return model.unary(self.rng.choice("-~"), self.integer(depth - 1, fixed=True))
        if kind < 0.86:
            operand = self.integer(depth - 1, fixed=True)
            others = [kind for kind in model.INTEGERS if kind.name != operand.type.name]
            return model.cast(self.rng.choice(others), operand)
        return model.ternary(self.boolean(depth - 1), self.integer(depth - 1, fixed=True), self.integer(depth - 1))

    def boolean(self, depth):
        kind = self.rng.random()
        if depth <= 0 or kind < 0.6:
            left, right = self.integer(depth - 1, fixed=True), self.integer(depth - 1)
            if self.rng.random() < 0.3:
                left, right = right, left
            return model.comparison(self.rng.choice(["==", "!=", "<", "<=", ">", ">="]), left, right)
        if kind < 0.85:
            return model.logical(self.rng.choice(["&&", "||"]), self.boolean(depth - 1), self.boolean(depth - 1))
        return model.unary("!", self.boolean(depth - 1))

    def expression(self):
        depth = self.rng.randrange(1, 5)
        return self.boolean(depth) if self.rng.random() < 0.25 else self.integer(depth, fixed=True)


def make_script(rng, count):
    assignments, variables = [], []
    for number, kind in enumerate(model.INTEGERS * 2):
        value = model.wrap(rng.choice(EDGES) * rng.choice([1, -1]) + rng.randrange(-2, 3), kind)
        text = f"(int64){value}" if value < 0 else str(value)
        assignments.append(f"  @v{number} = ({kind.name})({text});" if (kind.size, kind.signed) != (8, True) or value >= 0
                           else f"  @v{number} = {text};")
        variables.append(model.Node(kind, value, f"@v{number}"))
    generator = Generator(rng, variables)
    expressions = [generator.expression() for _ in range(count)]
    lines = [f"  print({expression.text});" for expression in expressions]
    return "config = { print_maps_on_exit = false }\nbegin {\n" + "\n".join(assignments + lines) + "\n}\n", expressions


def check(sonde, seed, count):
    """Number of differences of one script."""
    script, expressions = make_script(random.Random(seed), count)
    done = subprocess.run([sonde, "-q", "--no-warnings", "-"], input=script, capture_output=True, text=True, timeout=600,
                          check=False)
    wanted = [model.printed(expression) for expression in expressions]
    got = done.stdout.split("\n")[:len(wanted)]
    if done.returncode or len(done.stdout.split("\n")) != len(wanted) + 3:
        print(f"seed {seed}: exit status {done.returncode}\n{done.stderr[:4000]}\n{script}")
        return 1
    differences = 0
    for expression, want, have in zip(expressions, wanted, got):
        if want != have:
            differences += 1
            print(f"seed {seed}: {expression.text}: {expression.type.name}: expected {want}, sonde printed {have}")
    if differences:
        print(script[:script.index("  print(")])
    return differences


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sonde")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scripts", type=int, default=20)
    parser.add_argument("--expressions", type=int, default=100, help="for each script")
    settings = parser.parse_args()
    differences = sum(check(settings.sonde, settings.seed + number, settings.expressions)
                      for number in range(settings.scripts))
    print(f"{settings.scripts * settings.expressions} expressions, {differences} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
