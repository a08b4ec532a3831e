"""Reads .test files: one small declarative file per kernel test. The format is described in tests/kernel/README.md."""

import dataclasses
import pathlib
import re
import shlex

TEXT_FIELDS = {"PROG", "FILE", "STDIN", "ARGS", "ARGV", "COMMAND", "SCRIPT", "BEFORE", "PREBUILT", "RUN", "AFTER",
               "EXPECT", "EXPECT_HAS", "EXPECT_REGEX", "EXPECT_ERR", "EXPECT_ERR_REGEX", "REJECT_REGEX", "CHECK",
               "REQUIRES", "SIGNAL", "ENV", "EXIT", "TIMEOUT"}
FLAG_FIELDS = {"ALONE", "ANY_ERR"}
WHAT_TO_RUN = ("PROG", "FILE", "STDIN", "COMMAND", "SCRIPT")
EXPECTATIONS = ("EXPECT", "EXPECT_HAS", "EXPECT_REGEX", "EXPECT_ERR", "EXPECT_ERR_REGEX", "CHECK")
SCRIPT_FIELDS = ("SCRIPT", "BEFORE", "PREBUILT", "RUN", "AFTER")
NEGATION = re.compile(r"\s*! (?!.*(\|\||&&))")
SIGNALS = ("INT", "TERM", "KILL", "none")


class FormatError(Exception):
    """A .test file that does not follow the format; the text names file and line."""


@dataclasses.dataclass
class Test:
    name: str            # <topic>/<name>
    path: pathlib.Path
    about: str           # the opening comment: what the test asserts
    fields: dict         # field -> text

    def get(self, field, default=None):
        return self.fields.get(field, default)

    def lines(self, field):
        return [line for line in self.fields.get(field, "").split("\n") if line.strip()]

    def words(self, field):
        return shlex.split(self.fields.get(field, ""))


def parse(path, name):
    """The Test in `path`; raises FormatError."""
    def fail(number, what):
        raise FormatError(f"{path}:{number}: {what}")

    fields, about, current = {}, [], None
    lines = path.read_text().split("\n")
    for number, line in enumerate(lines, 1):
        if current and (line.startswith("  ") or (not line.strip() and current)):
            fields[current].append(line[2:])
            continue
        if line.startswith("#") or not line.strip():
            if not fields:
                about.append(line.lstrip("# "))
            current = None
            continue
        match = re.fullmatch(r"([A-Z_]+)(?: (.*))?", line)
        if not match:
            fail(number, "expected FIELD [value], or a continuation indented by two spaces")
        current, value = match[1], match[2]
        if current not in TEXT_FIELDS | FLAG_FIELDS:
            fail(number, f"unknown field {current}")
        if current in fields:
            fail(number, f"{current} is given twice")
        if current in FLAG_FIELDS and value:
            fail(number, f"{current} takes no value")
        fields[current] = [value] if value is not None else []
    texts = {field: "\n".join(value).rstrip("\n") for field, value in fields.items()}

    if not any(about):
        fail(1, "the file must open with a comment that says what it asserts")
    if sum(field in texts for field in WHAT_TO_RUN) != 1:
        fail(1, f"exactly one of {', '.join(WHAT_TO_RUN)} is needed")
    if not any(field in texts for field in EXPECTATIONS):
        fail(1, "no expectation: this test cannot fail")
    for field in SCRIPT_FIELDS:
        if field in texts and any(NEGATION.match(line) for line in texts[field].split("\n")):
            fail(1, f"{field}: bash -e does not mind a `! COMMAND` that fails; write `! COMMAND || exit 1`")
    if texts.get("SIGNAL", "INT") not in SIGNALS:
        fail(1, f"SIGNAL is one of {', '.join(SIGNALS)}")
    return Test(name, path, " ".join(about).strip(), texts)


def discover(root, patterns):
    """All tests below `root` whose name contains one of `patterns` (all tests if there are none), sorted by name."""
    tests = []
    for path in sorted(root.glob("*/*.test")):
        name = f"{path.parent.name}/{path.stem}"
        if not patterns or any(pattern in name for pattern in patterns):
            tests.append(parse(path, name))
    return tests
