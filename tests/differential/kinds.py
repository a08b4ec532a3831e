"""The language's types, as its description has them: promotion, conversion, size."""

import dataclasses

MASK = (1 << 64) - 1


class Reject(Exception):
    """The program is not one whose result the language description settles; `node` is the place, if known."""

    def __init__(self, why, node=None):
        super().__init__(why)
        self.node = node


@dataclasses.dataclass(frozen=True)
class Int:
    """`flexible`: the sign adapts to the other side (non-negative literals and what only they feed); None where the
    description does not say whether it does."""
    size: int
    signed: bool
    flexible: object = False

    def name(self):
        return f"{'' if self.signed else 'u'}int{self.size * 8}"


@dataclasses.dataclass(frozen=True)
class Bool:
    def name(self):
        return "bool"


@dataclasses.dataclass(frozen=True)
class Str:
    capacity: int  # with the closing NUL


@dataclasses.dataclass(frozen=True)
class Enum:
    enum: str


@dataclasses.dataclass(frozen=True)
class Tuple:
    items: tuple


@dataclasses.dataclass(frozen=True)
class Record:
    names: tuple
    items: tuple


@dataclasses.dataclass(frozen=True)
class Array:
    item: object
    count: int


@dataclasses.dataclass(frozen=True)
class Buffer:
    capacity: int


@dataclasses.dataclass(frozen=True)
class Inet:
    pass


@dataclasses.dataclass(frozen=True)
class CharArray:
    """`char[count]` in a C definition, read as a string."""
    count: int


@dataclasses.dataclass(frozen=True)
class Enumeration:
    """An enum in a C definition, of four bytes."""
    enum: str


@dataclasses.dataclass(frozen=True)
class Pointer:
    """`space` is "" for null and other numbers, which may be of any."""
    target: object
    space: str = dataclasses.field(default="", compare=False)


@dataclasses.dataclass(frozen=True)
class StructField:
    """`bit` counts from the begin of the struct; `width` is a bit-field's. Without a name its members are the struct's."""
    name: str
    kind: object
    bit: int
    width: object = None


@dataclasses.dataclass(frozen=True)
class Struct:
    keyword: str
    name: str
    fields: tuple
    size: int
    align: int

    def members(self, bit=0):
        """All fields that can be named, with their place in this struct."""
        for field in self.fields:
            if field.name:
                yield dataclasses.replace(field, bit=bit + field.bit)
            else:
                yield from field.kind.members(bit + field.bit)

    def field(self, name):
        return next((field for field in self.members() if field.name == name), None)


@dataclasses.dataclass(frozen=True)
class Aggregate:
    """A map's value made by `function`; parameters are hist's bits or lhist's bounds."""
    function: str
    signed: object
    parameters: tuple = ()


INT64, UINT64, BOOL = Int(8, True), Int(8, False), Bool()
INTEGERS = [Int(size, signed) for size in (1, 2, 4, 8) for signed in (True, False)]
READABLE = ("count", "sum", "min", "max", "avg")


def literal_type(value):
    if value < 0:
        return Int(next(size for size in (1, 2, 4, 8) if value >= -(1 << (size * 8 - 1))), True)
    if value > (1 << 63) - 1:
        return UINT64
    return Int(next(size for size in (1, 2, 4, 8) if value < 1 << (size * 8 - 1)), True, True)


def both_flexible(a, b):
    return True if a is True and b is True else False if a is False or b is False else None


def promote_ints(a, b):
    size = max(a.size, b.size)
    if a.signed == b.signed:
        return Int(size, a.signed, both_flexible(a.flexible, b.flexible))
    signed, unsigned = (a, b) if a.signed else (b, a)
    if signed.flexible is None:
        raise Reject("it is open whether this adapts its sign")
    if signed.flexible:
        return Int(size, False)
    if signed.size > unsigned.size:
        return Int(signed.size, True)
    return Int(size * 2, True) if size < 8 else INT64


def common_space(a, b):
    if a.space and b.space and a.space != b.space:
        raise Reject("pointers of two address spaces")
    return a.space or b.space


