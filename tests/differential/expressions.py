"""Random expressions of a wanted family, which is what a value is, apart from its width."""

import itertools

import imported
from generate_memory import Pointers
from kinds import BOOL, INTEGERS, Array, Enum, Int, Str
from layout import Definitions
from tree import Node

WORDS = [b"", b"a", b"ab", b"abc", b"hello", b"sonde", b"x y", b"(x)", b"needle in a haystack", b"%d", b"a,b", b"zz\tq",
         b"0123456789abcdef0123456789abcdef0123456789"]
EDGES = [0, 1, 2, 3, 7, 8, 100, 127, 128, 255, 256, 1000, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**32,
         2**63 - 1, 2**63, 2**64 - 1]
NAMES = ("a", "b", "c", "len", "if")


def option_text(value):
    return value.decode() if isinstance(value, bytes) else str(value).lower()


class Expressions(Pointers):
    def __init__(self, source, size, without=()):
        self.random, self.size, self.without = source, size, without
        self.sids, self.labels = itertools.count(1), itertools.count()
        self.enums = {"color": [("RED", 1), ("GREEN", 2), ("BLUE", 7)]}
        if source.random() < 0.5:
            self.enums["mode"] = [("OFF", 0), ("ON", 1)]
        self.definitions = Definitions(source, self.enums)
        self.structs = [] if "struct" in without else self.definitions.structs
        self.maps, self.macros, self.scopes = {}, [], []
        self.defines, self.calls_c = [], "import" not in without and self.chance(0.03)
        self.memory = b""  # of the program that a uprobe is in
        self.after = []  # statements that go with the one that is being made
        self.max_strlen = self.pick([1024] * 5 + [16, 64, 200, 3000])
        self.nesting = 0
        self.arguments, self.options, self.in_macro = [], [], False
        self.loops, self.in_for_map, self.pure, self.parameters = [], False, False, []

    # -- small choices ---------------------------------------------------------------------------------------------

    def chance(self, share):
        return self.random.random() < share

    def pick(self, options):
        return self.random.choice(list(options))

    def statement(self, op, *kids, **attributes):
        return Node(op, *kids, sid=next(self.sids), **attributes)

    def family(self, depth=2, key=False):
        """What a value is, apart from its width."""
        while (chosen := self.any_family(depth, key))[0] in self.without:
            pass
        return chosen

    def any_family(self, depth, key):
        roll = self.random.random()
        if self.structs and self.chance(0.06) and (kind := self.pick(self.structs)) and not (key and self.has_bits(kind)):
            return ("struct", kind)
        if depth and roll < 0.2:
            return ("tuple", tuple(self.family(depth - 1, key) for _ in range(self.random.randrange(1, 4))))
        if depth and roll < 0.28:
            count = self.random.randrange(1, 3)
            return ("record", NAMES[:count], tuple(self.family(depth - 1, key) for _ in range(count)))
        if roll < 0.62:
            return ("int",)
        if roll < 0.7:
            return ("bool",)
        if roll < 0.88:
            return ("str",)
        if roll < 0.94:
            return ("enum", self.pick(self.enums))
        return ("array", self.pick(INTEGERS + [BOOL]) if not key else self.pick(INTEGERS), self.pick([None, 4, 8]))

    # -- places that can be read -----------------------------------------------------------------------------------

    def variables(self):
        for scope in self.scopes:
            yield from scope.items()

    def parts(self, node, family, wanted):
        """`node` and its members as far as they are of the wanted family."""
        if family == wanted:
            yield node
        if family[0] == "tuple":
            for index, item in enumerate(family[1]):
                yield from self.parts(Node("member", node, name=index), item, wanted)
        elif family[0] == "record":
            for name, item in zip(family[1], family[2]):
                yield from self.parts(Node("member", node, name=name), item, wanted)
        elif family[0] in ("struct", "pointer", "carray"):
            yield from self.memory_parts(node, family, wanted)

    def sources(self, wanted, depth):
        found = []
        for name, (family, *_) in self.variables():
            found += self.parts(Node("var", name=name), family, wanted)
        for name, (key, family) in self.maps.items():
            if family[0] == "aggregate":
                if wanted == ("int",) and family[1] in ("count", "sum", "min", "max", "avg"):
                    found.append((name, key))
            elif self.contains(family, wanted):
                found.append((name, key, family))
        if not found:
            return None
        chosen = self.pick(found)
        if isinstance(chosen, Node):
            return chosen
        name, key, *family = chosen
        place = self.entry(name, key, depth)
        return place if not family else self.pick(self.parts(place, family[0], wanted))

    def contains(self, family, wanted):
        return any(True for _ in self.parts(Node("bool", value=True), family, wanted))

    def entry(self, name, key, depth):
        if key is None:
            return Node("map", name=name)
        if key[0] == "tuple" and len(key[1]) > 1 and self.chance(0.7):
            return Node("map", *[self.small(item, depth) for item in key[1]], name=name)
        return Node("map", self.small(key, depth), name=name)

    def small(self, family, depth=1):
        """A key: of few values, so that entries are found again."""
        if self.chance(0.3) and self.nesting < 3:
            self.nesting += 1
            made = self.expression(family, max(depth - 1, 0))
            self.nesting -= 1
            return made
        if family[0] == "int":
            value = Node("int", value=self.random.randrange(4))
            return Node("cast", value, kind=(kind := self.pick(INTEGERS)), kind_text=kind.name()) if self.chance(0.3) else value
        if family[0] == "str":
            return Node("str", value=self.pick(WORDS[:6]))
        if family[0] in ("tuple", "record"):
            return self.composite(family, 0, self.small)
        return getattr(self, "make_" + family[0])(family, 0)

    # -- expressions -----------------------------------------------------------------------------------------------

    def expression(self, family, depth):
        if self.parameters and self.chance(0.3):
            fitting = [name for name, kind in self.parameters if kind == family]
            if fitting:
                return Node("parameter", name=self.pick(fitting))
        if self.chance(0.35 if depth else 0.6):
            found = self.sources(family, depth)
            if found:
                return found
        if depth > 0 and self.chance(0.12):
            return self.choice(family, depth)
        return getattr(self, "make_" + family[0])(family, depth)

    def choice(self, family, depth):
        roll = self.random.random()
        left, right = (self.expression(family, depth - 1) for _ in range(2))
        condition = self.make_bool(("bool",), depth - 1)
        if roll < 0.5:
            return Node("cond", condition, left, right)
        if roll < 0.6 and family[0] == "int":
            return Node("elvis", left, right)
        if roll < 0.75:
            return self.block_value(family, depth)
        macro = self.macro_call(family, depth)
        if macro is not None and roll < 0.9:
            return macro
        return Node("if", condition, Node("block", left, yields=True), Node("block", right, yields=True))

    def block_value(self, family, depth):
        """A block that computes in variables of its own."""
        self.scopes.append({})
        pure, self.pure = self.pure, True
        statements = [self.declaration(depth - 1) for _ in range(self.random.randrange(1, 3))]
        value = self.expression(family, depth - 1)
        self.pure = pure
        self.scopes.pop()
        return Node("block", *statements, value, yields=True)

    def macro_call(self, family, depth):
        fitting = [macro for macro in self.macros if macro.family == family]
        if not fitting or self.nesting > 2:
            return None
        macro = self.pick(fitting)
        given = []
        for name, kind in zip(macro.parameters, macro.families):
            if kind == ("type",):
                given.append(Node("type_argument", kind=self.pick(INTEGERS)))
            elif name[0] == "@":
                alike = [held for held, shape in self.maps.items() if shape == kind]
                if not alike or self.pure and macro.writes:
                    return None
                given.append(Node("map_argument", name=self.pick(alike)))
            elif name[0] == "$":
                fitting = [variable for variable, (held, *flags) in self.variables() if held == kind and "fixed" not in flags
                           and "loop" not in flags]
                if not fitting or self.pure:
                    return None
                given.append(Node("var", name=self.pick(fitting)))
            else:
                given.append(self.expression(kind, depth - 1))
        return Node("macro_call", *given, name=macro.name)

    def positional(self, family):
        """A parameter of the command line, which is the literal that was passed, or an option of the script."""
        if self.chance(0.6) or self.in_macro:
            value = self.pick([5, 0, 300, 70000, 2**40, -3]) if family == ("int",) else self.pick(WORDS[1:5])
            self.arguments.append(value)
            place = f"${len(self.arguments)}"
            return Node("int", value=value, spelling=place) if family == ("int",) else Node("str", value=value, spelling=f"str({place})")
        usual = self.pick([0, 7, -7, 2**63]) if family == ("int",) else self.pick([True, False]) if family == ("bool",) else \
            self.pick(WORDS[:5])
        name = f"opt{len(self.options)}"
        passed = self.pick([3, 2**33] + ([-9] if usual < 0 else [])) if family == ("int",) else \
            not usual if family == ("bool",) else self.pick(WORDS)
        self.options.append((name, passed if self.chance(0.7) else None))
        return Node("call", Node("str", value=name.encode()), self.number(usual), name="getopt", room=self.max_strlen,
                    value=passed if self.options[-1][1] is not None else usual)

    @staticmethod
    def number(value):
        if isinstance(value, bytes):
            return Node("str", value=value)
        return Node("bool", value=value) if isinstance(value, bool) else Node("int", value=value)

    def literal(self):
        if self.chance(0.03):
            return self.positional(("int",))
        value = self.pick(EDGES) if self.chance(0.4) else self.random.randrange(200)
        roll = self.random.random()
        spelling = None
        if self.chance(0.02) and "define" not in self.without:
            return self.defined()
        if roll < 0.05:
            spelling = hex(value)
        elif roll < 0.1 and value:
            spelling = "0" + oct(value)[2:]
        elif roll < 0.13 and value >= 1000:
            spelling = f"{value:_}"
        elif roll < 0.16 and value < 2**63:
            spelling = f"{value}ll"
        elif roll < 0.18 and value < 2**31:
            spelling = f"{value}{self.pick(['u', 'ul', 'ull', 'l'])}"
        elif roll < 0.19:
            digit, zeros = self.random.randrange(1, 10), self.random.randrange(1, 10)
            return Node("int", value=digit * 10**zeros, spelling=f"{digit}{self.pick('eE')}{zeros}")
        elif roll < 0.21 and value <= 2**31:
            unit, scale = self.pick([("ns", 1), ("us", 1000), ("ms", 10**6), ("s", 10**9)])
            return Node("int", value=value * scale, spelling=f"{value}{unit}")
        node = Node("int", value=value, **({"spelling": spelling} if spelling else {}))
        return Node("unary", node, operator="-") if self.chance(0.15) and 0 < value <= 2**63 else node

    def defined(self):
        """A macro of C whose value is a literal, or an expression of some."""
        name, value = f"NUMBER{len(self.defines)}", self.random.randrange(200)
        text, value = self.pick([(str(value), value), (f"(-{value + 1})", -value - 1), (f"({value} + 0x10)", value + 16),
                                 (f"{value}ul", value)])
        self.defines.append((name, text))
        return Node("int", value=value, spelling=name)

    def make_int(self, _, depth):
        if depth <= 0:
            return self.literal()
        operand = lambda: self.expression(("int",), depth - 1)
        if self.structs and self.chance(0.12):
            return self.memory_number(depth)
        if self.calls_c and self.chance(0.1):
            name = self.pick(imported.FUNCTIONS)
            return Node("c_call", *[self.cast(operand(), self.pick(INTEGERS)) for _ in imported.FUNCTIONS[name][0]], name=name)
        form = self.pick(["arithmetic"] * 6 + ["shift", "cast", "cast", "cast", "unary", "truth", "text", "array", "member", "enum",
                          "size", "map", "table"])
        if form == "arithmetic":
            return Node("binary", operand(), operand(), operator=self.pick("+-*/%&|^"))
        if form == "shift":
            count = Node("int", value=self.random.randrange(64)) if self.chance(0.7) else \
                Node("binary", operand(), Node("int", value=63), operator="&")
            return Node("binary", operand(), count, operator=self.pick(["<<", ">>"]))
        if form == "unary":
            return Node("unary", operand(), operator=self.pick("-~"))
        kind = self.pick(INTEGERS)
        if form == "truth":
            return self.cast(self.expression(("bool",), depth - 1), kind)
        if form == "text":
            return self.text_number(depth)
        if form == "array":
            return self.array_number(depth, kind)
        if form == "member":
            family = ("tuple", (("int",), self.family(1))) if self.chance(0.6) else ("record", ("a",), (("int",),))
            inner = self.expression(family, depth - 1)
            if family[0] == "tuple":
                return Node("index", inner, Node("int", value=0)) if self.chance(0.3) else Node("member", inner, name=0)
            return Node("member", inner, name="a")
        if form == "enum" and form not in self.without:
            return self.cast(self.expression(("enum", self.pick(self.enums)), depth - 1), kind) if self.chance(0.5) else \
                Node("binary", self.expression(("enum", self.pick(self.enums)), 0), operand(), operator=self.pick("+-*&|"))
        if form == "size":
            return Node("call", self.cast(self.literal(), kind) if self.chance(0.5) else
                        self.composite(("tuple", (("int",), ("str",), ("bool",))), 0), name="sizeof")
        if form == "map":
            keyed = [name for name, (key, _) in self.maps.items() if key is not None]
            if keyed:
                return Node("map_call", name="len", map=self.pick(keyed))
        if form == "table":
            return Node("call", self.cast(operand(), kind), name="bswap")
        return self.cast(operand(), kind)

    @staticmethod
    def cast(node, kind):
        return Node("cast", node, kind=kind, kind_text=kind.name())

    def text_number(self, depth):
        text = lambda: self.expression(("str",), depth - 1)
        form = self.pick(["strlen", "strlen", "strstr", "strncmp", "index", "strcap", "memcmp"])
        if form in ("strncmp", "memcmp"):
            return Node("call", text(), text(), Node("int", value=self.random.randrange(1 if form == "memcmp" else 0, 6)), name=form)
        if form == "index":
            return Node("index", text(), Node("int", value=self.random.randrange(4)))
        return Node("call", *[text() for _ in range(2 if form == "strstr" else 1)], name=form)

    def array_number(self, depth, kind):
        item = self.pick(INTEGERS)
        if self.chance(0.1):
            whole = Node("cast", self.expression(("str",), depth - 1), kind=Array(Int(1, True), None), kind_text="int8[]")
            return Node("index", whole, Node("int", value=self.random.randrange(3)))
        if self.chance(0.4):
            index = Node("int", value=self.random.randrange(4)) if self.chance(0.6) else \
                Node("binary", self.cast(self.expression(("int",), depth - 1), self.pick([Int(8, False), Int(1, False)])),
                     Node("int", value=3), operator="&")
            return Node("index", self.expression(("array", item, 4 if item.size < 4 else None), depth - 1), index)
        if self.chance(0.3):
            return self.cast(Node("call", Node("str", value=b"10.1.2.200"), name="pton"), Int(4, self.chance(0.5)))
        count = self.pick([count for count in (1, 2, 4, 8) if count * item.size <= 8])
        size = count * item.size
        if size not in (1, 2, 4, 8):
            return self.literal()
        source = self.cast(self.expression(("int",), depth - 1), self.pick([kind for kind in INTEGERS if kind.size <= size]))
        whole = Node("cast", source, kind=Array(item, count), kind_text=f"{item.name()}[{count}]")
        return self.cast(whole, Int(size, self.chance(0.5)))

    def make_bool(self, _, depth):
        if depth > 0 and self.structs and self.chance(0.08):
            return self.pointer_truth(depth - 1)
        form = self.pick(["compare"] * 5 + ["and", "or", "not", "literal", "equal", "cast", "contains", "key"]) if depth > 0 else \
            self.pick(["literal", "compare"])
        if form == "literal":
            return self.positional(("bool",)) if self.chance(0.1) and not self.in_macro else Node("bool", value=self.chance(0.5))
        depth = max(depth - 1, 0)
        if form == "compare":
            return Node("binary", self.expression(("int",), depth), self.expression(("int",), depth),
                        operator=self.pick(["==", "!=", "<", "<=", ">", ">="]))
        if form == "equal":
            family = self.family()
            return Node("binary", self.expression(family, depth), self.expression(family, depth), operator=self.pick(["==", "!="]))
        if form in ("and", "or"):
            kinds = [self.pick([("bool",), ("bool",), ("int",)]) for _ in range(2)]
            return Node("binary", *[self.expression(kind, depth) for kind in kinds], operator="&&" if form == "and" else "||")
        if form == "not":
            return Node("unary", self.expression(self.pick([("bool",), ("int",)]), depth), operator="!")
        if form == "contains":
            return Node("call", self.expression(("str",), depth), self.expression(("str",), depth), name="strcontains")
        if form == "key":
            keyed = [(name, key) for name, (key, _) in self.maps.items() if key is not None]
            if keyed:
                name, key = self.pick(keyed)
                return Node("map_call", self.small(key), name="has_key", map=name)
        return self.cast(self.expression(self.pick([("int",), ("str",)]), depth), BOOL)

    def make_str(self, _, depth):
        if depth > 0 and self.structs and self.chance(0.1):
            return self.text_at(depth - 1)
        if depth > 0 and self.chance(0.2):
            if self.chance(0.3):
                name, number = self.pick([("strerror", self.random.randrange(6)), ("signal_name", 9), ("syscall_name", 257)])
                return Node("call", self.cast(Node("int", value=number), Int(4, True)), name=name)
            return Node("call", self.expression(("str",), depth - 1), self.expression(("str",), depth - 1), name="str_concat")
        word = Node("str", value=self.pick(WORDS))
        if self.chance(0.05):
            return self.positional(("str",))
        if self.chance(0.1):
            return Node("cast", word, kind=Str(64), kind_text="string[64]")
        if self.chance(0.1):
            return Node("call", word, Node("int", value=self.random.randrange(1, 5)), name="str")
        if self.chance(0.05):
            return Node("binary", word, Node("str", value=self.pick(WORDS)), operator="+")
        return word

    def make_enum(self, family, depth):
        if depth > 0 and self.chance(0.2):
            return Node("cast", self.expression(("int",), depth - 1), kind=Enum(family[1]), kind_text="enum " + family[1],
                        values=[value for _, value in self.enums[family[1]]])
        name, value = self.pick(self.enums[family[1]])
        return Node("enumerator", name=name, value=value, enum=family[1])

    def composite(self, family, depth, make=None):
        make = make or self.expression
        kids = [make(item, depth) for item in family[-1]]
        return Node("tuple", *kids) if family[0] == "tuple" else Node("record", *kids, names=family[1])

    def make_tuple(self, family, depth):
        return self.composite(family, max(depth - 1, 0))

    make_record = make_tuple

    def make_array(self, family, depth):
        _, item, count = family
        size = (count or 1) * (item.size if isinstance(item, Int) else 1)
        if count is None:
            size = 8
        if size > 8:
            item = Int(1, False)
            size = count
        name = item.name() + (f"[{count}]" if count else "[]")
        source = self.expression(("int",), depth - 1) if depth > 0 else self.literal()
        width = self.pick([kind for kind in INTEGERS if (kind.size <= size if count else kind.size == 8)])
        return Node("cast", self.cast(source, width), kind=Array(item, count), kind_text=name)
