"""The scripts that mutants are made of: goldens, kernel tests, examples, and what is quoted in pages of text."""

import re

import format  # tests/kernel/format.py

MAX_BYTES = 4000


def quoted(page):
    """Blocks of a Markdown page that hold a probe, and one-liners within them."""
    for block in re.findall(r"^```\w*\n(.*?)^```", page, re.M | re.S):
        liners = re.findall(r"sonde (?:-\S+ )*-e '([^']+)'", block)
        yield from liners or ([block] if re.search(r"^[\w:,./* ]+(?:/.*/\s*)?\{", block, re.M) else [])


def kernel_tests(folder):
    for path in sorted(folder.rglob("*.test")):
        fields = format.parse(path, path.stem).fields
        for field in ("PROG", "STDIN"):
            if field in fields:
                yield fields[field]
        yield from re.findall(r"(?:\{\{SONDE\}\}|\$SONDE)\b[^'\n]* -e '([^']+)'", fields.get("SCRIPT", ""))


# Probes that need programs, files or kernels that may not be there.
RARE = re.compile(r"^(\s*)(?:kprobe|kretprobe|k|kr|uprobe|uretprobe|u|ur|usdt|fentry|fexit|f|fr|kfunc|kretfunc|iter|it|watchpoint|w|"
                  r"asyncwatchpoint|hardware|h|rawtracepoint|rt):[^\s{/,]+(?=\s*(?:/.*/\s*)?\{)", re.M)
CONTEXT = re.compile(r"\b(args|arg\d|retval|ctx|func|reg|ustack|kstack)\b")


def loadable(text):
    """The script with `begin` instead of such probes, where it does not ask them for anything."""
    return text if CONTEXT.search(text) else RARE.sub(r"\1begin", text)


def scripts(root, pages=()):
    """(scripts that are right, for the most part; those that are wrong in instructive ways), each once, in an order that does
    not depend on the machine. `pages`: more pages of text."""
    found = list(kernel_tests(root / "tests/kernel"))
    for path in sorted([*root.glob("tests/golden/**/*.bt"), *root.glob("examples/*.bt"), *root.glob("tests/kernel/**/*.bt")]):
        found.append(path.read_text())
    for path in [*sorted(root.glob("docs/*.md")), *sorted(root.glob("man/*.md")), root / "README.md", *pages]:
        found += quoted(path.read_text())
    wrong = []
    for path in sorted(root.glob("tests/golden/diag/*.cases")):
        wrong += [line for line in path.read_text(errors="replace").splitlines() if line and not line.startswith("#")]
    return [[text for text in dict.fromkeys(map(loadable, texts)) if len(text) <= MAX_BYTES and "{{" not in text] for texts in (found, wrong)]
