"""C definitions: where the x86-64 ABI puts the members of structs and unions, and random ones with their text."""

import dataclasses

from kinds import INTEGERS, Array, CharArray, Enumeration, Int, Pointer, Struct, StructField, alignment, sizeof

SPELLINGS = {Int(1, True): ("signed char", "int8_t"), Int(1, False): ("unsigned char", "uint8_t"),
             Int(2, True): ("short", "int16_t"), Int(2, False): ("unsigned short", "uint16_t"),
             Int(4, True): ("int", "int32_t"), Int(4, False): ("unsigned int", "uint32_t", "unsigned"),
             Int(8, True): ("long long", "int64_t", "long"), Int(8, False): ("unsigned long", "uint64_t")}
NAMES = ("a", "b", "c", "x", "len", "comm", "pid", "args", "let", "macro", "fn", "str", "bits", "next", "e", "data", "u32", "count",
         "size", "y", "z", "q", "w", "flags", "import", "count_", "_f", "kind", "map", "to")


@dataclasses.dataclass
class Member:
    """As it is written: `width` of a bit-field, `align` by an attribute. An unnamed bit-field has no name."""
    name: str
    kind: object
    width: object = None
    align: int = 0


def up(number, step):
    return (number + step - 1) // step * step


def lay_out(keyword, name, members, packed=False, aligned=0):
    bit = end = 0
    align, fields = max(1, aligned), []
    for member in members:
        own = max(1 if packed else alignment(member.kind), member.align)
        if keyword == "union":
            bit = 0
        if member.width is None:
            bit = up(bit, own * 8)
            size = sizeof(member.kind) * 8
        else:
            unit, size = sizeof(member.kind) * 8, member.width
            if size == 0 or not packed and bit // unit != (bit + size - 1) // unit:
                bit = up(bit, unit)
            if member.align:
                bit = up(bit, member.align * 8)
        if member.name or isinstance(member.kind, Struct):
            fields.append(StructField(member.name, member.kind, bit, member.width))
            align = max(align, own)
        bit += size
        end = max(end, bit)
    return Struct(keyword, name, tuple(fields), up((end + 7) // 8, align), align)


class Definitions:
    """Random structs and unions. `text` is what defines them."""

    def __init__(self, source, enums):
        self.random, self.enums, self.text, self.structs = source, enums, [], []
        for number in range(source.randrange(1, 4)):
            self.define(number)

    def chance(self, share):
        return self.random.random() < share

    def define(self, number):
        keyword = "union" if self.chance(0.15) else "struct"
        name = f"{'SU'[keyword == 'union']}{number}"
        names = list(NAMES)
        self.random.shuffle(names)
        packed, aligned = self.chance(0.2), self.random.choice([0] * 6 + [2, 8, 16])
        members, text = self.members(names, self.random.randrange(1, 6), 2, packed)
        attributes = [*(["packed"] if packed else []), *([f"aligned({aligned})"] if aligned else [])]
        before = attributes and self.chance(0.5)
        spelled = f" __attribute__(({', '.join(attributes)}))" if attributes else ""
        self.text.append(f"{keyword}{spelled if before else ''} {name} {{ {text} }}{'' if before else spelled};")
        self.structs.append(lay_out(keyword, name, members, packed, aligned))

    def members(self, names, count, depth, packed):
        out, text = [], []
        while not any(member.name or isinstance(member.kind, Struct) for member in out) or len(out) < count:
            member, spelled = self.member(names, depth, packed)
            out.append(member)
            text.append(spelled + ";")
        return out, " ".join(text)

    def member(self, names, depth, packed):
        roll = self.random.random()
        if depth and roll < 0.14:
            return self.inline(names, depth)
        if roll < 0.34:
            return self.bit_field(names, packed)
        name, kind = names.pop(), self.random.choice(INTEGERS)
        spelled = f"{self.random.choice(SPELLINGS[kind])} {name}"
        if roll < 0.44:
            kind, spelled = CharArray(count := self.random.choice([1, 3, 4, 8, 16])), f"char {name}[{count}]"
        elif roll < 0.56:
            counts = [self.random.randrange(1, 5) for _ in range(2 if self.chance(0.2) else 1)]
            spelled += "".join(f"[{count}]" for count in counts)
            for count in reversed(counts):
                kind = Array(kind, count)
        elif roll < 0.62:
            kind, spelled = Enumeration(enum := self.random.choice(list(self.enums))), f"enum {enum} {name}"
        elif roll < 0.78 and self.structs:
            inner = self.random.choice(self.structs)
            kind, spelled = inner, f"{inner.keyword} {inner.name} {name}"
            if self.chance(0.3):
                kind = Array(kind, count := self.random.randrange(1, 4))
                spelled += f"[{count}]"
        elif roll < 0.84:
            target = self.random.choice(self.structs) if self.structs and self.chance(0.5) else kind
            spelled = f"{target.keyword} {target.name} *{name}" if isinstance(target, Struct) else \
                f"{SPELLINGS[target][0]} *{name}"
            kind = Pointer(target)
        elif roll < 0.87:
            kind, spelled = Int(1, True), f"char {name}"
        align = self.random.choice([0] * 12 + [4, 8, 16])
        if align:
            spelled += f" __attribute__((aligned({align})))"
        return Member(name, kind, align=align), spelled

    def bit_field(self, names, packed):
        kind = self.random.choice(INTEGERS)
        bits = kind.size * 8
        width = self.random.randrange(1, bits + (not kind.signed))
        spelled = self.random.choice(SPELLINGS[kind])
        if self.chance(0.1):
            width = 0 if not packed and self.chance(0.4) else width
            return Member("", kind, width), f"{spelled} : {width}"
        name = names.pop()
        return Member(name, kind, width), f"{spelled} {name} : {width}"

    def inline(self, names, depth):
        """A struct or union defined within another; without a name its members are the outer one's."""
        keyword, anonymous = self.random.choice(["struct", "union"]), self.chance(0.6)
        members, text = self.members(names, self.random.randrange(1, 4), depth - 1, False)
        name = "" if anonymous else names.pop()
        kind = lay_out(keyword, f"<{names[-1]}>", members)
        return Member(name, kind), f"{keyword} {{ {text} }}" + (f" {name}" if name else "")
