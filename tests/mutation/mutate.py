"""Small changes of scripts, by tokens: most mutants still parse, and many pass the checker."""

import re

TOKEN = re.compile(r'\s+|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|[$@][A-Za-z_]\w*|\d\w*|[A-Za-z_]\w*'
                   r'|<<=|>>=|\+\+|--|->|\.\.|&&|\|\||[-+*/%&|^<>=!]=|<<|>>|.', re.S)
OPERATORS = ["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "==", "!=", "<", "<=", ">", ">=", "&&", "||"]
ASSIGNMENTS = ["=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="]
PREFIXES = ["!", "~", "-", "*", "&", "++", "--"]
NUMBERS = ["0", "1", "2", "7", "8", "63", "64", "127", "128", "255", "256", "1000", "4096", "65535", "2147483648", "4294967296",
           "9223372036854775807", "9223372036854775808", "18446744073709551615", "1us", "0x7f", "-1"]
STRINGS = ['""', '"a"', '"ab"', '"%d"', '"%s %s"', '"' + "x" * 70 + '"', '"' + "long " * 60 + '"', r'"a\0b"']
TYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "string", "string[8]", "string[200]",
         "int8[]", "int8[4]", "uint16[2]", "bool[8]", "int64*", "void*", "struct task_struct*", "struct file*"]
CALLS = ["str({})", "buf({}, 8)", "(1, {})", "({},)", "(a={}, b=2)", "{{ $q = {}; $q }}", "if (pid) {{ {} }} else {{ 0 }}",
         "(pid ? {0} : {0})", "(pid ?: {})", "sizeof({})", "kptr({})", "strlen({})", "strcontains({}, \"a\")", "len({})",
         "*({})", "&{}", "{}++", "{}.0", "{}[1]", "{}[pid & 1]", "({} == {})", "ntop({})", "ksym({})", "usym({})", "strftime(\"%S\", {})",
         "(typeof({0})){0}", "@q[{}]", "hist({})", "sum({})", "stats({})", "has_key(@q, {})", "delete(@q, {})"]
STATEMENTS = ["print({});", "@q = {};", "@q[{}] = 1;", "@q[1] = {};", "@q[{0}] = {0};", "$q = {};", "printf(\"%s\\n\", {});",
              "print(({}, 1));", "if ({}) {{ @r = 1; }}", "for ($i : 0..{}) {{ @r++; }}", "@q[1, {}]++;", "let $q: {type} = {};",
              "for ($kv : @q) {{ print(($kv, {})); }}", "while ({} > 5) {{ break; }}", "unroll(3) {{ @r += {}; }}", "return {};",
              "$q = {0}; $p = &$q; print(*$p);", "@q = count(); $c = @q + {};", "_ = {};", "if (@q == {}) {{ @q = {}; }}"]


def tokens(text):
    return TOKEN.findall(text)


VALUES = ("pid", "tid", "comm", "cpu", "uid", "nsecs", "elapsed", "curtask", "kstack", "ustack", "probe", "args", "retval", "ctx",
          "arg0", "true", "false")


def kind(token):
    if token[0] in "$@" and len(token) > 1:
        return token[0]
    if token[0] == '"':
        return "string"
    if token[0].isdigit():
        return "number"
    if token[0].isalpha() or token[0] == "_":
        return "value" if token in VALUES else "type" if token in TYPES else "name"
    if token.isspace() or token.startswith(("//", "/*")):
        return "layout"
    return "operator" if token in OPERATORS else "assignment" if token in ASSIGNMENTS else token


def spans(parts, opening="([{"):
    """(begin, end) of every part in brackets, the brackets included."""
    open_at, found = [], []
    for index, token in enumerate(parts):
        if token in ("(", "[", "{"):
            open_at.append(index)
        elif token in (")", "]", "}") and open_at:
            begin = open_at.pop()
            if parts[begin] in opening:
                found.append((begin, index + 1))
    return found


