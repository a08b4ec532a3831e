"""Runs a typed program and says what it prints."""

import itertools

import forms
import imported
from infer import arithmetic_type, as_int
from kinds import (BOOL, INT64, MASK, UINT64, Aggregate, Array, Bool, Enum, Int, Pointer, Record, Reject, Str, as_bytes, convert,
                   promote, sizeof, wrap, zero)
from memory import Memory
from output import Output
import tables

STEPS = 200_000


class Jump(Exception):
    def __init__(self, kind):
        super().__init__(kind)
        self.kind = kind


def calculate(operator, a, b):
    """64-bit patterns in, 64-bit pattern out."""
    a, b = a & MASK, b & MASK
    if operator in "/%":
        return 1 if b == 0 else a // b if operator == "/" else a % b
    if operator in ("<<", ">>"):
        if b > 63:
            raise Reject("a shift by 64 or more")
        return (a << b if operator == "<<" else a >> b) & MASK
    return {"+": a + b, "-": a - b, "*": a * b, "&": a & b, "|": a | b, "^": a ^ b}[operator] & MASK


class Machine(Memory):
    def __init__(self, program, maps):
        self.enums, self.slots = program.enums, maps
        self.config = program.config
        self.trailer = program.config.get("str_trunc_trailer", '".."')[1:-1]
        self.declarations, self.user_memory = program.declarations, program.memory
        self.cells = {name: {} for name in maps}
        self.variables, self.events, self.status, self.steps = {}, [], 0, 0
        self.lives, self.numbers = {}, itertools.count()

    # -- program ---------------------------------------------------------------------------------------------------

    def run(self, probes):
        """Runs begin probes, then one turn of interval probes or those of a program, then end probes."""
        for kind in ("begin", "interval", "uprobe", "end"):
            for probe in probes:
                if probe.attach.startswith(kind):
                    try:
                        self.probe(probe)
                    except Jump as jump:
                        if jump.kind == "exit" and kind == "begin":
                            raise Reject("begin ends the program", probe) from jump
        return self

    def probe(self, probe):
        self.variables = {}
        if len(probe.kids) > 1 and not self.value(probe.kids[0]):
            return
        try:
            self.do_block(probe.kids[-1])
        except Jump as jump:
            if jump.kind == "exit":
                raise
            if probe.attach.startswith("interval"):
                raise Reject("the exit() at its end is left out", probe) from jump

    def statements(self, nodes):
        for node in nodes:
            self.steps += 1
            if self.steps > STEPS:
                raise Reject("too many steps", node)
            try:
                getattr(self, "do_" + node.op, self.value)(node)
            except Reject as reject:
                if reject.node is None:
                    reject.node = node
                raise

    # -- places ----------------------------------------------------------------------------------------------------

    def key(self, node):
        if not node.kids:
            return None
        kinds = [kid.type for kid in node.kids]
        values = [self.value(kid) for kid in node.kids]
        if len(kinds) == 1:
            return convert(values[0], kinds[0], node.slot.key)
        return tuple(map(convert, values, kinds, node.slot.key.items))

    def held(self, slot):
        return self.variables[slot] if slot in self.variables else zero(slot.type)

    def load(self, node, key=None):
        if node.op == "var":
            return self.held(node.slot)
        return self.cells[node.slot.name].get(key, zero(node.slot.type))

    def store(self, node, key, value, kind):
        value = convert(value, kind, node.slot.type)
        if node.op == "var":
            self.variables[node.slot] = value
        elif self.has_room(node, key):
            self.cells[node.slot.name][key] = value
        elif node.get("is_used"):
            raise Reject("what this gives where the map is full")

    def has_room(self, node, key):
        """Whether the map has this key or takes another one."""
        slot = node.slot
        cells = self.cells[slot.name]
        if slot.scalar or key in cells:
            return True
        declared = self.declarations.get(slot.name, "")
        room = int(declared.split("(")[1][:-1]) if declared else int(self.config.get("max_map_keys", 4096))
        if isinstance(slot.type, Aggregate) and slot.type.function in ("hist", "lhist") and room < 300:
            raise Reject("how many entries a histogram takes")
        if len(cells) < room:
            return True
        if "lru" in declared:
            raise Reject("which entry goes")
        return False

    # -- statements ------------------------------------------------------------------------------------------------

    def do_assign(self, node):
        target, value = node.kids
        if value.op == "aggregate":
            self.aggregate(target, value)
            return
        key = self.key(target) if target.op == "map" else None
        self.store(target, key, self.value(value), value.type)

    def do_let(self, node):
        if len(node.kids) > 1:
            self.do_assign(node)
        else:
            self.variables[node.kids[0].slot] = zero(node.kids[0].slot.type)

    def do_update(self, node):
        target, value = node.kids
        key = self.key(target) if target.op == "map" else None
        kind, result = self.arithmetic(node.operator, (self.load(target, key), target.slot.type),
                                       (self.value(value), value.type), node)
        self.store(target, key, result, kind)

    def aggregate(self, target, node):
        kind, key = target.slot.type, self.key(target)
        value = None
        if node.kids:
            signed = INT64 if kind.signed is not False or kind.function == "hist" else UINT64
            value = convert(self.value(node.kids[0]), node.kids[0].type, signed)
        if self.has_room(target, key):
            self.cells[target.slot.name].setdefault(key, []).append(value)

    def do_block(self, node):
        try:
            self.statements(node.kids)
        finally:
            self.leave(node)

    def do_comptime(self, node):
        self.do_block(node.kids[0])

    def do_if(self, node):
        if self.value(node.kids[0]):
            self.do_block(node.kids[1])
        elif len(node.kids) > 2:
            (self.do_if if node.kids[2].op == "if" else self.do_block)(node.kids[2])

    def turn(self, body):
        """One turn of a loop; False ends the loop."""
        try:
            self.do_block(body)
        except Jump as jump:
            if jump.kind == "break":
                return False
            if jump.kind != "continue":
                raise
        return True

    def do_for_range(self, node):
        variable = node.kids[0].slot
        first, last = (convert(self.value(kid), kid.type, variable.type) for kid in node.kids[1:3])
        for number in range(first, last):
            self.variables[variable] = number
            if not self.turn(node.kids[3]):
                break

    def do_for_map(self, node):
        slot = node.slot
        pair = node.kids[0].slot
        for key, state in list(self.cells[slot.name].items()):
            value = forms.combined(state, slot.type) if isinstance(slot.type, Aggregate) else state
            self.variables[pair] = convert((key, value), pair.type, pair.type)
            if not self.turn(node.kids[1]):
                raise Reject("break in an unordered loop", node)

    def do_while(self, node):
        while self.value(node.kids[0]):
            self.steps += 1
            if self.steps > STEPS:
                raise Reject("too many steps", node)
            if not self.turn(node.kids[1]):
                break

    def do_unroll(self, node):
        for _ in range(node.times):
            self.do_block(node.kids[0])

    def do_break(self, _):
        raise Jump("break")

    def do_continue(self, _):
        raise Jump("continue")

    def do_return(self, node):
        for kid in node.kids:
            self.value(kid)
        raise Jump("return")

    def do_exit(self, node):
        self.status = int(self.value(node.kids[0])) & 255 if node.kids else 0
        raise Jump("exit")

    def do_discard(self, node):
        self.value(node.kids[0])

    def do_do(self, node):
        kid = node.kids[0]
        (self.do_block if kid.op == "block" and not kid.get("yields") else self.value)(kid)

    def do_print(self, node):
        self.events.append(("value", self.value(node.kids[0]), node.kids[0].type))

    def do_printf(self, node):
        self.events.append(("printf", forms.printf(node.format.decode("latin-1"), [(self.value(kid), kid.type) for kid in node.kids],
                                                   self)))

    def do_map_call(self, node):
        if node.name in ("print", "clear", "zero"):
            self.events.append((node.name, node.map, *node.get("numbers", ())))
        else:
            self.value(node)

    # -- expressions -----------------------------------------------------------------------------------------------

    def value(self, node):
        return getattr(self, "value_" + node.op)(node)

    def value_int(self, node):
        return node.value

    value_bool = value_str = value_sizeof = value_offsetof = value_int

    def value_enumerator(self, node):
        return dict(self.enums[node.enum])[node.name]

    def value_var(self, node):
        return self.load(node)

    def value_map(self, node):
        key, slot = self.key(node), node.slot
        if isinstance(slot.type, Aggregate):
            return wrap(forms.combined(self.cells[slot.name].get(key, []), slot.type), node.type)
        return self.load(node, key)

    def arithmetic(self, operator, left, right, node):
        """(type, value) of two (value, type)."""
        kind = arithmetic_type(operator, left[1], right[1], node)
        if isinstance(kind, Pointer):
            return kind, self.moved(operator, left, right)
        if isinstance(kind, Bool):
            return BOOL, (left[0] and right[0]) if operator == "&" else (left[0] or right[0])
        return kind, wrap(calculate(operator, int(left[0]), int(right[0])), kind)

    def value_binary(self, node):
        operator, (left, right) = node.operator, node.kids
        if operator == "&&":
            return bool(self.value(left)) and bool(self.value(right))
        if operator == "||":
            return bool(self.value(left)) or bool(self.value(right))
        a, b = self.value(left), self.value(right)
        if operator not in ("==", "!=", "<", "<=", ">", ">="):
            return self.arithmetic(operator, (a, left.type), (b, right.type), node)[1]
        return self.compare(operator, a, as_int(left.type), b, as_int(right.type))

    @staticmethod
    def compare(operator, a, left, b, right):
        if isinstance(left, Pointer) or isinstance(right, Pointer):
            a, b = Memory.ordered(a, b)
        elif isinstance(left, Int) and isinstance(right, Int):
            common = promote(left, right)
            a, b = convert(a, left, common), convert(b, right, common)
        elif isinstance(left, Record):
            b = convert(b, right, Record(left.names, tuple(right.items[right.names.index(name)] for name in left.names)))
        if isinstance(a, tuple):
            common = promote(left, right)
            a, b = convert(a, left, common), convert(b, right, common)
        return {"==": lambda: a == b, "!=": lambda: a != b, "<": lambda: a < b, "<=": lambda: a <= b, ">": lambda: a > b,
                ">=": lambda: a >= b}[operator]()

    def value_unary(self, node):
        value = self.value(node.kids[0])
        if node.operator == "!":
            return not value
        return wrap(-value if node.operator == "-" else ~value, node.type)

    def value_cast(self, node):
        if isinstance(node.type, Pointer):
            return self.to_pointer(node)
        value, source, target = self.value(node.kids[0]), node.kids[0].type, node.type
        if isinstance(target, Array):
            return self.to_array(value, source, target)
        if isinstance(source, Array):
            return wrap(int.from_bytes(as_bytes(value, source), "little"), target)
        if isinstance(target, Bool):
            return bool(value)
        if isinstance(target, Enum):
            return int(value) & MASK
        return convert(value, source, target)

    @staticmethod
    def to_array(value, source, target):
        if isinstance(source, Str):
            if len(value) + 1 < source.capacity:
                raise Reject("what is behind the end of the string")
            if len(value) >= source.capacity:
                raise Reject("no room for the end of the string")
            data = value.ljust(source.capacity, b"\0")
        else:
            data = (int(value) & ((1 << sizeof(target) * 8) - 1)).to_bytes(sizeof(target), "little")
        width = sizeof(target.item)
        parts = [int.from_bytes(data[at:at + width], "little") for at in range(0, sizeof(target), width)]
        return tuple(bool(part) if isinstance(target.item, Bool) else wrap(part, target.item) for part in parts)

    def choose(self, node, chosen):
        return convert(self.value(chosen), chosen.type, node.type)

    def value_cond(self, node):
        return self.choose(node, node.kids[1] if self.value(node.kids[0]) else node.kids[2])

    def value_elvis(self, node):
        return self.choose(node, node.kids[0] if self.value(node.kids[0]) else node.kids[1])

    value_if = value_cond

    def value_block(self, node):
        try:
            self.statements(node.kids[:-1])
            return self.value(node.kids[-1])
        finally:
            self.leave(node)

    def value_tuple(self, node):
        return tuple(self.value(kid) for kid in node.kids)

    value_record = value_tuple

    def value_member(self, node):
        kind = node.kids[0].type
        return self.value(node.kids[0])[kind.names.index(node.name) if isinstance(kind, Record) else node.name]

    def value_index(self, node):
        kind, index = node.kids[0].type, self.value(node.kids[1])
        if isinstance(kind, Pointer):
            return self.element(node, index)
        content = self.value(node.kids[0])
        if index >= len(content):
            if isinstance(kind, Str) and index == len(content) < kind.capacity:
                return 0
            raise Reject("an index that is out of bounds", node)
        return wrap(content[index], Int(1, True)) if isinstance(kind, Str) else content[index]

    def value_step(self, node):
        target = node.kids[0]
        key = self.key(target) if target.op == "map" else None
        before = self.load(target, key)
        kind = target.slot.type
        after = self.moved(node.operator[0], (before, kind), (1, INT64)) if isinstance(kind, Pointer) else \
            wrap(before + (1 if node.operator == "++" else -1), kind)
        target.is_used = not node.get("alone")
        self.store(target, key, after, target.slot.type)
        return after if node.prefix else before

    def value_map_call(self, node):
        slot = node.slot
        cell = self.cells[slot.name]
        if node.name == "len":
            return len(cell)
        key = convert(self.value(node.kids[0]), node.kids[0].type, slot.key) if node.kids else None
        found = key in cell
        if node.name == "delete":
            cell.pop(key, None)
        elif node.name == "find" and found:
            self.store(node.kids[1], None, cell[key], slot.type)
        return found

    def value_c_call(self, node):
        kinds = imported.FUNCTIONS[node.name][0]
        return imported.call(node.name, [convert(self.value(kid), kid.type, kind) for kid, kind in zip(node.kids, kinds)])

    def value_call(self, node):
        name = node.name
        if name == "getopt":
            return node.value
        if name == "sizeof":
            return sizeof(node.kids[0].type)
        if name == "str":
            return self.text_at(node)
        if name == "strcap":
            return node.kids[0].type.capacity
        values = [self.value(kid) for kid in node.kids]
        if name == "strlen":
            return len(values[0])
        if name in ("strstr", "strcontains"):
            at = values[0].find(values[1])
            return at if name == "strstr" else at >= 0
        if name == "str_concat":
            return (values[0] + values[1])[:1023]
        if name == "strncmp":
            return int((values[0] + b"\0")[:values[2]] != (values[1] + b"\0")[:values[2]])
        if name == "memcmp":
            return self.memcmp(*values)
        if name in ("strerror", "signal_name", "syscall_name"):
            table = {"strerror": tables.STRERROR, "signal_name": tables.SIGNALS, "syscall_name": tables.SYSCALLS}[name]
            number = abs(values[0]) if name == "strerror" else values[0]
            if number not in table:
                raise Reject("not in our table", node)
            return table[number].encode()
        if name == "bswap":
            return int.from_bytes(as_bytes(values[0], node.kids[0].type), "big")
        if name == "buf":
            if values[1] > len(values[0]) or values[1] == 0:
                raise Reject("more bytes than the string has", node)
            return values[0][:values[1]]
        if name == "ntop":
            if sizeof(node.kids[0].type) != 4:
                raise Reject("an address has four bytes", node)
            return as_bytes(values[0], node.kids[0].type)
        if name == "pton":
            return tuple(int(part) for part in values[0].split(b"."))
        raise Reject(f"{name}() is not described", node)

    @staticmethod
    def memcmp(a, b, count):
        for at in range(count):
            if at >= len(a) or at >= len(b):
                raise Reject("memcmp() of more than there is")
            if a[at] != b[at]:
                return wrap(a[at], Int(1, True)) - wrap(b[at], Int(1, True))
        return 0


