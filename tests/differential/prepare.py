"""From the written program to the one that is typed and run: macros replaced, constants folded, names resolved."""

import itertools

from kinds import MASK, Reject, sizeof
from tree import Node

LITERALS = ("int", "bool", "str")
COMPARE = {"==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
           ">": lambda a, b: a > b, ">=": lambda a, b: a >= b}


class Slot:
    """A variable of one scope, or a map. `fixed` is the type of its declaration, `start` one that inference begins with."""

    def __init__(self, name, fixed=None):
        self.name, self.fixed, self.type, self.key, self.statements = name, fixed, fixed, None, []
        self.scalar = self.start = None
        self.assigned = self.accessed = False
        self.users = []

    def initial(self):
        return self.fixed or self.start


def is_literal(node):
    return node.op in LITERALS or (node.op in ("tuple", "record") and all(map(is_literal, node.kids)))


def truth(node):
    return bool(node.value)


def number(value, node):
    if not -(1 << 63) <= value <= MASK:
        raise Reject("a folded number does not fit", node)
    return Node("int", value=value, sid=node.sid)


def truncated_division(a, b):
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def fold_ints(operator, a, b, node):
    if max(a, b) > MASK >> 1 and min(a, b) < 0:
        raise Reject("folding mixes a negative number with one above 2^63-1", node)
    if operator in COMPARE:
        return Node("bool", value=COMPARE[operator](a, b), sid=node.sid)
    if operator in "/%":
        if b == 0:
            raise Reject("division of literals by 0", node)
        quotient = truncated_division(a, b)
        return number(quotient if operator == "/" else a - quotient * b, node)
    if operator in ("<<", ">>"):
        if not 0 <= b <= 63 or (operator == "<<" and not 0 <= a << b < 1 << 63):
            raise Reject("a folded shift out of range", node)
        return number(a << b if operator == "<<" else a >> b, node)
    return number({"+": a + b, "-": a - b, "*": a * b, "&": a & b, "|": a | b, "^": a ^ b}[operator], node)


def fold_binary(node):
    operator, (left, right) = node.operator, node.kids
    if operator in ("&&", "||") and left.op in LITERALS and right.op in LITERALS:
        if "str" in (left.op, right.op):
            raise Reject("strings under && and || are not compared here", node)
        value = (truth(left) and truth(right)) if operator == "&&" else (truth(left) or truth(right))
        return Node("bool", value=value, sid=node.sid)
    if left.op == right.op == "int":
        return fold_ints(operator, left.value, right.value, node)
    if left.op == right.op == "str":
        if operator == "+":
            return Node("str", value=left.value + right.value, sid=node.sid)
        if operator in COMPARE:
            return Node("bool", value=COMPARE[operator](left.value, right.value), sid=node.sid)
    elif left.op == "str" and right.op == "int" and operator == "+" and 0 <= right.value < len(left.value):
        return Node("str", value=left.value[right.value:], sid=node.sid)
    elif left.op == right.op == "bool" and operator in ("==", "!="):
        return Node("bool", value=COMPARE[operator](left.value, right.value), sid=node.sid)
    raise Reject("literals under an operator whose folding is not described", node)


def plain(node):
    """The value of a literal, to be compared."""
    return tuple(map(plain, node.kids)) if node.op in ("tuple", "record") else node.value


def known(node):
    return node.value if node.op == "int" else node.known


def lone(node):
    """The only expression of a block."""
    return lone(node.kids[0]) if node.op == "block" and node.get("yields") and len(node.kids) == 1 else node


def lone_literal(block):
    return block.get("yields") and len(block.kids) == 1 and block.kids[0].op in LITERALS


