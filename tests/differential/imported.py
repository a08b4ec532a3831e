"""What programs import: functions in C, and a script with some of their macros."""

from kinds import MASK, Int, wrap
from layout import SPELLINGS

# name: (types of the parameters, type of the result, body in C, the same in Python)
FUNCTIONS = {
    "calc_mix": ((Int(8, True), Int(1, False)), Int(8, True), "return a * 3 + b;", lambda a, b: a * 3 + b),
    "calc_turn": ((Int(4, False), Int(4, True)), Int(4, False), "return (a << 3) ^ (unsigned)b;", lambda a, b: (a << 3) ^ b),
    "calc_low": ((Int(8, False),), Int(1, True), "return (signed char)(a >> 4);", lambda a: a >> 4),
    "calc_less": ((Int(2, True), Int(8, False)), Int(4, True), "return (unsigned long)a < b;", lambda a, b: int((a & MASK) < b)),
}
C_FILE, SCRIPT = "calc.bpf.c", "lib.bt"


def c_text():
    lines = []
    for name, (parameters, result, body, _) in FUNCTIONS.items():
        spelled = ", ".join(f"{SPELLINGS[kind][0]} {letter}" for kind, letter in zip(parameters, "ab"))
        lines.append(f"{SPELLINGS[result][0]} {name}({spelled}) {{ {body} }}")
    return "\n".join(lines) + "\n"


def call(name, values):
    """The result for arguments that have their parameters' types."""
    _, result, _, function = FUNCTIONS[name]
    return wrap(function(*values), result)
