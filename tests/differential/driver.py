"""Runs programs with the real binary and compares; makes what fails small."""

import pathlib
import re
import subprocess
import tempfile

import generate
from evaluate import expected
from kinds import Reject
from output import differs
from prepare import command_line
from tree import Node, files_of, program_text

QUIET = ["-q", "--no-warnings"]
MEMORY = pathlib.Path(__file__).resolve().parent.parent.parent / "build/release/test-programs/memory"


def row_of(program, json):
    """All that it takes to run a program and to say whether it does as it should."""
    pieces, status = expected(program, json)
    return {"script": [program_text(program), *command_line(program)], "json": json, "pieces": pieces, "status": status,
            "memory": program.memory.hex(), "files": files_of(program)}


def run(sonde, program, json, timeout=60):
    """None if the program does as it should, else (kind of failure, what was seen)."""
    return execute(sonde, row_of(program, json), timeout)


def execute(sonde, row, timeout):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in row["files"].items():
            pathlib.Path(folder, name).write_text(text, encoding="latin-1")
        return execute_in(folder, sonde, row, timeout)


def execute_in(folder, sonde, row, timeout):
    script, *arguments = row["script"]
    script = script.replace("{memory}", str(MEMORY)).replace("{files}", folder)
    options = [*QUIET, *(["-f", "json"] if row["json"] else []), *(["-c", f"{MEMORY} {row['memory']}"] if row["memory"] else [])]
    try:
        done = subprocess.run([sonde, *options, "-e", script, *arguments], capture_output=True,
                              timeout=timeout, check=False, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return "hangs", ""
    return judge(row["pieces"], row["status"], done.returncode, done.stdout.decode("latin-1"), done.stderr.decode("latin-1"))


def judge(pieces, status, got, out, err):
    if got != status:
        first = next((line for line in err.splitlines() if "ERROR" in line), err[:200])
        first = next((line for line in err.splitlines() if "verifier says" in line), first)
        return f"exit status {got}: " + re.sub(r"[$@'\"]\S+|\d+", "#", first)[:70], f"status {got}, not {status}\n{err[:3000]}"
    difference = differs(pieces, out)
    if difference:
        return "output", f"wanted: {difference[0][:600]!r}\ngot:    {difference[1][:300]!r}\n{err[:1000]}"
    return None


# -- making it small ---------------------------------------------------------------------------------------------------

def statement_lists(program):
    for node in program.walk():
        if node.op == "block":
            yield node


def smaller(program):
    """Programs with a little less in them, larger steps first; each shares nothing with `program`."""
    for index in range(len(program.kids)):
        copy = program.copy()
        del copy.kids[index]
        if any(item.op == "probe" for item in copy.kids):
            yield copy
    blocks = sum(1 for _ in statement_lists(program))
    for position in range(blocks):
        length = len(list(statement_lists(program))[position].kids)
        step = length
        while step:
            for begin in range(0, length, step):
                copy = program.copy()
                block = list(statement_lists(copy))[position]
                keep = block.kids[-1:] if block.get("yields") and begin + step >= length else []
                block.kids[begin:begin + step] = keep
                if len(block.kids) < length:
                    yield copy
            step //= 2
    for position in range(sum(1 for _ in program.walk())):
        yield from replaced(program, position)
    for index in range(len(program.structs)):
        copy = program.copy()
        del copy.structs[index]
        yield copy
    for key in program.config:
        copy = program.copy()
        del copy.config[key]
        yield copy
    for key in program.declarations:
        copy = program.copy()
        del copy.declarations[key]
        yield copy


STATEMENTS = ("assign", "update", "let", "do", "print", "printf", "if", "for_range", "for_map", "while", "unroll", "block",
              "discard", "comptime", "break", "continue", "return", "exit", "program", "probe", "macro", "aggregate")


def replaced(program, position):
    node = list(program.walk())[position]
    if node.op in ("if", "for_range", "while", "unroll", "block") and node.get("sid"):
        for index, kid in enumerate(node.kids):
            if kid.op == "block":
                copy = program.copy()
                target = list(copy.walk())[position]
                target.op, target.kids, target.yields = "block", target.kids[index].kids, False
                yield copy
        return
    if node.get("sid") or node.op in STATEMENTS or node.op in ("int", "bool", "str", "enumerator", "var", "map_argument"):
        return
    for index in range(len(node.kids)):
        copy = program.copy()
        target = list(copy.walk())[position]
        kid = target.kids[index]
        target.__dict__ = dict(kid.__dict__)
        yield copy
    for literal in (Node("int", value=1), Node("str", value=b"a"), Node("bool", value=True)):
        copy = program.copy()
        list(copy.walk())[position].__dict__ = dict(literal.__dict__)
        yield copy


def shrink(program, fails, goes_on):
    """The smallest program found of which `fails` still holds, as long as `goes_on`."""
    again = True
    while again and goes_on():
        again = False
        for candidate in smaller(program):
            if not goes_on():
                break
            generate.trim(candidate)
            try:
                expected(candidate)
            except (Reject, AttributeError, KeyError, IndexError, TypeError, ValueError):
                continue
            if fails(candidate):
                program, again = candidate, True
                break
    return program