def fold(node):
    """The node that stands for this one, whose operands are folded already."""
    op, kids = node.op, node.kids
    if op == "binary" and all(kid.op in LITERALS for kid in kids):
        return fold_binary(node)
    if op == "enumerator" or op == "binary" and node.operator not in ("&&", "||") and all(kid.op == "int" or kid.get("known") is not None for kid in kids):
        # Whether enumerators are folded is open: what they amount to has to be the same either way.
        node.known = node.value if op == "enumerator" else fold_ints(node.operator, *map(known, kids), node).value
        if op == "binary" and min(map(known, kids)) < 0 and node.operator not in ("+", "-", "*", "&", "|", "^"):
            raise Reject("enumerators and negative numbers", node)
    if op == "binary" and node.operator in ("==", "!=") and all(map(is_literal, kids)):
        shapes = [tuple(kid.get("names", ())) for kid in kids]
        if kids[0].op != kids[1].op or shapes[0] != shapes[1]:
            raise Reject("unlike literals are compared", node)
        return Node("bool", value=COMPARE[node.operator](plain(kids[0]), plain(kids[1])), sid=node.sid)
    if op == "unary" and kids[0].op in LITERALS:
        return fold_unary(node)
    if op == "member" and is_literal(kids[0]):
        return kids[0].kids[node.name if kids[0].op == "tuple" else kids[0].names.index(node.name)]
    if op == "index" and kids[0].op == "str" and kids[1].op == "int":
        if not 0 <= kids[1].value < len(kids[0].value):
            raise Reject("an index outside of a literal", node)
        return Node("int", value=kids[0].value[kids[1].value], sid=node.sid)
    if op == "call" and node.name == "str" and all(kid.op in LITERALS for kid in kids):
        return Node("str", value=kids[0].value[:kids[1].value] if len(kids) > 1 else kids[0].value, sid=node.sid)
    if op in ("cond", "if", "elvis") and lone(kids[-1]).op in LITERALS and lone(kids[-2]).op in LITERALS and \
            lone(kids[-1]).op != lone(kids[-2]).op:
        raise Reject("unlike branches", node)
    if op == "cond" and all(kid.op in LITERALS for kid in kids):
        return kids[1] if truth(kids[0]) else kids[2]
    if op == "elvis" and all(kid.op in LITERALS for kid in kids):
        return kids[0] if truth(kids[0]) else kids[1]
    if op == "if" and kids[0].op in LITERALS and all(lone_literal(kid) for kid in kids[1:]) and len(kids) > 2:
        return (kids[1] if truth(kids[0]) else kids[2]).kids[0]
    if op in ("cond", "if", "while", "elvis") and kids[0].op == "str":
        raise Reject("a literal string as condition", node)
    return node


def fold_unary(node):
    operator, kid = node.operator, node.kids[0]
    if kid.op == "str":
        raise Reject("unary operators of literal strings are not compared here", node)
    if operator == "!":
        return Node("bool", value=not truth(kid), sid=node.sid)
    if kid.op == "int" and operator == "-":
        return number(-kid.value, node)
    if kid.op == "int" and operator == "~" and kid.value >= 0:
        return number(~kid.value & MASK, node)
    raise Reject("a literal under an operator whose folding is not described", node)


class Expander:
    """Copies a tree with macro calls replaced by their bodies and constants folded. `sid` names the statement of a probe
    that each node belongs to."""

    def __init__(self, program):
        self.macros = {(item.name, len(item.parameters)): item for item in program.kids if item.op == "macro"}
        self.numbers = itertools.count()

    def expand(self, node, sid, binding=None):
        if binding is None:
            sid = node.get("sid", sid)
        if node.op == "parameter":
            return self.substitute(binding[0][node.name], sid)
        if node.op == "macro_call":
            return self.call(node, [self.expand(kid, sid, binding) for kid in node.kids], sid)
        copy = Node(node.op)
        copy.__dict__.update({key: value for key, value in node.__dict__.items() if key != "kids"})
        copy.sid, copy.kids = sid, [self.expand(kid, sid, binding) for kid in node.kids]
        if binding is not None:
            self.rename(copy, binding)
            self.give_type(copy, binding[0])
        return fold(copy)

    def substitute(self, argument, sid):
        return self.expand(argument, sid)

    @staticmethod
    def give_type(node, bound):
        """To what is of a type that the macro was given."""
        if node.get("kind_parameter"):
            kind = bound[node.kind_parameter].kind
            if node.op == "let":
                node.fixed = kind
            node.kind, node.value = kind, sizeof(kind) if node.op == "sizeof" else None

    @staticmethod
    def rename(node, binding):
        bound, number_ = binding
        if node.op == "var":
            node.name = bound["$" + node.name].name if "$" + node.name in bound else f"{node.name}'{number_}"
        for field in ("name", "map"):
            if node.op in ("map", "map_argument", "for_map", "map_call") and "@" + str(node.get(field)) in bound:
                setattr(node, field, bound["@" + node.get(field)].name)

    def call(self, node, given, sid):
        macro = self.macros[node.name, len(given)]
        body = self.expand(macro.kids[0], sid, (dict(zip(macro.parameters, given)), next(self.numbers)))
        body.given = [argument for argument in given if argument.op == "var"]  # visible, whether the body uses it or not
        return body


