"""An independent model of sonde's integer expressions: types, promotion and evaluation.

Written from the language description alone, with Python's unbounded integers, and without any idea of how the compiler
works: where the two differ, one of them is wrong. A node knows its type, its value and its text.
"""

import dataclasses

MASK = (1 << 64) - 1


@dataclasses.dataclass(frozen=True)
class Type:
    """An integer of `size` bytes, or bool (size 0). `flexible`: a literal whose sign adapts to the other side."""
    size: int
    signed: bool
    flexible: bool = False

    @property
    def name(self):
        return "bool" if not self.size else f"{'' if self.signed else 'u'}int{self.size * 8}"


BOOL = Type(0, False)
INT64 = Type(8, True)
UINT64 = Type(8, False)
INTEGERS = [Type(size, signed) for size in (1, 2, 4, 8) for signed in (True, False)]


def wrap(value, kind):
    """`value` as an object of type `kind` holds it."""
    if kind == BOOL:
        return int(value != 0)
    bits = kind.size * 8
    value &= (1 << bits) - 1
    return value - (1 << bits) if kind.signed and value >> (bits - 1) else value


def literal_type(value):
    for size in (1, 2, 4, 8):
        if -(1 << (size * 8 - 1)) <= value < 1 << (size * 8 - 1):
            return Type(size, True, value >= 0)
    return UINT64


def promote(left, right):
    """The common type of two integers."""
    if left.signed == right.signed and left.flexible == right.flexible:
        return Type(max(left.size, right.size), left.signed, left.flexible)
    if left.flexible or right.flexible:
        fixed = right if left.flexible else left
        return Type(max(left.size, right.size), fixed.signed)
    if left.signed == right.signed:
        return Type(max(left.size, right.size), left.signed)
    signed, unsigned = (left, right) if left.signed else (right, left)
    if signed.size > unsigned.size:
        return signed
    return Type(min(8, 2 * max(left.size, right.size)), True)


@dataclasses.dataclass(frozen=True)
class Node:
    type: Type
    value: int
    text: str
    literal: bool = False


def literal(value):
    return Node(literal_type(value), value, str(value) if value >= 0 else f"({value})", True)


def operand_sign(left, right):
    """Whether an operator sees signed operands, once a flexible literal took the other side's sign."""
    if left.flexible != right.flexible:
        return (right if left.flexible else left).signed
    return left.signed or right.signed


def arithmetic(op, left, right):
    result = INT64 if op == "-" or operand_sign(left.type, right.type) else UINT64
    a, b = left.value & MASK, right.value & MASK
    if op in "/%":
        value = 1 if b == 0 else a // b if op == "/" else a % b
    else:
        value = {"+": a + b, "-": a - b, "*": a * b, "&": a & b, "|": a | b, "^": a ^ b,
                 "<<": a << (b & 63), ">>": a >> (b & 63)}[op]
    return Node(result, wrap(value, result), f"({left.text} {op} {right.text})")


def comparison(op, left, right):
    if left.type == BOOL:
        a, b = left.value, right.value
    else:
        common = promote(left.type, right.type)
        a, b = wrap(left.value, common), wrap(right.value, common)
    value = {"==": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]
    return Node(BOOL, int(value), f"({left.text} {op} {right.text})")


def logical(op, left, right):
    value = (left.value and right.value) if op == "&&" else (left.value or right.value)
    return Node(BOOL, int(bool(value)), f"({left.text} {op} {right.text})")


def unary(op, operand):
    if op == "!":
        return Node(BOOL, int(operand.value == 0), f"(!{operand.text})")
    result = INT64 if operand.type.signed else UINT64
    return Node(result, wrap(-operand.value if op == "-" else ~operand.value, result), f"({op}{operand.text})")


def cast(kind, operand):
    return Node(kind, wrap(operand.value, kind), f"(({kind.name}){operand.text})")


def ternary(condition, then, other):
    common = BOOL if then.type == BOOL else promote(then.type, other.type)
    value = then.value if condition.value else other.value
    return Node(common, wrap(value, common), f"({condition.text} ? {then.text} : {other.text})")


def printed(node):
    return str(bool(node.value)).lower() if node.type == BOOL else str(node.value)
