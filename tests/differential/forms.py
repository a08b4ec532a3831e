"""How values, maps and histograms are printed, in text and as JSON. `world` has the program's `enums`, and the `trailer` of
strings that are cut off."""

import codecs
import re
import struct

import kinds
from kinds import Aggregate, Array, Bool, Buffer, Enum, Inet, Int, Pointer, Record, Reject, Str, Struct, Tuple
from memory import Address, access_type, field_type, member, to_bytes


def text(value, kind, world, div=1):
    if isinstance(kind, Bool):
        return "true" if value else "false"
    if isinstance(kind, Enum):
        return next((name for name, number in world.enums[kind.enum] if number == value), str(value))
    if isinstance(kind, Int):
        return str(divided(value, div))
    if isinstance(kind, Str):
        return value.decode("latin-1") + (world.trailer if len(value) >= kind.capacity else "")
    if isinstance(kind, Buffer):
        return "".join(chr(byte) if 32 <= byte <= 126 else f"\\x{byte:02x}" for byte in value)
    if isinstance(kind, Inet):
        return ".".join(str(byte) for byte in value)
    if isinstance(kind, Array):
        return "[" + ",".join(text(item, access_type(kind.item), world, div) for item in value) + "]"
    if isinstance(kind, Tuple):
        return "(" + ", ".join(text(item, sub, world, div) for item, sub in zip(value, kind.items)) + ")"
    if isinstance(kind, Record):
        return "{ " + ", ".join(f".{name} = {text(item, sub, world, div)}"
                                for name, item, sub in zip(kind.names, value, kind.items)) + " }"
    if isinstance(kind, Pointer):
        return f"0x{number_of(value):x}"
    if isinstance(kind, Struct):
        return "{ " + ", ".join(f".{name} = {text(item, sub, world, div)}" for name, item, sub in parts(value, kind)) + " }"
    raise Reject(f"no printed form of {kind}")


def number_of(pointer):
    if isinstance(pointer, Address):
        raise Reject("an address is printed")
    return pointer


def parts(value, kind):
    """(name, value, type) of what is in a struct."""
    for field in kind.members():
        yield field.name, member(value, field), field_type(field)


def divided(value, div):
    return value if div in (0, 1) else abs(value) // div * (1 if value >= 0 else -1)


def json_number(value):
    return str(value) if int(float(value)) == value else f'"{value}"'


def no_text(error):
    return "".join(f"\\u{byte:04x}" for byte in error.object[error.start:error.end]), error.end


codecs.register_error("sonde", no_text)


def json_string(content):
    """Bytes that are no UTF-8 are written as the characters of their numbers. All text here is bytes as characters."""
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    escaped = "".join(short.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in content)
    return '"' + escaped.encode("latin-1").decode("utf-8", "sonde").encode().decode("latin-1") + '"'


def as_json(value, kind, world, div=1):
    if isinstance(kind, Bool):
        return "true" if value else "false"
    if isinstance(kind, Int):
        return json_number(divided(value, div))
    if isinstance(kind, Enum):
        return json_number(value)
    if isinstance(kind, Buffer):
        return "[" + ",".join(str(byte - 256 if byte > 127 else byte) for byte in value) + "]"
    if isinstance(kind, Pointer):
        return json_number(number_of(value))
    if isinstance(kind, Struct):
        return "{" + ", ".join(f'"{name}": {as_json(item, sub, world, div)}' for name, item, sub in parts(value, kind)) + "}"
    if isinstance(kind, Array):
        return "[" + ",".join(as_json(item, kind.item, world, div) for item in value) + "]"
    if isinstance(kind, Tuple):
        return "[" + ",".join(as_json(item, sub, world, div) for item, sub in zip(value, kind.items)) + "]"
    if isinstance(kind, Record):
        return "{" + ", ".join(f'"{name}": {as_json(item, sub, world, div)}'
                               for name, item, sub in zip(kind.names, value, kind.items)) + "}"
    return json_string(text(value, kind, world))


# -- printf ------------------------------------------------------------------------------------------------------------

CONVERSION = re.compile(r"%(-?)(\+?)( ?)(#?)(0?)(\d+|\*)?(?:\.(\d+|\*))?([hlLjzt]*)([diouxXcsprh%]x?h?)")
SPECIFICATION = re.compile(r"%(-)?(\+)?( )?(#)?(0)?(\d+|\*)?(?:\.(?:\d+|\*))?(hh|h|ll|l|j|z|t)?(rx|rh|[diuxXocpsr%])")


