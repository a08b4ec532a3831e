"""Static types of a prepared program: a fixpoint over everything that is assigned anywhere."""

import forms
import imported
from infer_memory import MemoryTypes, TRUTH
from kinds import (BOOL, INT64, READABLE, UINT64, Aggregate, Array, Bool, Buffer, Enum, Inet, Int, Pointer, Record, Reject, Str,
                   Struct, Tuple, both_flexible, literal_type, promote, sizeof)
from memory import access_type

ARITHMETIC = ("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>")
INTEGRAL = (Int, Enum)


def as_int(kind):
    return UINT64 if isinstance(kind, Enum) else kind


def arithmetic_type(operator, a, b, node):
    a, b = as_int(a), as_int(b)
    if isinstance(a, Bool) and isinstance(b, Bool) and operator in "&|":
        return BOOL
    if isinstance(a, Pointer) and isinstance(b, Int) and operator in "+-":
        return a
    if isinstance(a, Int) and isinstance(b, Pointer) and operator == "+":
        return b
    if not isinstance(a, Int) or not isinstance(b, Int):
        raise Reject(f"{a} {operator} {b}", node)
    if a.signed == b.signed:
        if not a.signed and operator != "-":
            return UINT64
        flexible = both_flexible(a.flexible, b.flexible)
        return Int(8, True, None if flexible and operator != "-" else flexible if operator != "-" else
                   (None if flexible is not False else False))
    if operator == "-":
        return INT64
    signed = a if a.signed else b
    if signed.flexible is None:
        raise Reject("it is open whether an operand adapts its sign", node)
    return UINT64 if signed.flexible else INT64


def check_comparable(operator, a, b, node):
    a, b = as_int(a), as_int(b)
    if isinstance(a, (Int, Bool)) and isinstance(b, (Int, Bool)):
        if isinstance(a, Int) and isinstance(b, Int):
            promote(a, b)
        return
    if all(isinstance(kind, (Pointer, Int)) for kind in (a, b)):
        return
    if operator not in ("==", "!=") or any(has_struct(kind) for kind in (a, b)):
        raise Reject(f"{a} {operator} {b}", node)
    if isinstance(a, Array) and (a != b or isinstance(a.item, Bool)):
        raise Reject("unlike arrays, or not of integers", node)
    if isinstance(a, (Str, Array, Tuple, Record)):
        promote(a, b)
        return
    if isinstance(a, Buffer) and isinstance(b, Buffer):
        return
    raise Reject(f"{a} {operator} {b}", node)


def has_struct(kind):
    """Whether values of this type can not be compared for what is in them."""
    if isinstance(kind, Array):
        return not isinstance(kind.item, Int)
    return isinstance(kind, (Struct, Pointer)) or isinstance(kind, (Tuple, Record)) and any(map(has_struct, kind.items))