class Declaration:
    """Stands for a node where a map's declaration is the place."""

    def __init__(self, name):
        self.declaration = name


def reject_failing_inserts(probes):
    """Entries of large maps get their memory as they are made, of which an interrupt has little."""
    for probe in probes:
        if not probe.attach.startswith("interval"):
            continue
        for node in probe.walk():
            target = node.kids[0] if node.op in ("assign", "update", "step") else None
            if target is None or target.op != "map" or not target.kids:
                continue
            kind = target.slot.type
            drawn = isinstance(kind, Aggregate) and kind.function in ("hist", "lhist")
            if drawn or sizeof(target.slot.key) + (8 if isinstance(kind, Aggregate) else sizeof(kind)) > 128:
                raise Reject("an insert that may fail", node)


def reject_long_literals(node, limit, statement):
    statement = node if node.get("sid") else statement
    if node.op == "str" and len(node.value) >= limit:
        raise Reject("a literal that is too long", statement)
    for kid in node.kids:
        reject_long_literals(kid, limit, statement)


def expected(program, json=False):
    """(pieces, exit status) of a program; Reject if the description does not settle them."""
    from infer import infer
    from prepare import prepare
    reject_long_literals(program, int(program.config.get("max_strlen", 1024)), None)
    probes, maps = prepare(program)
    infer(probes, maps)
    reject_failing_inserts(probes)
    for name, declaration in program.declarations.items():
        if name in maps and declaration.startswith("percpu") != isinstance(maps[name].type, Aggregate):
            raise Reject("a map is declared as another kind", Declaration(name))
    machine = Machine(program, maps).run(probes)
    return Output(machine, json).pieces, machine.status
