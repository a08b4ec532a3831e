"""Programs as trees, and their text.

A node is an operation, its operands and its attributes; statements and blocks are nodes too, so that what removes or
copies parts of a program needs no case for each kind.
"""

import copy

import imported

PRECEDENCE = {"||": 2, "&&": 3, "|": 4, "^": 5, "&": 6, "==": 7, "!=": 7, "<": 8, "<=": 8, ">": 8, ">=": 8, "<<": 9,
              ">>": 9, "+": 10, "-": 10, "*": 11, "/": 11, "%": 11}
UNARY, POSTFIX, TERNARY = 12, 13, 1


class Node:
    def __init__(self, op, *kids, **attributes):
        self.op, self.kids = op, list(kids)
        self.__dict__.update(attributes)

    def get(self, name, default=None):
        return self.__dict__.get(name, default)

    def walk(self):
        yield self
        for kid in self.kids:
            yield from kid.walk()

    def copy(self):
        return copy.deepcopy(self)

    def __repr__(self):
        return f"<{self.op} {text(self)}>" if self.op not in ("program", "probe") else f"<{self.op}>"


def quoted(data):
    out = []
    for byte in data:
        character = chr(byte)
        out.append({"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}.get(character)
                   or (character if 32 <= byte < 127 else f"\\{byte:03o}"))
    return '"' + "".join(out) + '"'


def operand(node, level):
    """Text of an operand that binds at least as tightly as `level`."""
    content, precedence = render(node)
    return content if precedence >= level else f"({content})"


def arguments(nodes):
    return ", ".join(text(node) for node in nodes)


def body(statements, indent):
    pad = "  " * indent
    return "{\n" + "".join(f"{pad}  {statement_text(node, indent + 1)}\n" for node in statements) + pad + "}"


def statement_text(node, indent=0):
    op = node.op
    if op == "assign":
        return f"{text(node.kids[0])} = {text(node.kids[1], indent)};"
    if op == "update":
        return f"{text(node.kids[0])} {node.operator}= {text(node.kids[1])};"
    if op == "let":
        kind = f": {node.kind_text}" if node.get("kind_text") else ""
        return f"let {text(node.kids[0])}{kind}" + (f" = {text(node.kids[1])}" if len(node.kids) > 1 else "") + ";"
    if op == "discard":
        return f"_ = {text(node.kids[0])};"
    if op in ("do", "print", "printf", "print_map", "map_call", "exit"):
        return text(node, indent) + ";"
    if op in ("break", "continue"):
        return op + ";"
    if op == "return":
        return "return" + "".join(" " + text(kid) for kid in node.kids) + ";"
    if op == "if":
        return if_text(node, indent)
    if op == "for_range":
        ends = "..".join(operand(kid, POSTFIX) if kid.op != "int" or kid.value >= 0 else f"({text(kid)})" for kid in node.kids[1:3])
        return f"for ({text(node.kids[0])} : {ends}) " + body(node.kids[3].kids, indent)
    if op == "for_map":
        return f"for ({text(node.kids[0])} : @{node.name}) " + body(node.kids[1].kids, indent)
    if op == "while":
        return f"while ({text(node.kids[0])}) " + body(node.kids[1].kids, indent)
    if op == "unroll":
        return f"unroll({node.times}) " + body(node.kids[0].kids, indent)
    if op == "comptime":
        branches = [body(node.kids[0].kids, indent), "{ " + node.junk + " }"]
        return f"if comptime ({node.condition}) " + " else ".join(branches if node.first else branches[::-1])
    if op == "block":
        return block_text(node, indent)
    raise AssertionError(op)


def if_text(node, indent):
    out = f"if ({text(node.kids[0])}) " + block_text(node.kids[1], indent)
    if len(node.kids) > 2:
        out += " else " + (if_text(node.kids[2], indent) if node.kids[2].op == "if" else block_text(node.kids[2], indent))
    return out


def block_text(node, indent=0):
    """A block; with `yields` its last part is an expression without a semicolon."""
    if not node.get("yields"):
        return body(node.kids, indent)
    inner = "".join(statement_text(kid, indent) + " " for kid in node.kids[:-1])
    value = text(node.kids[-1], indent)
    if value[0] == "{" and node.kids[-1].op != "block":  # which would be a statement
        value = f"({value})"
    return "{ " + inner + value + " }"


def render(node, indent=0):
    """(text, precedence) of an expression."""
    op, kids = node.op, node.kids
    if op == "int":
        return node.get("spelling") or str(node.value), POSTFIX if node.get("spelling") or node.value >= 0 else UNARY
    if op == "bool":
        return "true" if node.value else "false", POSTFIX
    if op == "str":
        return node.get("spelling") or quoted(node.value), POSTFIX
    if op == "enumerator" or op == "parameter":
        return node.name, POSTFIX
    if op == "var":
        return "$" + node.name, POSTFIX
    if op == "map":
        return "@" + node.name + (f"[{arguments(kids)}]" if kids else ""), POSTFIX
    if op == "binary":
        level = PRECEDENCE[node.operator]
        right = operand(kids[1], level + 1)
        if node.operator == "/" and right[0] == "{":  # which would end a predicate
            right = f"({right})"
        return f"{operand(kids[0], level)} {node.operator} {right}", level
    if op == "unary":
        inner = operand(kids[0], UNARY)
        return node.operator + (" " if inner[0] == node.operator == "-" else "") + inner, UNARY
    if op == "cast":
        inner = operand(kids[0], UNARY)
        return f"({node.kind_text})" + (f"({inner})" if inner[0] == "{" else inner), UNARY
    if op == "cond":
        return f"{operand(kids[0], 2)} ? {operand(kids[1], 2)} : {operand(kids[2], 2)}", TERNARY
    if op == "elvis":
        return f"{operand(kids[0], 2)} ?: {operand(kids[1], 2)}", TERNARY
    if op == "if":
        return if_text(node, indent), 0
    if op == "block":
        return block_text(node, indent), POSTFIX
    if op == "tuple":
        return "(" + arguments(kids) + ("," if len(kids) == 1 else "") + ")", POSTFIX
    if op == "record":
        return "(" + ", ".join(f"{name}={text(kid)}" for name, kid in zip(node.names, kids)) + ")", POSTFIX
    if op == "member":
        return f"{operand(kids[0], POSTFIX)}.{node.name}", POSTFIX
    if op == "index":
        if kids[0].op == "map" and not kids[0].kids:  # `@m[1]` is an entry of a map with keys
            return f"(@{kids[0].name})[{text(kids[1])}]", POSTFIX
        return f"{operand(kids[0], POSTFIX)}[{text(kids[1])}]", POSTFIX
    if op == "field":
        return f"{operand(kids[0], POSTFIX)}{node.get('arrow', '.')}{node.name}", POSTFIX
    if op == "user_memory":
        return "arg0", POSTFIX
    if op == "sizeof":
        return f"sizeof({node.name})", POSTFIX
    if op == "offsetof":
        return f"offsetof({node.name}, {node.path})", POSTFIX
    if op in ("deref", "address"):
        return "*&"[op == "address"] + operand(kids[0], UNARY), UNARY
    if op == "step":
        inner = text(kids[0])
        return (node.operator + inner, UNARY) if node.prefix else (inner + node.operator, POSTFIX)
    if op == "type_argument":
        return f"typeof({node.kind.name()})", POSTFIX
    if op in ("call", "aggregate", "macro_call", "c_call"):
        return f"{node.name}({arguments(kids)})", POSTFIX
    if op == "map_call":
        if node.get("old"):
            return f"delete(@{node.map}[{arguments(kids)}])", POSTFIX
        extra = "".join(f", {value}" for value in node.get("numbers", ()))
        return f"{node.name}(@{node.map}{''.join(', ' + text(kid) for kid in kids)}{extra})", POSTFIX
    if op == "print":
        return f"print({text(kids[0])})", POSTFIX
    if op == "printf":
        return f"printf({', '.join([quoted(node.format), *map(text, kids)])})", POSTFIX
    if op == "exit":
        return f"exit({arguments(kids)})", POSTFIX
    if op == "do":
        return text(kids[0]), 0
    if op == "map_argument":
        return "@" + node.name, POSTFIX
    raise AssertionError(op)


def text(node, indent=0):
    return render(node, indent)[0]


def predicate_text(node):
    content = text(node)
    return f"({content})" if content[0] == "*" else content  # after a slash it would begin a comment


def macro_text(macro):
    return f"macro {macro.name}({', '.join(macro.parameters)}) " + block_text(macro.kids[0])


def program_text(program):
    """program: kids are macros, then probes; `config`, `enums`, `structs`, `defines`, `declarations`, `arguments`, `options`
    are attributes. `{files}` stands for the folder of what it imports."""
    parts = [f"#define {name} {value}" for name, value in program.defines]
    for name, members in program.enums.items():
        parts.append(f"enum {name} {{ " + ", ".join(f"{member} = {value}" for member, value in members) + " };")
    parts += program.structs
    if program.config:
        parts.append("config = { " + "; ".join(f"{key} = {value}" for key, value in program.config.items()) + " }")
    parts += [f'import "{{files}}/{name}";' for name in files_of(program)]
    parts += [f"let @{name} = {kind};" for name, kind in program.declarations.items()]
    for item in program.kids:
        if item.op == "probe":
            predicate = f" /{predicate_text(item.kids[0])}/" if len(item.kids) > 1 else ""
            parts.append(f"{item.attach}{predicate} " + body(item.kids[-1].kids, 0))
        elif not item.get("imported"):
            parts.append(macro_text(item))
    return "\n".join(parts) + "\n"


def files_of(program):
    """{name: text} of what the program imports."""
    files = {}
    if any(node.op == "c_call" for node in program.walk()):
        files[imported.C_FILE] = imported.c_text()
    macros = [macro_text(item) for item in program.kids if item.op == "macro" and item.get("imported")]
    if macros:
        files[imported.SCRIPT] = "\n".join(macros) + "\n"
    return files