class Mutator:
    """Makes mutants of scripts that are right, with pieces of those and of `others`. `random` decides."""

    def __init__(self, right, others):
        self.random = None
        self.bases = [tokens(text) for text in right]
        self.corpus = self.bases + [tokens(text) for text in others]
        self.changes = [self.other_token] * 5 + [self.expression] * 5 + [self.statement] * 4 + [self.splice] * 2 + \
            [self.wrap] * 4 + [self.cast] * 3 + [self.delete, self.duplicate, self.swap, self.prefix, self.rename, self.rename]

    def mutant(self):
        """Text of a script that was changed once to four times."""
        parts = list(self.random.choice(self.bases))
        for _ in range(self.random.choice([1, 1, 1, 2, 2, 3])):
            if parts:
                self.random.choice(self.changes)(parts)
        return "".join(parts)

    def place(self, parts, *kinds):
        """An index of a token of one of these kinds, or of any, now and then outside of all bodies; None if there is none."""
        depth, found, anywhere = 0, [], self.random.random() < 0.1
        for index, token in enumerate(parts):
            depth += (token == "{") - (token == "}")
            if (depth or anywhere) and (kind(token) in kinds if kinds else kind(token) != "layout"):
                found.append(index)
        return self.random.choice(found) if found else None

    def value(self, parts, *kinds):
        """An index of a token of one of these kinds that is not what is assigned to; None if there is none."""
        index = self.place(parts, *kinds)
        after = [] if index is None else parts[index + 1:index + 3]
        return None if any(token in ASSIGNMENTS for token in after) else index

    def operand(self):
        """An expression out of some script: what stands in brackets or between them, or one token."""
        parts = self.random.choice(self.corpus)
        inside = [span for span in spans(parts, "([") if span[1] - span[0] < 30]
        if inside and self.random.random() < 0.6:
            begin, end = self.random.choice(inside)
            pieces, depth = [[]], 0
            for token in parts[begin + 1:end - 1]:
                depth += (token in ("(", "[", "{")) - (token in (")", "]", "}"))
                if token == "," and depth == 0:
                    pieces.append([])
                else:
                    pieces[-1].append(token)
            text = "".join(self.random.choice(pieces)).strip()
            if text and not text.startswith(("$kv :", ":")):
                return text
        index = self.place(parts, "$", "@", "string", "number", "value")
        return parts[index] if index is not None else "1"

    # -- changes, in place -----------------------------------------------------------------------------------------

    def other_token(self, parts):
        index = self.place(parts, "string", "number", "operator", "assignment", "name", "type", "value", "$", "@")
        if index is None:
            return
        old = kind(parts[index])
        pool = {"string": STRINGS, "number": NUMBERS, "operator": OPERATORS, "assignment": ASSIGNMENTS,
                "type": TYPES, "value": VALUES}.get(old)
        if pool is None or self.random.random() < 0.2:
            other = parts if self.random.random() < 0.5 else self.random.choice(self.corpus)
            pool = [token for token in other if kind(token) == old] or [parts[index]]
        parts[index] = self.random.choice(pool)

    def expression(self, parts):
        index = self.value(parts, "string", "number", "$", "@")
        if index is not None:
            parts[index] = self.operand()

    def wrap(self, parts):
        index = self.value(parts, "string", "number", "$", "@", "value")
        if index is not None:
            parts[index] = self.random.choice(CALLS).format(parts[index], parts[index])

    def cast(self, parts):
        index = self.value(parts, "string", "number", "$", "@", "value")
        if index is not None:
            parts[index] = f"({self.random.choice(TYPES)}){parts[index]}"

    def statement(self, parts):
        index = self.place(parts, "{", ";")
        if index is None:
            return
        form, value = self.random.choice(STATEMENTS), self.operand()
        parts.insert(index + 1, " " + form.format(value, self.operand() if self.random.random() < 0.5 else value,
                                                  type=self.random.choice(TYPES)) + " ")

    def splice(self, parts):
        other = self.random.choice(self.corpus)
        mine, theirs = spans(parts), spans(other)
        if mine and theirs:
            begin, end = self.random.choice(mine)
            fitting = [span for span in theirs if other[span[0]] == parts[begin]]
            if fitting:
                first, last = self.random.choice(fitting)
                parts[begin:end] = other[first:last]

    def delete(self, parts):
        index = self.place(parts)
        if index is not None:
            del parts[index:index + self.random.choice([1, 1, 2, 3])]

    def duplicate(self, parts):
        index = self.place(parts)
        if index is not None:
            end = index + self.random.choice([1, 1, 3, 8])
            parts[end:end] = parts[index:end]

    def swap(self, parts):
        first, second = self.place(parts), self.place(parts)
        if first is not None:
            parts[first], parts[second] = parts[second], parts[first]

    def prefix(self, parts):
        index = self.value(parts, "number", "$", "@", "value")
        if index is not None:
            parts.insert(index, self.random.choice(PREFIXES))

    def rename(self, parts):
        """One place of a variable or a map becomes another one of the script."""
        index = self.place(parts, "$", "@")
        if index is not None:
            parts[index] = self.random.choice([token for token in parts if kind(token) in "$@"])


def smaller(text):
    """Texts with a little less in them, larger steps first."""
    parts = tokens(text)
    step = max(len(parts) // 2, 1)
    while step:
        for begin in range(0, len(parts), max(step // 2, 1)):
            yield "".join(parts[:begin] + parts[begin + step:])
        step //= 2
    for begin, end in spans(parts):
        yield "".join(parts[:begin] + parts[end:])
        yield "".join(parts[:begin] + parts[begin + 1:end - 1] + parts[end:])
