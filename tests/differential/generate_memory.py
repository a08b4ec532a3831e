"""Random expressions of structs and pointers. Memory comes from the bytes of literals and from variables."""

from kinds import INTEGERS, Array, Bool, CharArray, Enumeration, Int, Pointer, Struct, sizeof
from tree import Node


def spelled(kind):
    """The type's name in the language."""
    if isinstance(kind, Pointer):
        return spelled(kind.target) + "*"
    if isinstance(kind, Array):
        return f"{spelled(kind.item)}[{kind.count}]"
    return f"{kind.keyword} {kind.name}" if isinstance(kind, Struct) else kind.name()


def can_be_named(kind):
    if isinstance(kind, Array):
        return isinstance(kind.item, (Int, Struct)) and can_be_named(kind.item)
    return isinstance(kind, (Int, Pointer)) or isinstance(kind, Struct) and kind.name[0] != "<"


def family_of(kind):
    if isinstance(kind, Int):
        return ("int",)
    if isinstance(kind, CharArray):
        return ("str",)
    if isinstance(kind, Enumeration):
        return ("enum", kind.enum)
    if isinstance(kind, Struct):
        return ("struct", kind)
    return ("pointer", kind.target) if isinstance(kind, Pointer) else ("bool",) if isinstance(kind, Bool) else ("carray", kind)