def promote(a, b):
    """The type that holds values of both."""
    if a == b:
        return dataclasses.replace(a, space=common_space(a, b)) if isinstance(a, Pointer) else a
    if isinstance(a, Aggregate) and isinstance(b, Aggregate) and (a.function, a.parameters) == (b.function, b.parameters):
        if None in (a.signed, b.signed):
            if False in (a.signed, b.signed):
                raise Reject("literals and unsigned values in one aggregation")
            return dataclasses.replace(a, signed=True)
        return dataclasses.replace(a, signed=a.signed or b.signed)
    if type(a) is not type(b):
        raise Reject(f"{a} and {b} do not promote")
    if isinstance(a, Int):
        return promote_ints(a, b)
    if isinstance(a, Str):
        return Str(max(a.capacity, b.capacity))
    if isinstance(a, Pointer):
        return Pointer(promote(a.target, b.target), common_space(a, b))
    if isinstance(a, Tuple) and len(a.items) == len(b.items):
        return Tuple(tuple(map(promote, a.items, b.items)))
    if isinstance(a, Record) and sorted(a.names) == sorted(b.names):
        return Record(a.names, tuple(promote(item, b.items[b.names.index(name)]) for name, item in zip(a.names, a.items)))
    raise Reject(f"{a} and {b} do not promote")


def wrap(value, kind):
    """An integer cut to the type's width and read by its sign."""
    bits = value & ((1 << kind.size * 8) - 1)
    return bits - (1 << kind.size * 8) if kind.signed and bits >> (kind.size * 8 - 1) else bits


def convert(value, source, target):
    if isinstance(target, Int):
        return wrap(int(value), target)
    if isinstance(target, Tuple):
        return tuple(map(convert, value, source.items, target.items))
    if isinstance(target, Record):
        places = [source.names.index(name) for name in target.names]
        return tuple(convert(value[place], source.items[place], item) for place, item in zip(places, target.items))
    if isinstance(target, Str):
        return value[:target.capacity]
    return value


def zero(kind):
    if isinstance(kind, (Tuple, Record)):
        return tuple(map(zero, kind.items))
    if isinstance(kind, Array):
        return (zero(kind.item),) * kind.count
    if isinstance(kind, (Str, Buffer)):
        return b""
    if isinstance(kind, Struct):
        return bytes(kind.size)
    if isinstance(kind, Bool):
        return False
    if isinstance(kind, Inet):
        raise Reject("a zero address has no family")
    return 0


def alignment(kind):
    if isinstance(kind, Int):
        return kind.size
    if isinstance(kind, (Enum, Pointer)):
        return 8
    if isinstance(kind, Enumeration):
        return 4
    if isinstance(kind, Struct):
        return kind.align
    if isinstance(kind, (Tuple, Record)):
        return max(map(alignment, kind.items))
    if isinstance(kind, Array):
        return alignment(kind.item)
    return 1


def sizeof(kind):
    if isinstance(kind, Int):
        return kind.size
    if isinstance(kind, Bool):
        return 1
    if isinstance(kind, (Enum, Pointer)):
        return 8
    if isinstance(kind, Enumeration):
        return 4
    if isinstance(kind, Struct):
        return kind.size
    if isinstance(kind, CharArray):
        return kind.count
    if isinstance(kind, Str):
        return kind.capacity
    if isinstance(kind, Array):
        return sizeof(kind.item) * kind.count
    if isinstance(kind, (Tuple, Record)):
        offset = 0
        for item in kind.items:
            align = alignment(item)
            offset = (offset + align - 1) // align * align + sizeof(item)
        align = alignment(kind)
        return (offset + align - 1) // align * align
    raise Reject(f"no size is given for {kind}")


def as_bytes(value, kind):
    """The bytes of an integer or of an array of integers or bools."""
    if isinstance(kind, Array):
        return b"".join(as_bytes(item, kind.item) for item in value)
    return (int(value) & ((1 << sizeof(kind) * 8) - 1)).to_bytes(sizeof(kind), "little")
