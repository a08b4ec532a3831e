"""What pointers point to, and values as the bytes they are in memory."""

import dataclasses

from kinds import Array, Bool, CharArray, Enum, Enumeration, Int, Pointer, Reject, Str, Struct, as_bytes, sizeof, wrap


@dataclasses.dataclass(frozen=True)
class Literal:
    """The bytes of a string; `number` tells two uses of it apart, which may have different addresses."""
    data: bytes
    number: int


@dataclasses.dataclass(frozen=True)
class Cell:
    """A variable. It is gone with its block: `life` says which one of its lives this is."""
    slot: object
    life: int

    def __hash__(self):
        return hash((id(self.slot), self.life))


@dataclasses.dataclass(frozen=True)
class Address:
    """Where it is nobody knows; other pointers are integers."""
    owner: object
    offset: int

    def __int__(self):
        raise Reject("the number of an address")

    def __bool__(self):
        return True


def access_type(kind):
    """The type that a C member of this kind has in an expression."""
    if isinstance(kind, CharArray):
        return Str(kind.count + 1)
    return Enum(kind.enum) if isinstance(kind, Enumeration) else kind


def field_type(field):
    """Bit-fields are unsigned."""
    return access_type(field.kind) if field.width is None else Int(field.kind.size, False)


def from_bytes(data, kind):
    """A value read from memory."""
    if isinstance(kind, Int):
        return wrap(int.from_bytes(data, "little"), kind)
    if isinstance(kind, (Enum, Enumeration, Pointer)):
        return int.from_bytes(data, "little")
    if isinstance(kind, CharArray):
        return data.split(b"\0")[0]
    if isinstance(kind, Bool):
        return bool(data[0])
    if isinstance(kind, Array):
        width = sizeof(kind.item)
        return tuple(from_bytes(data[at:at + width], kind.item) for at in range(0, len(data), width))
    if isinstance(kind, Struct):
        return bytes(data)
    raise Reject(f"{kind} in memory")


def to_bytes(value, kind):
    """As many bytes as are settled."""
    if isinstance(kind, Struct):
        return value
    if isinstance(kind, Str):
        return (value + b"\0")[:kind.capacity]
    if isinstance(kind, Array) and not isinstance(kind.item, (Int, Bool)):
        return b"".join(to_bytes(item, kind.item) for item in value)
    if isinstance(kind, (Int, Bool, Enum, Pointer, Array)):
        return as_bytes(value, kind)
    raise Reject(f"{kind} in memory")


def member(data, field):
    """A member of a struct's bytes."""
    if field.width is None:
        return from_bytes(data[field.bit // 8:field.bit // 8 + sizeof(field.kind)], field.kind)
    return int.from_bytes(data, "little") >> field.bit & ((1 << field.width) - 1)


class Memory:
    """The part of the machine that deals with pointers."""

    def read(self, pointer, kind, offset=0):
        """A value of this kind at `offset` from the pointer."""
        size = sizeof(kind)
        if not isinstance(pointer, Address):
            if (pointer + offset) >> 12:
                raise Reject("memory of others")
            return from_bytes(bytes(size), kind)
        owner, begin = pointer.owner, pointer.offset + offset
        if isinstance(owner, Literal):
            data = owner.data
        else:
            if owner.life != self.lives.get(owner.slot, 0):
                raise Reject("the variable is gone")
            value = self.held(owner.slot)
            if isinstance(owner.slot.type, Pointer) and isinstance(kind, Pointer) and begin == 0:
                return value
            data = to_bytes(value, owner.slot.type)
        if begin < 0 or begin + size > len(data):
            raise Reject("memory beside an object")
        return from_bytes(data[begin:begin + size], kind)

    def text_at(self, node):
        """str() of a pointer: what fits with a NUL, or as many bytes as there is room for."""
        pointer, limit = self.value(node.kids[0]), node.room
        if len(node.kids) > 1:
            count = self.value(node.kids[1])
            limit = min(count - 1, limit) if count <= limit else limit
        if not isinstance(pointer, Address):
            self.read(pointer, Int(1, True))
            return b""
        out = b""
        while len(out) < limit and (byte := self.read(pointer, Int(1, False), len(out))):
            out += bytes([byte])
        return out

    def leave(self, block):
        """The variables of a block end with it, or with a turn of it."""
        for slot in block.get("declared", ()):
            self.lives[slot] = self.lives.get(slot, 0) + 1

    def value_address(self, node):
        slot = node.kids[0].slot
        return Address(Cell(slot, self.lives.get(slot, 0)), 0)

    def value_user_memory(self, _):
        return Address(Literal(self.user_memory.ljust(512, b"\0"), -1), 0)

    def value_deref(self, node):
        return self.read(self.value(node.kids[0]), node.kids[0].type.target)

    def value_field(self, node):
        value, kind = self.value(node.kids[0]), node.kids[0].type
        while isinstance(kind, Pointer) and isinstance(kind.target, Pointer):
            value, kind = self.read(value, kind.target), kind.target
        if isinstance(kind, Struct):
            return member(value, kind.field(node.name))
        field = kind.target.field(node.name)
        if field.width is not None:
            return member(self.read(value, kind.target), field)
        return self.read(value, field.kind, field.bit // 8)

    def element(self, node, index):
        """Of a pointer."""
        target = node.kids[0].type.target
        return self.read(self.value(node.kids[0]), target, index * sizeof(target))

    def to_pointer(self, node):
        operand = node.kids[0]
        value = self.value(operand)
        if isinstance(value, Address):
            return value
        if isinstance(operand.type, Str):
            return Address(Literal(value.ljust(operand.type.capacity, b"\0"), next(self.numbers)), 0)
        return value if isinstance(operand.type, Pointer) else int(value) & (1 << 64) - 1

    @staticmethod
    def moved(operator, left, right):
        """Pointer arithmetic on (value, type) pairs."""
        if isinstance(right[1], Pointer):
            left, right = right, left
        pointer, kind = left
        distance = int(right[0]) * (1 if kind.target is None else sizeof(kind.target)) * (-1 if operator == "-" else 1)
        if isinstance(pointer, Address):
            return dataclasses.replace(pointer, offset=pointer.offset + distance)
        return (pointer + distance) & (1 << 64) - 1

    @staticmethod
    def ordered(a, b):
        """Two numbers that compare as these two do, one of which is a pointer."""
        if isinstance(a, Address) and isinstance(b, Address):
            if a.owner != b.owner:
                raise Reject("addresses of two objects")
            return a.offset + (1 << 32), b.offset + (1 << 32)
        if isinstance(a, Address) or isinstance(b, Address):
            number = int(b if isinstance(a, Address) else a)
            if not 0 <= number < 4096:
                raise Reject("an address and a number")
            return (1 << 32, number) if isinstance(a, Address) else (number, 1 << 32)
        return int(a) & (1 << 64) - 1, int(b) & (1 << 64) - 1
