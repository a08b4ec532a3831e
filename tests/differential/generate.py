"""Random programs. What the description does not settle is taken out again by `repaired`."""

import itertools

from evaluate import expected
from expressions import WORDS, Expressions, option_text
from generate_memory import can_be_named, spelled
from kinds import BOOL, INTEGERS, Array, Enum, Int, Pointer, Reject, Str, sizeof
from tree import Node


class Generator(Expressions):
    # -- statements ------------------------------------------------------------------------------------------------

    def fresh_name(self):
        used = {name for name, _ in self.variables()}
        return next(name for name in (f"{self.pick('abcdefgh')}{self.random.randrange(8)}" for _ in itertools.count())
                    if name not in used)

    def declaration(self, depth):
        family, name = self.family(), self.fresh_name()
        if self.structs and self.chance(0.2):
            family = ("pointer", self.target_kind())
        roll = self.random.random()
        flags = []
        if roll < 0.15 and (declared := self.declared_type(family)):
            kind, written = declared
            value = [self.expression(family, depth)] if self.chance(0.8) else []
            node = self.statement("let", Node("var", name=name), *value, fixed=kind, kind_text=written)
            flags = ["fixed"]
        elif roll < 0.17 and not self.pure:
            node = self.statement("let", Node("var", name=name))
            self.after.append(self.statement("assign", Node("var", name=name), self.expression(family, depth)))
        elif roll < 0.25:
            node = self.statement("let", Node("var", name=name), self.expression(family, depth))
        elif roll < 0.3 and family[0] == "str":
            node = self.statement("let", Node("var", name=name), self.expression(family, depth), kind_text="string")
        else:
            node = self.statement("assign", Node("var", name=name), self.expression(family, depth))
        self.scopes[-1][name] = (family, *flags)
        return node

    def declared_type(self, family):
        """(type, its text) for a declaration, or None."""
        if family[0] == "str":
            kind = Str(self.pick([8, 16, 64]))
            return kind, f"string[{kind.capacity}]"
        if family[0] == "enum":
            return Enum(family[1]), "enum " + family[1]
        if family[0] not in ("int", "bool", "array", "struct", "pointer") or family[0] == "array" and not family[2]:
            return None
        kind = {"int": lambda: self.pick(INTEGERS), "bool": lambda: BOOL, "array": lambda: Array(*family[1:]),
                "struct": lambda: family[1], "pointer": lambda: Pointer(family[1])}[family[0]]()
        if not can_be_named(kind.target if isinstance(kind, Pointer) else kind) and kind != BOOL:
            return None
        written = spelled(kind)
        if self.chance(0.2):
            written = f"typeof({written})" if not isinstance(kind, Int) else f"typeof(({written})1)"
        return kind, written

    def target(self, family=None):
        """(place, family) of something that can be assigned, of this family if one is given."""
        found = [(Node("var", name=name), held) for name, (held, *flags) in self.variables()
                 if "loop" not in flags and family in (None, held)]
        if not self.in_for_map:
            found += [(self.entry(name, key, 1), held) for name, (key, held) in self.maps.items()
                      if held[0] != "aggregate" and family in (None, held)]
        return self.pick(found) if found else None

    def simple(self, depth):
        form = self.pick(["declare"] * 3 + ["assign"] * 4 + ["update"] * 2 + ["step"] * 2 + ["aggregate"] * 3 + ["print"] * 5
                         + ["printf"] * 3 + ["map"] * 2 + ["macro", "discard", "stepped"])
        target = self.target(("int",) if form in ("update", "step", "stepped") else None)
        if form == "assign" and target:
            return self.statement("assign", target[0], self.expression(target[1], depth))
        if form == "update" and target:
            operator = self.pick(["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"])
            value = Node("int", value=self.random.randrange(20)) if operator in ("<<", ">>") else self.expression(("int",), depth)
            return self.statement("update", target[0], value, operator=operator)
        if form in ("step", "stepped") and target:
            step = Node("step", target[0], operator=self.pick(["++", "--"]), prefix=self.chance(0.5))
            if form == "stepped":
                return self.statement("print", step)
            step.alone = True
            return self.statement("do", step)
        if form == "aggregate":
            return self.aggregation(depth) or self.declaration(depth)
        if form == "step" and self.structs and self.chance(0.3) and (moved := self.pointer_moves()):
            return moved
        if form == "printf":
            return self.printf(depth)
        if form == "map":
            return self.map_statement(depth) or self.declaration(depth)
        if form == "macro":
            call = self.macro_call(None, depth)
            return self.statement("do", call) if call else self.declaration(depth)
        if form == "discard":
            return self.statement("discard", self.expression(self.family(), depth))
        if form == "print":
            if self.chance(0.1):
                buffer = Node("call", Node("str", value=b"he\x01\xffz"), Node("int", value=self.random.randrange(1, 6)), name="buf")
                return self.statement("print", buffer)
            if self.chance(0.05):
                return self.statement("print", Node("call", self.cast(self.expression(("int",), depth), Int(4, False)), name="ntop"))
            value = self.expression(self.family(3), depth)
            return self.shown(value)
        return self.declaration(depth)

    def shown(self, value):
        """print() of a value, which a map's bare name is not."""
        return self.statement("print", Node("tuple", value) if value.op == "map" and not value.kids else value)

    def printf(self, depth):
        """With a newline at its end, so that what differs is found by line."""
        parts, values = [b"%d" % next(self.labels)], []
        for _ in range(self.random.randrange(1, 4)):
            family = self.family()
            conversion, value = "s", self.expression(family, depth)
            flags = self.pick(["", "-"]) + self.pick(["", "+"]) + self.pick(["", " "]) + self.pick(["", "#"]) + self.pick(["", "0"]) \
                if self.chance(0.3) else ""
            width = self.pick(["", "", "3", "12", "20"])
            if family[0] in ("int", "enum") and self.chance(0.8):
                conversion = self.pick("diuxXocp")
                if conversion == "c":
                    value = Node("binary", Node("int", value=65), Node("binary", value, Node("int", value=15), operator="&"), operator="+")
                elif conversion != "p":
                    conversion = self.pick(["", "hh", "h", "l", "ll", "j", "z"]) + conversion
            elif family[0] == "bool" and self.chance(0.5):
                conversion = self.pick("dux")
            elif self.chance(0.1):
                conversion = self.pick(["r", "rx", "rh"])
                value = Node("call", Node("str", value=b"q\x02\xfe!"), Node("int", value=self.random.randrange(1, 5)), name="buf")
            if conversion in ("r", "rx", "rh", "s", "c", "p"):
                flags = flags.replace("+", "").replace("#", "").replace(" ", "")
            parts.append(f"%{flags}{width}{conversion}".encode())
            values.append(value)
        return self.statement("printf", *values, format=self.pick([b" ", b"|", b" %% "]).join(parts) + b"\n")

    def aggregation(self, depth, only=None):
        found = [(name, key, family) for name, (key, family) in self.maps.items()
                 if family[0] == "aggregate" and only in (None, name)]
        if not found or self.in_for_map:
            return None
        name, key, (_, function, signed, parameters) = self.pick(found)
        kids = []
        if function != "count":
            value = self.expression(("int",), depth)
            if function == "lhist":
                value = Node("binary", self.cast(value, Int(1, True)), Node("int", value=self.random.randrange(3)), operator="*")
            elif signed is not None:
                value = self.cast(value, self.pick([kind for kind in INTEGERS if kind.signed == signed]))
            kids = [value, *[Node("int", value=number) for number in parameters]]
        return self.statement("assign", self.entry(name, key, 1), Node("aggregate", *kids, name=function))

    def map_statement(self, depth):
        keyed = [(name, key, family) for name, (key, family) in self.maps.items() if key is not None]
        if not keyed or self.in_for_map:
            return None
        name, key, family = self.pick(keyed)
        form = self.pick(["delete", "delete", "find", "print", "scalar"])
        if form == "find":
            fitting = [variable for variable, (held, *flags) in self.variables() if held == family and not flags]
            if fitting:
                call = Node("map_call", self.small(key), Node("var", name=self.pick(fitting)), name="find", map=name)
                return self.statement("print", call)
        if form == "print" and family[0] != "aggregate":
            return self.statement("print", self.entry(name, key, depth))
        scalars = [name for name, (key, family) in self.maps.items() if key is None and family[0] != "aggregate"]
        if form == "scalar" and scalars:
            return self.statement("print", Node("map_call", name="delete", map=self.pick(scalars)))
        call = Node("map_call", self.small(key), name="delete", map=name, old=self.chance(0.15))
        return self.statement("print" if self.chance(0.7) else "discard", call)

    def block(self, count, depth):
        self.scopes.append({})
        statements = self.statements(count, depth)
        self.scopes.pop()
        return Node("block", *statements)

    def statements(self, count, depth):
        out = []
        for _ in range(count):
            out.append(self.compound(depth) if depth > 0 and self.chance(0.22) else self.simple(self.random.randrange(1, 4)))
            out += self.after
            self.after = []
        return out

    def compound(self, depth):
        if self.chance(0.06):
            return self.settled_choice(depth)
        form = self.pick(["if"] * 3 + ["block", "for_range", "for_range", "for_map", "for_map", "for_delete", "while", "unroll"])
        count = self.random.randrange(1, 5)
        if self.chance(0.06) and not self.in_for_map:
            leave = self.statement("return", *([self.expression(("int",), 1)] if not self.loops and self.chance(0.5) else []))
            return self.statement("if", self.expression(("bool",), 2), Node("block", leave))
        if form == "if":
            kids = [self.expression(self.pick([("bool",), ("bool",), ("int",)]), 2), self.block(count, depth - 1)]
            if self.chance(0.5):
                kids.append(self.block(count, depth - 1))
            return self.statement("if", *kids)
        if form == "block":
            return self.statement("block", *self.block(count, depth - 1).kids)
        if form == "unroll":
            loops, self.loops = self.loops, []
            node = self.statement("unroll", self.block(count, depth - 1), times=self.random.randrange(1, 4))
            self.loops = loops
            return node
        return getattr(self, "make_" + form)(count, depth)

    def settled_choice(self, depth):
        """Of an `if comptime` one branch is dropped, whatever it is."""
        taken = self.block(self.random.randrange(1, 4), depth - 1)
        kind = self.pick(self.structs) if self.structs else Int(4, True)
        holds, fails = self.pick([
            (f"sizeof({spelled(kind)}) == {sizeof(kind)}", f"sizeof({spelled(kind)}) > {sizeof(kind)}"), ('is_str("a")', "is_str(1)"),
            ("is_integer(5 + 1)", "is_integer(true)"), ("is_ptr((int8*)0)", "is_ptr(0)"), ("1 + 1 == 2", '"a" == "b"'),
            ("is_array((int8[4])(uint32)5)", 'is_array("abc")'), ("is_unsigned_integer((uint8)5)", "is_unsigned_integer(5)"),
            ("is_literal((1, 2))", "!is_literal(1)")])
        names = [f"@{name}" for name, (key, family) in self.maps.items() if key is None and family[0] != "aggregate"]
        junk = self.pick(['print("a" - 1);', 'print((1, 2).5);', '$unlike = 1; $unlike = "a";', "", *(
            f'{name} = (1, "{name}", (true, 2));' for name in names * (not self.in_macro))])
        first = self.chance(0.5)
        return self.statement("comptime", taken, condition=holds if first else fails, junk=junk, first=first)

    def loop_body(self, count, depth, variable=None, family=None):
        self.scopes.append({variable: (family, "loop")} if variable else {})
        self.loops.append(True)
        node = self.block(count, depth)
        if self.chance(0.3) and not self.in_for_map:
            leave = self.statement(self.pick(["break", "continue", "continue", "return"]))
            node.kids.insert(self.random.randrange(len(node.kids) + 1),
                             self.statement("if", self.expression(("bool",), 2), Node("block", leave)))
        self.loops.pop()
        self.scopes.pop()
        return node

    def make_for_range(self, count, depth):
        variable = self.fresh_name()
        ends = [Node("int", value=self.random.randrange(0, 3)), Node("int", value=self.random.randrange(2, 7))]
        if self.chance(0.3):
            ends[1] = Node("binary", self.cast(self.expression(("int",), 1), self.pick(INTEGERS)), Node("int", value=7), operator="&")
        if self.chance(0.2):
            ends[0] = Node("unary", Node("int", value=2), operator="-")
        return self.statement("for_range", Node("var", name=variable), *ends,
                              self.loop_body(count, depth - 1, variable, ("int",)))

    def make_while(self, count, depth):
        variable = self.fresh_name()
        self.scopes.append({variable: (("int",), "loop")})
        counter = Node("var", name=variable)
        body = self.loop_body(count, depth - 1)
        body.kids.insert(0, self.statement("do", Node("step", counter, operator="++", prefix=False)))
        self.scopes.pop()
        loop = self.statement("while", Node("binary", counter, Node("int", value=self.random.randrange(1, 5)), operator="<"), body)
        return self.statement("block", self.statement("assign", counter, Node("int", value=0)), loop)

    def make_for_map(self, count, depth):
        """What its body does has to be the same in any order."""
        keyed = [(name, key, family) for name, (key, family) in self.maps.items()
                 if key is not None and (family[0] != "aggregate" or family[1] in ("count", "sum", "min", "max", "avg"))]
        if not keyed or self.in_for_map:
            return self.simple(2)
        name, key, family = self.pick(keyed)
        variable = self.fresh_name()
        value = ("int",) if family[0] == "aggregate" else family
        pair = ("tuple", (key, value))
        totals = [place for place, (held, *flags) in self.variables() if held == ("int",) and not flags]
        outer, self.scopes = self.scopes, [*self.scopes, {variable: (pair, "loop")}]
        self.in_for_map, self.pure = True, True
        statements = [self.declaration(2) for _ in range(self.random.randrange(2))]
        printed = Node("var", name=variable) if self.chance(0.4) else self.expression(self.pick([("int",), ("str",), key, value]), 2)
        statements.append(self.statement("printf", printed, format=b"~%d %%s\n" % next(self.labels)))
        seen = {node.name for statement in statements for node in statement.walk() if node.op == "var"}
        if totals := [place for place in totals if place not in seen]:
            statements.append(self.statement("update", Node("var", name=self.pick(totals)), self.own(variable, pair), operator="+"))
        self.in_for_map, self.pure, self.scopes = False, False, outer
        return self.statement("for_map", Node("var", name=variable), Node("block", *statements), name=name)

    def make_for_delete(self, _, __):
        """A loop that empties its map, in whatever order."""
        keyed = [name for name, (key, family) in self.maps.items()
                 if key is not None and (family[0] != "aggregate" or family[1] in ("count", "sum", "min", "max", "avg"))]
        if not keyed or self.in_for_map:
            return self.simple(2)
        name, variable = self.pick(keyed), self.fresh_name()
        pair = Node("var", name=variable)
        shown = self.statement("printf", pair, format=b"~%d %%s\n" % next(self.labels))
        gone = self.statement("discard", Node("map_call", Node("member", pair.copy(), name=0), name="delete", map=name))
        return self.statement("for_map", pair.copy(), Node("block", shown, gone), name=name)

    def own(self, variable, pair):
        """A number of the entry that a loop is at."""
        found = list(self.parts(Node("var", name=variable), pair, ("int",)))
        return self.pick(found) if found else Node("int", value=1)

    # -- programs --------------------------------------------------------------------------------------------------

    def make_maps(self):
        for number in range(self.random.randrange(3, 8)):
            name = f"{self.pick('mMz_')}{number}"
            key = self.family(2, key=True) if self.chance(0.6) else None
            if self.chance(0.35):
                function = self.pick(["count", "sum", "min", "max", "avg", "stats", "hist", "lhist"])
                parameters = (self.random.randrange(4),) if function == "hist" and self.chance(0.5) else \
                    self.pick([(0, 10, 2), (0, 100, 10), (5, 10, 1), (0, 10, 3), (0, 4096, 1024)]) if function == "lhist" else ()
                self.maps[name] = (key, ("aggregate", function, self.pick([True, False, None]), parameters))
            else:
                self.maps[name] = (key, self.family())

    def make_macros(self):
        """Macros may call those before them; several of one name differ in how much they take."""
        for number in range(self.random.randrange(4)):
            families = [self.family(1) for _ in range(self.random.randrange(3))]
            names = [f"p{index}" if self.chance(0.7) else f"$p{index}" for index in range(len(families))]
            shapes = [shape for shape in self.maps.values() if shape[1][0] != "aggregate"]
            if shapes and self.chance(0.35):
                names.append("@pm")
                families.append(self.pick(shapes))
            name = f"mac{number}"
            if self.macros and self.chance(0.4) and all(len(macro.parameters) != len(names) for macro in self.macros
                                                        if macro.name == self.macros[-1].name):
                name = self.macros[-1].name
            self.macros.append(self.macro(name, names, families))
        if self.chance(0.3):
            self.macros.append(self.typed_macro())
        if "import" not in self.without and self.chance(0.15):
            for macro in self.macros:
                macro.imported = self.chance(0.5)

    def typed_macro(self):
        """One that takes a type."""
        value, local = Node("parameter", name="p0"), Node("var", name="x")
        body = self.pick([
            [Node("sizeof", name="t", kind_parameter="t")], [Node("cast", value, kind_text="t", kind_parameter="t")],
            [self.statement("let", local, value, kind_text="t", kind_parameter="t"), local.copy()]])
        if body[0].op == "sizeof":
            body = [Node("binary", value, body[0], operator="*")]
        return Node("macro", Node("block", *body, yields=True), name="typed", parameters=["t", "p0"],
                    families=[("type",), ("int",)], family=("int",), writes=False)

    def macro(self, name, names, families):
        outer, maps = self.scopes, self.maps
        self.maps = {"pm": families[-1]} if names and names[-1][0] == "@" else {}
        self.scopes = [{name[1:]: (family, "parameter") for name, family in zip(names, families) if name[0] == "$"}]
        self.parameters = [(name, family) for name, family in zip(names, families) if name[0] not in "$@"]
        self.pure = self.in_macro = True
        result = self.family(1) if self.chance(0.8) else None
        statements = [self.declaration(2) for _ in range(self.random.randrange(3))]
        for parameter, family in zip(names, families):
            if parameter[0] == "$" and self.chance(0.5):
                statements.append(self.statement("assign", Node("var", name=parameter[1:]), self.expression(family, 1)))
        writes = bool(self.maps) and self.chance(0.5)
        if writes:
            key, family = self.maps["pm"]
            statements.append(self.statement("assign", self.entry("pm", key, 1), self.expression(family, 1)))
        body = Node("block", *statements, *([self.expression(result, 2)] if result else []), yields=bool(result))
        if not result:
            body.kids.append(self.shown(self.expression(("int",), 2)))
        self.pure = self.in_macro = False
        self.parameters, self.scopes, self.maps = [], outer, maps
        return Node("macro", body, name=name, parameters=names, families=families, family=result, writes=writes)

    def closing(self):
        """What the end probe does at last: whole maps, which are printed as they are when user space gets to them."""
        out = []
        for name, (key, family) in self.maps.items():
            numbers = ()
            if self.chance(0.2) and (family == ("int",) or family[0] == "aggregate" and family[1] in ("count", "sum", "hist")):
                numbers = self.pick([(2,), (0, 10), (1, 3)])
            if self.chance(0.7):
                out.append(self.statement("map_call", name="print", map=name, numbers=numbers))
            if self.chance(0.15):
                out.append(self.statement("map_call", name=self.pick(["clear", "zero"]), map=name))
                out.append(self.statement("map_call", name="print", map=name))
        self.random.shuffle(out)
        if self.chance(0.3):
            out.append(self.statement("exit", *([self.expression(("int",), 1)] if self.chance(0.7) else [])))
        return out

    def opening(self):
        """What the first probe does at first: nearly every map gets an entry, and with it a type."""
        self.scopes = [{}]
        for name, (key, family) in self.maps.items():
            if self.chance(0.95):
                if family[0] == "aggregate":
                    yield self.aggregation(1, name)
                else:
                    yield self.statement("assign", self.entry(name, key, 0), self.expression(family, 0))

    def probe(self, attach, count, closing=(), predicate=None):
        self.scopes = [{}]
        predicates = [predicate] if predicate else [self.make_bool(("bool",), 2)] if self.chance(0.15) else []
        if not predicate:
            self.scopes = [{}]
        return Node("probe", *predicates, Node("block", *self.statements(count, 3), *closing), attach=attach)

    def program(self):
        self.make_maps()
        self.make_macros()
        opening = list(self.opening())
        probes = [self.probe("begin", self.random.randrange(1, self.size)) for _ in range(self.random.randrange(1, 4))]
        probes[0].kids[-1].kids[:0] = opening
        if self.chance(0.25):
            once = Node("binary", Node("map", name="once"), Node("int", value=0), operator="==")
            probe = self.probe("interval:ms:1", self.random.randrange(1, self.size), predicate=once)
            mark = self.statement("assign", Node("map", name="once"), Node("int", value=1))
            probe.kids[-1].kids = [mark, *probe.kids[-1].kids, self.statement("exit")]
            probe.kept = (mark.sid, probe.kids[-1].kids[-1].sid)
            probes.append(probe)
        elif self.structs and self.chance(0.1):
            self.memory = self.content(self.pick(self.structs)) + self.content(self.pick(self.structs))
            self.scopes = [{}]
            statements = self.user_memory(lambda: self.statements(self.random.randrange(1, self.size), 3))
            probes.append(Node("probe", Node("block", *statements), attach="uprobe:{memory}:visit"))
        probes.append(self.probe("end", self.random.randrange(1, self.size), self.closing()))
        program = Node("program", *self.macros, *probes)
        program.arguments = [value.decode() if isinstance(value, bytes) else str(value) for value in self.arguments]
        program.options = [(name, option_text(value)) for name, value in self.options if value is not None]
        program.enums, program.declarations, program.config = {} if "enum" in self.without else self.enums, {}, {}
        program.memory, program.defines = self.memory, self.defines
        program.structs = self.definitions.text if self.structs else []
        for name, (key, family) in self.maps.items():
            if key is not None and self.chance(0.15):
                program.declarations[name] = "percpuhash(300)" if family[0] == "aggregate" else self.pick(["hash(300)", "lruhash(2000)"])
        for name, (key, family) in self.maps.items():
            if key is not None and self.chance(0.05):
                program.declarations[name] = f"{'percpuhash' if family[0] == 'aggregate' else 'hash'}({self.random.randrange(1, 4)})"
        if self.max_strlen != 1024:
            program.config["max_strlen"] = self.max_strlen
        if self.chance(0.1):
            program.config["str_trunc_trailer"] = self.pick(['"<T>"', '""', '"..."'])
        if self.chance(0.05):
            program.config["max_map_keys"] = self.random.randrange(1, 6)
        if self.chance(0.3):
            program.config["on_stack_limit"] = self.pick([0, 8, 64, 200])
        if self.chance(0.3):
            program.config["print_maps_on_exit"] = "false"
        return program


def without(program, sid):
    """Removes the statement `sid`; False if there is none that may go."""
    for probe in program.kids:
        if sid in probe.get("kept", ()):
            return False
    for node in program.walk():
        for index, kid in enumerate(node.kids):
            if kid.get("sid") == sid and node.op in ("block", "probe"):
                del node.kids[index]
                return True
    return False


def trim(program):
    """Drops declarations of maps that nothing uses."""
    used = {node.get("name") if node.op in ("map", "for_map") else node.get("map") for node in program.walk()
            if node.op in ("map", "for_map", "map_call")}
    program.declarations = {name: kind for name, kind in program.declarations.items() if name in used}


def repaired(program):
    """The program without the statements whose effect the description does not settle; None if that fails."""
    for _ in range(500):
        trim(program)
        try:
            expected(program)
            expected(program, json=True)
            return program
        except Reject as reject:
            if program.declarations.pop(getattr(reject.node, "declaration", None), None):
                continue
            sid = getattr(reject.node, "sid", None)
            if sid is None or not without(program, sid):
                return None
    return None


def make(source, size, without=()):
    """A program of which everything is settled."""
    while True:
        program = repaired(Generator(source, size, without).program())
        if program is not None and sum(1 for _ in program.walk()) > 30:
            return program