class Resolver:
    """Gives every variable and map of the expanded program its slot."""

    def __init__(self, program):
        self.maps = {}
        self.declared = program.declarations
        self.scopes = []

    def map(self, name, keyed, node):
        slot = self.maps.setdefault(name, Slot(name))
        slot.accessed = slot.accessed or node.op == "map"
        slot.users.append(node.get("sid"))
        if slot.scalar is None:
            slot.scalar = not keyed
        elif slot.scalar == keyed:
            raise Reject("a map is keyed and scalar", node)
        return slot

    def find(self, name):
        return next((scope[name] for scope in reversed(self.scopes) if name in scope), None)

    def declare(self, node, fixed=None):
        if self.find(node.name):
            raise Reject(f"${node.name} is visible already", node)
        node.slot = self.scopes[-1][node.name] = Slot(node.name, fixed)

    def block(self, node, loop=()):
        """Its `declared` variables end with it, as does that of the loop whose body this is."""
        self.scopes.append({})
        for kid in node.kids:
            self.visit(kid)
        node.declared = [*self.scopes.pop().values(), *loop]

    def visit(self, node):
        op, kids = node.op, node.kids
        if op == "block":
            for argument in node.get("given", ()):
                self.visit(argument)
            self.block(node)
        elif op == "var":
            node.slot = self.find(node.name)
            if not node.slot:
                raise Reject(f"${node.name} is not declared", node)
        elif op == "assign" and kids[0].op == "var":
            self.visit(kids[1])
            if self.find(kids[0].name):
                self.visit(kids[0])
            else:
                self.declare(kids[0])
        elif op == "let":
            for kid in kids[1:]:
                self.visit(kid)
            self.declare(kids[0], node.get("fixed"))
        elif op in ("for_range", "for_map"):
            if op == "for_map":
                node.slot = self.map(node.name, True, node)
            for kid in kids[1:-1]:
                self.visit(kid)
            self.scopes.append({})
            self.declare(kids[0])
            self.block(kids[-1], [kids[0].slot])
            self.scopes.pop()
        else:
            if op == "map":
                node.slot = self.map(node.name, bool(kids), node)
            elif op == "map_call":
                if node.name in ("delete", "find", "has_key", "len"):
                    node.slot = self.map(node.map, bool(kids) or node.name == "len", node)
                elif node.map in self.maps:
                    node.slot = self.maps[node.map]
                else:
                    raise Reject("a map that nothing uses", node)
            for kid in kids:
                self.visit(kid)


def prepare(program):
    """(probes of the program without macros, {name: slot} of its maps)"""
    expander = Expander(program)
    probes = [expander.expand(item, None) for item in program.kids if item.op == "probe"]
    resolver = Resolver(program)
    for probe in probes:
        resolver.scopes = [{}]
        for kid in probe.kids:
            resolver.visit(kid)
    return probes, resolver.maps


def command_line(program):
    """What follows the script: arguments, and those options that it asks for when macros are replaced."""
    asked = {node.kids[0].value.decode() for probe in prepare(program)[0] for node in probe.walk()
             if node.op == "call" and node.name == "getopt"}
    return ["--", *program.arguments, *(f"--{name}={value}" for name, value in program.options if name in asked)]