class Inference(MemoryTypes):
    def __init__(self, probes, maps, reverse=False, fresh=False):
        self.probes, self.maps, self.reverse, self.fresh = probes, maps, reverse, fresh
        self.final = False
        self.changed = False

    def run(self):
        for _ in range(30):
            self.changed = False
            self.round()
            if not self.changed:
                break
        else:
            raise Reject("types do not settle", self.probes[0])
        return self

    def slots(self):
        seen = list(self.maps.values())
        for probe in self.probes:
            seen += [node.slot for node in probe.walk() if node.op == "var"]
        return list(dict.fromkeys(seen))

    def round(self):
        if self.fresh and not self.final:
            for slot in self.slots():
                slot.next, slot.next_key = slot.initial(), None
        for probe in reversed(self.probes) if self.reverse else self.probes:
            for kid in probe.kids[:-1]:
                self.condition(kid)
            self.statements(probe.kids[-1].kids)
        if self.fresh and not self.final:
            for slot in self.slots():
                if (slot.next, slot.next_key) != (slot.type, slot.key):
                    self.changed = True
                slot.type, slot.key = slot.next, slot.next_key

    def join(self, slot, field, kind, node):
        """A value of type `kind` goes to the slot's value (field `type`) or key."""
        if kind is None:
            return
        if field == "type":
            slot.statements.append(node.get("sid"))
        if self.final:
            self.check_fits(slot, getattr(slot, field), kind, node)
            return
        if field == "type" and slot.fixed is not None:
            return
        target = "next" + ("_key" if field == "key" else "") if self.fresh else field
        old = getattr(slot, target)
        try:
            new = kind if old is None else promote(old, kind)
        except Reject as reject:
            reject.node = node
            raise
        if new != old:
            setattr(slot, target, new)
            if not self.fresh:
                self.changed = True

    @staticmethod
    def check_fits(slot, target, kind, node):
        if isinstance(target, Int) and isinstance(kind, (Int, Enum)):
            return
        if isinstance(target, Pointer) and target != kind:
            raise Reject("a pointer to another type", node)
        if slot.fixed is not None:
            if isinstance(target, Str) and isinstance(kind, Str) and kind.capacity <= target.capacity:
                return
            if target != kind:
                raise Reject("does not fit the declaration", node)

    def statements(self, nodes):
        for node in reversed(nodes) if self.reverse else nodes:
            try:
                self.statement(node)
            except Reject as reject:
                if reject.node is None:
                    reject.node = node
                raise

    def statement(self, node):
        op, kids = node.op, node.kids
        if op in ("assign", "let", "update"):
            self.assignment(node)
        elif op == "block":
            self.statements(kids)
        elif op == "if":
            self.condition(kids[0])
            for kid in kids[1:]:
                self.statement(kid)
        elif op == "while":
            self.condition(kids[0])
            self.statement(kids[1])
        elif op == "for_range":
            ends = [self.type(kid) for kid in kids[1:3]]
            if None not in ends:
                if not all(isinstance(kind, Int) for kind in ends):
                    raise Reject("the ends of a range are integers", node)
                self.join(kids[0].slot, "type", promote(*ends), node)
            self.statement(kids[3])
        elif op == "for_map":
            self.loop_over_map(node)
        elif op == "print":
            self.type(kids[0])
        elif op == "printf":
            self.printf(node)
        elif op == "comptime":
            self.statement(kids[0])
        elif op in ("unroll", "do", "discard", "return", "exit"):
            for kid in kids:
                self.statement(kid) if op == "unroll" or kid.op == "block" and not kid.get("yields") else self.type(kid)
            if op in ("return", "exit") and kids and not isinstance(self.type(kids[0]) or INT64, INTEGRAL):
                raise Reject("an integer is wanted", node)
        elif op in ("map_call", "break", "continue"):
            if op == "map_call":
                self.type(node)
        else:
            self.type(node)

    def printf(self, node):
        conversions = [match.group(8) for match in forms.SPECIFICATION.finditer(node.format.decode("latin-1"))]
        wanted = [conversion for conversion in conversions if conversion != "%"]
        if len(wanted) != len(node.kids):
            raise Reject("as many values as conversions", node)
        for conversion, kid in zip(wanted, node.kids):
            kind = self.type(kid)
            good = (Buffer,) if conversion[0] == "r" else (object,) if conversion == "s" else (Int, Enum, Bool)
            if kind is not None and not isinstance(kind, good) or conversion != "s" and kid.get("reads_aggregate"):
                raise Reject("not for this conversion", kid)

    def loop_over_map(self, node):
        slot = node.slot
        if slot.key is not None and slot.type is not None:
            self.join(node.kids[0].slot, "type", Tuple((slot.key, self.readable(slot.type, node))), node)
        self.statement(node.kids[1])

    @staticmethod
    def readable(kind, node):
        if isinstance(kind, Aggregate):
            if kind.function not in READABLE:
                raise Reject(f"{kind.function} can not be read", node)
            return UINT64 if kind.function == "count" or kind.signed is False else INT64
        return kind

    def assignment(self, node):
        target = node.kids[0]
        target.slot.assigned = target.slot.assigned or node.op == "assign"
        if target.op == "map" and node.op == "assign" and node.kids[1].op == "aggregate":
            kind = self.aggregate(node.kids[1])
        elif node.op == "update":
            kind = self.updated(node)
        elif len(node.kids) > 1:
            kind = self.type(node.kids[1])
            if target.op == "map" and node.kids[1].op in ("map", "block") and node.kids[1].get("reads_aggregate"):
                raise Reject("an aggregate is not copied", node)
        else:
            return
        if node.op == "let" and target.slot.fixed is not None or node.op == "assign" and target.slot.fixed is not None:
            self.check_declared(target.slot.fixed, node.kids[1], kind, node)
        if target.op == "map":
            if isinstance(target.slot.type, Aggregate) and not isinstance(kind, (Aggregate, type(None))):
                raise Reject("a value for an aggregation", node)
            self.key(target)
            target.type = target.slot.type
        if isinstance(kind, (Buffer, Inet)) and target.op == "map":
            raise Reject("not stored here", node)
        self.join(target.slot, "type", kind, node)
        target.type = target.slot.type

    @staticmethod
    def check_declared(fixed, value, kind, node):
        if value.get("known", 0) < 0:
            raise Reject("it is open whether this is a literal", node)
        if isinstance(fixed, Int) and value.op in ("int", "sizeof", "offsetof"):
            low = -(1 << fixed.size * 8 - 1) if fixed.signed else 0
            if not low <= value.value < low + (1 << fixed.size * 8):
                raise Reject("the literal does not fit the declaration", node)
        elif kind is not None and not (isinstance(fixed, Int) and isinstance(kind, INTEGRAL)):
            if isinstance(fixed, Str) and isinstance(kind, Str):
                if kind.capacity > fixed.capacity:
                    raise Reject("the string does not fit", node)
            elif fixed != kind:
                raise Reject("another type than declared", node)

    def updated(self, node):
        target = node.kids[0]
        old = self.place(target)
        value = self.type(node.kids[1])
        if None in (old, value):
            return None
        if isinstance(old, (Aggregate, Bool)) or isinstance(value, Bool):
            raise Reject("op= is for integers", node)
        return arithmetic_type(node.operator, old, value, node)

    def place(self, node):
        """The type of a variable or map entry that is changed in place."""
        if node.op == "map":
            self.key(node)
            node.type = node.slot.type
            if isinstance(node.type, Aggregate):
                raise Reject("an aggregation is not changed", node)
            return node.type
        return self.type(node)

    def key(self, node):
        if node.kids:
            kinds = [self.type(kid) for kid in node.kids]
            if None not in kinds:
                self.join(node.slot, "key", kinds[0] if len(kinds) == 1 else Tuple(tuple(kinds)), node)

    def aggregate(self, node):
        function = node.name
        kinds = [self.type(kid) for kid in node.kids]
        if function == "count":
            return Aggregate("count", False)
        if None in kinds:
            return None
        kind = kinds[0]
        if not isinstance(kind, Int):
            raise Reject("aggregations are of integers", node)
        if function in ("hist", "lhist"):
            if function == "lhist" and not kind.signed and kind.size == 8:
                raise Reject("an unsigned number for lhist", node)
            return Aggregate(function, True, tuple(kid.value for kid in node.kids[1:]))
        return Aggregate(function, None if kind.flexible is not False else kind.signed)

    # -- expressions -----------------------------------------------------------------------------------------------

    def condition(self, node):
        kind = self.type(node)
        if node.get("reads_aggregate") or not isinstance(kind or BOOL, TRUTH):
            raise Reject("no condition", node)

    def type(self, node):
        try:
            kind = getattr(self, "type_" + node.op)(node)
        except Reject as reject:
            if reject.node is None:
                reject.node = node
            raise
        if self.final and kind is None:
            raise Reject("no type is found", node)
        node.type = kind
        return kind

    def type_int(self, node):
        return literal_type(node.value)

    def type_bool(self, _):
        return BOOL

    def type_str(self, node):
        return Str(len(node.value) + 1)

    def type_enumerator(self, node):
        return Enum(node.enum)

    def type_var(self, node):
        return node.slot.type

    def type_map(self, node):
        self.key(node)
        node.reads_aggregate = isinstance(node.slot.type, Aggregate)
        return self.readable(node.slot.type, node)

    def type_binary(self, node):
        operator = node.operator
        if operator in ("&&", "||"):
            for kid in node.kids:
                if not isinstance(self.type(kid) or BOOL, TRUTH):
                    raise Reject("no truth value", node)
            return BOOL
        kinds = [self.type(kid) for kid in node.kids]
        if None in kinds:
            return None if operator in ARITHMETIC else BOOL
        sizes = [kid.get("name") == "sizeof" or kid.op in ("sizeof", "offsetof") for kid in node.kids]
        if any(sizes) and all(size or kid.op == "int" for size, kid in zip(sizes, node.kids)):
            raise Reject("sizes and literals are folded", node)
        if any(kid.get("hidden_literal") for kid in node.kids):
            raise Reject("a block of a literal as an operand", node)
        if operator in ARITHMETIC:
            return arithmetic_type(operator, *kinds, node)
        check_comparable(operator, *kinds, node)
        return BOOL

    def type_unary(self, node):
        kid = node.kids[0]
        kind = self.type(kid)
        if kid.get("reads_aggregate") or kid.get("hidden_literal") or kid.get("name") == "sizeof" or \
                kid.op in ("sizeof", "offsetof"):
            raise Reject("not under a unary operator", node)
        if kind is None:
            return BOOL if node.operator == "!" else None
        if node.operator == "!":
            if not isinstance(kind, (Int, Bool)):
                raise Reject("no truth value", node)
            return BOOL
        if not isinstance(kind, Int):
            raise Reject("no number", node)
        return Int(8, True, None if kind.flexible is not False else False) if kind.signed else UINT64

    def type_cast(self, node):
        source, target = self.type(node.kids[0]), node.kind
        if source is None:
            return None
        if isinstance(target, Pointer):
            return self.cast_to_pointer(source, target, node)
        if isinstance(target, Array):
            return self.cast_to_array(source, target, node)
        good = {Int: (Int, Bool, Enum, Array, Pointer), Bool: (Int, Bool, Str, Pointer), Str: (Str,), Enum: (Int,)}[type(target)]
        if not isinstance(source, good):
            raise Reject(f"no cast from {source} to {target}", node)
        if isinstance(source, Array) and (not isinstance(source.item, Int) or sizeof(source) != sizeof(target)):
            raise Reject("an array of another size", node)
        if isinstance(target, Str) and source.capacity > target.capacity:
            raise Reject("a string that may not fit", node)
        if isinstance(target, Enum) and (node.kids[0].op == "int" and node.kids[0].value not in node.values
                                         or node.kids[0].get("name") == "sizeof"
                                         or node.kids[0].op in ("sizeof", "offsetof")):
            raise Reject("not a value of the enum", node)
        return target

    @staticmethod
    def cast_to_array(source, target, node):
        if isinstance(source, Str) and target.item == Int(1, True) and target.count in (None, source.capacity):
            return Array(target.item, source.capacity)
        if not isinstance(source, Int):
            raise Reject("no cast to an array", node)
        if target.count is None:
            if source.size % sizeof(target.item):
                raise Reject("does not divide", node)
            return Array(target.item, source.size // sizeof(target.item))
        if not source.size <= sizeof(target) <= 8:
            raise Reject("an array of another size", node)
        return target

    def type_cond(self, node):
        self.condition(node.kids[0])
        return self.branches([self.type(kid) for kid in node.kids[1:]], node)

    def type_elvis(self, node):
        self.condition(node.kids[0])
        return self.branches([self.type(kid) for kid in node.kids], node)

    def type_if(self, node):
        self.condition(node.kids[0])
        return self.branches([self.type(kid) for kid in node.kids[1:]], node)

    @staticmethod
    def branches(kinds, node):
        if None in kinds:
            return next((kind for kind in kinds if kind is not None), None)
        if any(isinstance(kind, (Array, Buffer, Inet)) for kind in kinds) and kinds[0] != kinds[1]:
            raise Reject("unlike branches", node)
        return promote(*kinds)

    def type_block(self, node):
        if not node.get("yields"):
            raise Reject("a block without a value", node)
        if node.get("final_first") or not self.reverse:
            self.statements(node.kids[:-1])
            kind = self.type(node.kids[-1])
        else:
            kind = self.type(node.kids[-1])
            self.statements(node.kids[:-1])
        last = node.kids[-1]
        node.hidden_literal = last.op in ("int", "bool", "str") or last.get("hidden_literal", False)
        node.reads_aggregate = last.get("reads_aggregate", False)
        return kind

    def type_tuple(self, node):
        kinds = tuple(self.type(kid) for kid in node.kids)
        return None if None in kinds else Tuple(self.storable(kinds, node))

    def type_record(self, node):
        kinds = tuple(self.type(kid) for kid in node.kids)
        return None if None in kinds else Record(tuple(node.names), self.storable(kinds, node))

    @staticmethod
    def storable(kinds, node):
        if any(isinstance(kind, (Buffer, Inet)) for kind in kinds):
            raise Reject("not inside a tuple here", node)
        return kinds

    def type_member(self, node):
        kind = self.type(node.kids[0])
        if kind is None:
            return None
        if isinstance(kind, Tuple) and isinstance(node.name, int) and node.name < len(kind.items):
            return kind.items[node.name]
        if isinstance(kind, Record) and node.name in kind.names:
            return kind.items[kind.names.index(node.name)]
        raise Reject("no such member", node)

    def type_index(self, node):
        kind, index = self.type(node.kids[0]), self.type(node.kids[1])
        if None in (kind, index):
            return None
        if isinstance(kind, Pointer):
            return self.pointed_at(kind, index, node)
        position = node.kids[1].value if node.kids[1].op == "int" else None
        if isinstance(kind, Tuple) and position is not None and position < len(kind.items):
            return kind.items[position]
        if isinstance(kind, Str) and position is not None and position < kind.capacity:
            return Int(1, True)
        if isinstance(kind, Array) and isinstance(index, Int) and (not index.signed or index.flexible is True):
            if position is not None and position >= kind.count:
                raise Reject("outside of the array", node)
            return access_type(kind.item)
        raise Reject("no such element", node)

    def type_step(self, node):
        old = self.place(node.kids[0])
        if old is None:
            return None
        if isinstance(old, Pointer) and node.kids[0].op == "var":
            return old
        if not isinstance(old, Int):
            raise Reject("not a number", node)
        slot = node.kids[0].slot
        if slot.fixed is not None:
            if not node.get("alone"):
                raise Reject("the value of a step of a declared variable", node)
            return old
        result = INT64 if node.operator == "--" or old.signed else UINT64
        if old.flexible is not False:
            result = Int(8, True, None)
        self.join(slot, "type", result, node)
        return slot.type

    def type_map_call(self, node):
        slot = node.get("slot")
        name, kids = node.name, node.kids
        if name in ("print", "clear", "zero"):
            return BOOL
        if name in ("has_key", "delete", "find"):
            for kid in kids[:1]:
                kind = self.type(kid)
                if kind is not None:
                    self.join(slot, "key", kind, node)
            if name == "delete" and isinstance(slot.type, Aggregate) and slot.type.function in ("hist", "lhist"):
                raise Reject("entries of histograms are not deleted", node)
            if name == "find":
                kind = self.readable(slot.type, node)
                if isinstance(slot.type, Aggregate):
                    raise Reject("find in an aggregation", node)
                self.join(kids[1].slot, "type", kind, node)
                self.type(kids[1])
                if kids[1].slot.fixed is not None:
                    raise Reject("find into a declared variable", node)
            return BOOL
        if isinstance(slot.type, Aggregate) and slot.type.function in ("hist", "lhist"):
            raise Reject("the length of a histogram", node)
        return INT64

    def type_c_call(self, node):
        if not all(isinstance(self.type(kid) or INT64, Int) for kid in node.kids):
            raise Reject("integers for a C function", node)
        if any(kid.op in ("int", "sizeof", "offsetof") for kid in node.kids):
            raise Reject("whether a literal fits a parameter", node)
        return imported.FUNCTIONS[node.name][1]

    def type_getopt(self, node):
        usual = node.kids[1]
        return BOOL if usual.op == "bool" else Str(node.room) if usual.op == "str" else INT64 if usual.value < 0 else UINT64

    def type_call(self, node):
        if node.name == "getopt":
            return self.type_getopt(node)
        kinds = [self.type(kid) for kid in node.kids]
        if None in kinds:
            return None
        name = node.name
        if name == "str":
            return self.text_type(kinds, node)
        wanted = {"strlen": (Str,), "strcap": (Str,), "strstr": (Str, Str), "strcontains": (Str, Str), "str_concat": (Str, Str),
                  "strncmp": (Str, Str, Int), "strerror": (Int,), "signal_name": (Int,), "syscall_name": (Int,),
                  "bswap": (Int,), "memcmp": (Str, Str, Int), "buf": (Str, Int), "ntop": (Int,), "pton": (Str,),
                  "sizeof": (object,)}[name]
        if len(wanted) != len(kinds) or not all(map(isinstance, kinds, wanted)):
            raise Reject(f"{name}() of other arguments", node)
        if name == "bswap" and (kinds[0].flexible is not False or node.kids[0].op == "int"):
            raise Reject("bswap() of a literal", node)
        if name in ("sizeof", "strcap"):
            if any(kid.op in ("var", "map") for kid in node.walk()):
                raise Reject("this locks types", node)
            return literal_type(sizeof(kinds[0]))
        return {"strlen": UINT64, "strstr": Int(4, True), "strcontains": BOOL, "str_concat": Str(1024), "strncmp": UINT64,
                "strerror": Str(64), "signal_name": Str(64), "syscall_name": Str(64), "memcmp": Int(4, True),
                "bswap": Int(kinds[0].size, False) if name == "bswap" else None, "ntop": Inet(),
                "buf": Buffer(node.kids[-1].value) if name == "buf" else None,
                "pton": Array(Int(1, False), 4)}[name]


def infer(probes, maps):
    """Sets `type` on every expression and slot; rejects programs whose types depend on the order of inference."""
    results = []
    for options in ({}, {"reverse": True}, {"fresh": True}):
        inference = Inference(probes, maps, **options)
        slots = inference.slots()
        for slot in slots:
            slot.type, slot.key, slot.statements = slot.initial(), None, []
        inference.run()
        if not results:
            # Maps that are only read or changed in place start as small integers.
            for choose in (lambda slot: not slot.assigned, lambda slot: True):
                for slot in maps.values():
                    if slot.type is None and choose(slot):
                        slot.type = slot.start = Int(1, True, None)
                inference.run()
        results.append([(slot.type, slot.key) for slot in slots])
    for index, slot in enumerate(slots):
        if any(result[index] != results[0][index] for result in results):
            raise Reject(f"the type of {slot.name} depends on the order", Place(slot.statements))
    for slot in maps.values():
        if not slot.accessed:
            raise Reject("a map that is used as a whole only", Place(slot.users))
    final = Inference(probes, maps)
    final.final = True
    final.round()


class Place:
    """Stands for a node where only the statement is known."""

    def __init__(self, statements):
        self.sid = next((sid for sid in reversed(statements) if sid is not None), None)