def integer_text(value, kind, modifier, conversion, flags):
    signed = conversion in "di"
    size = {None: 4, "hh": 1, "h": 2}.get(modifier, 8)
    number = kinds.wrap(int(value), Int(size, signed or modifier == "t"))
    if conversion in "diu":
        return ("+" if "+" in flags and number >= 0 and signed else "") + str(number)
    number &= (1 << 64) - 1
    digits = {"x": f"{number:x}", "X": f"{number:X}", "o": f"{number:o}"}[conversion]
    if "#" in flags and number:
        digits = {"x": "0x", "X": "0X", "o": "0"}[conversion] + digits
    return digits


def printf(fmt, values, world):
    """values: (value, type) in order."""
    rest = list(values)

    def one(match):
        minus, plus, _, sharp, nought, width, modifier, conversion = match.groups()
        flags = "".join(flag or "" for flag in (minus, plus, sharp))
        if conversion == "%":
            return "%"
        value, kind = rest.pop(0)
        if conversion in ("r", "rx", "rh"):
            content = text(value, kind, world) if conversion == "r" else \
                ("" if conversion == "rx" else " ").join(("\\x" if conversion == "rx" else "") + f"{byte:02x}" for byte in value)
        elif conversion == "s":
            content = text(value, kind, world)
        elif conversion == "c":
            content = chr(int(value) & 255)
        elif conversion == "p":
            content = f"0x{int(value) & kinds.MASK:x}" if value else "0"
        else:
            content = integer_text(value, kind, modifier, conversion, flags)
        columns = int(width) if width and width != "*" else 0
        fill = "0" if nought else " "
        return content.ljust(columns, fill) if minus else content.rjust(columns, fill)

    return SPECIFICATION.sub(one, fmt)


# -- maps --------------------------------------------------------------------------------------------------------------

def single(number):
    return struct.unpack("f", struct.pack("f", number))[0]


def hist_bucket(value, bits):
    """(low, high) of the bucket of a value; None for an open end."""
    count = 1 << bits
    if value < 0:
        return None, 0
    if value < 2 * count:
        return value, value + 1
    width = 1 << (value.bit_length() - 1 - bits)
    low = value // width * width
    return low, low + width


def hist_rows(values, bits):
    """(low, high, count) from the first to the last bucket in use."""
    if not values:
        return []
    found = {}
    for value in values:
        bucket = hist_bucket(value, bits)
        found[bucket] = found.get(bucket, 0) + 1
    ordered = sorted(found, key=lambda bucket: -1 if bucket[0] is None else bucket[0])
    rows, bucket = [], ordered[0]
    while True:
        rows.append((*bucket, found.get(bucket, 0)))
        if bucket == ordered[-1]:
            return rows
        bucket = hist_bucket(0 if bucket[0] is None else bucket[1], bits)


def hist_header(low, high, bits):
    if low is None:
        return "(..., 0)"
    if high <= 2 << bits and high - low == 1:
        return f"[{low}]"

    def boundary(number, last):
        if number < 2 << bits:
            return str(number)
        power = number.bit_length() - 1 - bits
        del last
        return f"{(number >> power) << power % 10}{['', 'K', 'M', 'G', 'T', 'P', 'E'][power // 10]}"
    return f"[{boundary(low, False)}, {boundary(high, True)})"


def lhist_rows(values, low, high, step):
    last = 1 + (high - low) // step
    found = {}
    for value in values:
        index = 0 if value < low else last if value > high else 1 + (value - low) // step
        found[index] = found.get(index, 0) + 1
    rows = []
    for index in range(min(found), max(found) + 1) if found else ():
        start = low + (index - 1) * step
        rows.append((None if index == 0 else start, None if index == last else low if index == 0 else start + step,
                     found.get(index, 0)))
    return rows


def lhist_header(low, high, step):
    def number(value):
        if step % 1024 or value == 0:
            return str(value)
        return f"{value >> 20}M" if value % (1 << 20) == 0 else f"{value >> 10}K" if value % 1024 == 0 else str(value)
    if low is None:
        return f"(..., {number(high)})"
    if high is None:
        return f"[{number(low)}, ...)"
    return f"[{low}]" if step == 1 else f"[{number(low)}, {number(high)})"