class Pointers:
    """Mixed into the generator of expressions."""

    @classmethod
    def has_bits(cls, kind):
        """Whether entries with such keys have an order that is hard to tell."""
        if isinstance(kind, Array):
            return cls.has_bits(kind.item)
        return isinstance(kind, Pointer) or isinstance(kind, Struct) and any(
            field.width is not None or cls.has_bits(field.kind) for field in kind.members())

    def target_kind(self):
        roll = self.random.random()
        if roll < 0.6:
            return self.pick(self.structs)
        if roll < 0.92:
            return self.pick(INTEGERS)
        return Array(self.pick(INTEGERS), self.random.randrange(1, 5))

    # -- places ----------------------------------------------------------------------------------------------------

    def memory_parts(self, node, family, wanted):
        """What can be read from a struct, an array of C or through a pointer."""
        if family[0] == "struct":
            for field in family[1].members():
                yield from self.parts(Node("field", node, name=field.name), family_of(field.kind), wanted)
        elif family[0] == "carray":
            yield from self.parts(self.element(node, family[1].count), family_of(family[1].item), wanted)
        elif isinstance(family[1], Struct):
            for field in family[1].members():
                place = Node("field", node, name=field.name, arrow=self.pick([".", "->"]))
                yield from self.parts(place, family_of(field.kind), wanted) if not isinstance(field.kind, Pointer) else \
                    [place] if wanted == ("pointer", field.kind.target) else ()
            if wanted == family_of(family[1]):
                yield Node("deref", node)
        elif wanted == family_of(family[1]):
            yield Node("index", node, Node("int", value=self.random.randrange(2))) if self.chance(0.3) or \
                isinstance(family[1], Array) else Node("deref", node)

    def element(self, node, count):
        index = Node("int", value=self.random.randrange(count))
        if self.chance(0.3):
            wide = self.cast(self.expression(("int",), 0), self.pick([kind for kind in INTEGERS if not kind.signed]))
            index = Node("binary", wide, Node("int", value=count), operator="%")
        return Node("index", node, index)

    # -- expressions -----------------------------------------------------------------------------------------------

    def content(self, kind):
        """Bytes for memory of this kind."""
        size = sizeof(kind) * self.random.randrange(1, 3) + self.random.randrange(2)
        style = self.random.random()
        if style < 0.15:
            return bytes(size)
        if style < 0.3:
            return bytes(self.random.choice(b"abcxyz\0") for _ in range(size))
        return bytes(self.random.choice([0, 1, 2, 7, 127, 128, 255]) if self.chance(0.4) else self.random.randrange(256)
                     for _ in range(size))

    def to_pointer(self, node, kind):
        return Node("cast", node, kind=Pointer(kind), kind_text=spelled(kind) + "*")

    def make_pointer(self, family, depth):
        kind = family[1]
        if not can_be_named(kind):
            return self.null(kind)
        roll = self.random.random()
        if depth > 0 and roll < 0.15:
            return self.moved(self.expression(family, depth - 1))
        if depth > 0 and roll < 0.25:
            return self.choice(family, depth)
        if self.memory and roll < 0.8 and any(name == "memory" for name, _ in self.variables()):
            place = self.to_pointer(Node("var", name="memory"), kind)
            return Node("binary", place, Node("int", value=self.random.randrange(4)), operator="+") if self.chance(0.3) else place
        if roll < 0.55 and (place := self.address(kind)):
            return place
        if roll < 0.65:
            return self.null(kind)
        return self.to_pointer(Node("str", value=self.content(kind)), kind)

    def null(self, kind):
        return self.to_pointer(Node("int", value=self.pick([0, 0, 0, 8, 4000, 2**40])), kind)

    def address(self, kind):
        """Of a variable, which is seen as what the pointer is to."""
        found = [name for name, (held, *flags) in self.variables() if "loop" not in flags and "parameter" not in flags and
                 (held == family_of(kind) or held == ("int",) and sizeof(kind) <= 8 or
                  held[0] == "struct" and held[1].size >= sizeof(kind))]
        if not found or self.in_macro:
            return None
        name = self.pick(found)
        exact = next(held for place, (held, *_) in self.variables() if place == name) == family_of(kind) and isinstance(kind, Struct)
        place = Node("address", Node("var", name=name))
        return place if exact and self.chance(0.7) else self.to_pointer(place, kind)

    def moved(self, pointer):
        step = Node("int", value=self.random.randrange(3)) if self.chance(0.6) else \
            Node("binary", self.cast(self.expression(("int",), 0), self.pick(INTEGERS)), Node("int", value=1), operator="&")
        if self.chance(0.2):
            return Node("binary", step, pointer, operator="+")
        return Node("binary", pointer, step, operator=self.pick("++-"))

    def make_struct(self, family, depth):
        pointer = self.expression(("pointer", family[1]), depth - 1)
        return Node("deref", pointer) if self.chance(0.7) else Node("index", pointer, Node("int", value=0))

    def make_carray(self, family, depth):
        return Node("index", self.expression(("pointer", family[1]), depth - 1), Node("int", value=0))

    def memory_number(self, depth):
        """Read through a pointer, or a size."""
        if self.chance(0.15):
            return self.size_or_offset()
        kind = self.target_kind()
        found = list(self.parts(self.expression(("pointer", kind), depth - 1), ("pointer", kind), ("int",)))
        return self.pick(found) if found else self.literal()

    def size_or_offset(self):
        kind = self.pick(self.structs)
        fields = [field for field in kind.members() if field.width is None]
        if fields and self.chance(0.5):
            field = self.pick(fields)
            return Node("offsetof", name=spelled(kind), path=field.name, value=field.bit // 8)
        return Node("sizeof", name=spelled(kind), value=kind.size)

    def pointer_truth(self, depth):
        family = ("pointer", self.target_kind())
        left = self.expression(family, depth)
        roll = self.random.random()
        if roll < 0.2:
            return self.cast(left, Bool())
        right = Node("int", value=self.random.randrange(3)) if roll < 0.5 else \
            self.moved(left.copy()) if roll < 0.8 else self.expression(family, depth)
        return Node("binary", left, right, operator=self.pick(["==", "!=", "<", "<=", ">", ">="]))

    def text_at(self, depth):
        pointer = self.expression(("pointer", self.pick([Int(1, True), Int(1, False), self.target_kind()])), depth)
        length = []
        if self.chance(0.4):
            length = [Node("int", value=self.pick([1, 2, 5, 15, 16, 17, 64, 2000]))]
        elif self.chance(0.3):
            length = [self.cast(self.small(("int",), depth), self.pick([kind for kind in INTEGERS if not kind.signed]))]
        return Node("call", pointer, *length, name="str", room=self.max_strlen)

    def user_memory(self, statements):
        """`arg0` is not there in loops, this variable is."""
        self.scopes[0]["memory"] = (("pointer", Int(1, False)), "loop")
        return [self.statement("assign", Node("var", name="memory"), self.to_pointer(Node("user_memory"), Int(1, False))),
                *statements()]

    # -- statements ------------------------------------------------------------------------------------------------

    def pointer_moves(self):
        """A pointer that goes on by an element."""
        found = [name for name, (held, *flags) in self.variables() if held[0] == "pointer" and not flags]
        if not found:
            return None
        place = Node("var", name=self.pick(found))
        if self.chance(0.4):
            return self.statement("update", place, Node("int", value=self.random.randrange(3)), operator=self.pick("+-"))
        return self.statement("do", Node("step", place, operator=self.pick(["++", "--"]), prefix=self.chance(0.5), alone=True))