def rows_of(values, kind):
    return hist_rows(values, *(kind.parameters or (0,))) if kind.function == "hist" else lhist_rows(values, *kind.parameters)


def drawing(values, kind, div):
    rows = [(low, high, count // (div or 1) if kind.function == "hist" else count) for low, high, count in rows_of(values, kind)]
    peak = max((count for *_, count in rows), default=0)
    lines = []
    for low, high, count in rows:
        header = hist_header(low, high, *(kind.parameters or (0,))) if kind.function == "hist" else \
            lhist_header(low, high, kind.parameters[2])
        length = int(single(single(count / peak) * 52)) if peak else 0
        lines.append(f"{header:16}{count:8} |{'@' * length:52}|")
    return "\n".join(lines) + "\n" if lines else ""


def buckets_json(values, kind, div):
    out = []
    for low, high, count in rows_of(values, kind):
        count = count // (div or 1) if kind.function == "hist" else count
        parts = [] if low is None else [f'"min": {json_number(low)}']
        parts += [] if high is None else [f'"max": {json_number(high - 1)}']
        out.append("{" + ", ".join([*parts, f'"count": {count}']) + "}")
    return "[" + ",".join(out) + "]"


def combined(state, kind):
    """The number or record that an aggregation's contributions amount to."""
    signed = kind.signed is not False
    wide = kinds.INT64 if signed else kinds.UINT64
    if kind.function == "count":
        return len(state)
    if kind.function == "sum":
        return kinds.wrap(sum(state), wide)
    if kind.function in ("min", "max"):
        return (min if kind.function == "min" else max)(state) if state else 0
    total = kinds.wrap(sum(state), wide)
    average = abs(total) // len(state) * (1 if total >= 0 else -1) if state else 0
    return average if kind.function == "avg" else (len(state), average, total)


def map_value(state, kind, world, div, json=False):
    if not isinstance(kind, Aggregate):
        return (as_json if json else text)(state, kind, world, div)
    if kind.function in ("hist", "lhist"):
        return buckets_json(state, kind, div) if json else drawing(state, kind, div)
    value = combined(state, kind)
    if kind.function == "stats":
        count, average, total = value
        average = divided(average, div)
        return f'{{"count": {count}, "average": {json_number(average)}, "total": {json_number(total)}}}' if json else \
            f"{{ .count = {count}, .average = {average}, .total = {total} }}"
    return json_number(divided(value, div)) if json else str(divided(value, div))


def key_text(key, kind, world):
    content = text(key, kind, world)
    return content[1:-1] if content.startswith("(") and content.endswith(")") else content


def sort_rank(key, state, slot):
    """What the entries of a map are ordered by: the value, if it is a number, then the key."""
    kind = slot.type
    by_key = () if slot.scalar else (key_rank(key, slot.key), whole_key_rank(key, slot.key))
    if isinstance(kind, Aggregate):
        if kind.function in ("hist", "lhist"):
            return (len(state), *by_key)
        value = combined(state, kind)
        if kind.function in ("min", "max"):
            return (value & kinds.MASK, *by_key)
        return (value[1] if kind.function == "stats" else value, *by_key)
    return (state, *by_key) if isinstance(kind, Int) else by_key


def key_rank(key, kind):
    """Integers and strings count first."""
    if isinstance(kind, Int):
        return kinds.wrap(key, Int(kind.size, True))
    if isinstance(kind, Str):
        return key
    return tuple(map(key_rank, key, kind.items)) if isinstance(kind, Tuple) else 0


def whole_key_rank(key, kind):
    if isinstance(kind, (Tuple, Record)):
        return tuple(map(whole_key_rank, key, kind.items))
    if isinstance(kind, Struct):
        return tuple(whole_key_rank(item, sub) for _, item, sub in parts(key, kind))
    if isinstance(kind, Array):
        return to_bytes(key, kind)
    return key_rank(key, kind) if isinstance(kind, (Int, Str)) else int(key)


def in_order(slot, entries, top=0):
    """Entries (key, state) as they are printed; with `top` the last ones."""
    ordered = sorted(entries.items(), key=lambda entry: sort_rank(*entry, slot))
    return ordered[-top:] if top > 0 else ordered
