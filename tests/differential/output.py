"""What a program that was run prints."""

import forms
from kinds import Aggregate, Reject, zero


class Output:
    """What is expected, as pieces of text."""

    def __init__(self, machine, json):
        self.machine, self.json, self.pieces = machine, json, []
        for event in machine.events:
            getattr(self, "on_" + event[0])(*event[1:])
        if not json:
            self.pieces.append("\n\n")
        if machine.config.get("print_maps_on_exit", "true") == "true":
            for name in sorted(machine.slots):
                if machine.cells[name]:
                    self.on_print(name)

    def on_value(self, value, kind):
        form = f'{{"type": "value", "data": {forms.as_json(value, kind, self.machine)}}}' if self.json else \
            forms.text(value, kind, self.machine)
        self.pieces.append(form + "\n")

    def on_printf(self, content):
        self.pieces.append(f'{{"type": "printf", "data": {forms.json_string(content)}}}\n' if self.json else content)

    def on_clear(self, name):
        self.machine.cells[name] = {}

    def on_zero(self, name):
        slot = self.machine.slots[name]
        for key in self.machine.cells[name]:
            self.machine.cells[name][key] = [] if isinstance(slot.type, Aggregate) else zero(slot.type)

    def on_print(self, name, top=0, div=1):
        slot, cells = self.machine.slots[name], self.machine.cells[name]
        if slot.scalar and not cells:
            if isinstance(slot.type, Aggregate) and slot.type.function in ("hist", "lhist"):
                return
            if isinstance(slot.type, Aggregate) and slot.type.function in ("avg", "stats") and self.json:
                raise Reject("a cleared stats map in JSON")
            cells = {None: [] if isinstance(slot.type, Aggregate) else zero(slot.type)}
        if not cells:
            return
        (self.map_json if self.json else self.map_text)(slot, forms.in_order(slot, cells, top), div)

    def map_text(self, slot, entries, div):
        for key, state in entries:
            name = f"@{slot.name.lstrip('@')}" + ("" if slot.scalar else f"[{forms.key_text(key, slot.key, self.machine)}]")
            value = forms.map_value(state, slot.type, self.machine, div)
            drawn = isinstance(slot.type, Aggregate) and slot.type.function in ("hist", "lhist")
            self.pieces.append(f"{name}:\n{value}\n" if drawn else f"{name}: {value}\n")

    def map_json(self, slot, entries, div):
        function = slot.type.function if isinstance(slot.type, Aggregate) else ""
        kind = {"avg": "stats", "stats": "stats", "hist": "hist", "lhist": "hist"}.get(function, "map")
        name = forms.json_string("@" + slot.name)
        values = []
        for key, state in entries:
            value = forms.map_value(state, slot.type, self.machine, div, json=True)
            if slot.scalar:
                self.pieces.append(f'{{"type": "{kind}", "data": {{{name}: {value}}}}}\n')
                return
            spelled = forms.json_string(forms.key_text(key, slot.key, self.machine).replace(" ", ""))
            values.append(f"{spelled}: {value}")
        self.pieces.append(f'{{"type": "{kind}", "data": {{{name}: {{{", ".join(values)}}}}}}}\n')


def unordered(piece):
    """Whether this is a line of a loop over a map, which come in any order."""
    return piece.startswith(("~", '{"type": "printf", "data": "~'))


def differs(pieces, actual):
    """Where actual output departs from what is expected: None, or (wanted, rest of the actual output)."""
    at, index = 0, 0
    while index < len(pieces):
        end = index
        while end < len(pieces) and unordered(pieces[end]):
            end += 1
        left = pieces[index:max(end, index + 1)]
        index += len(left)
        while left:
            match = next((form for form in sorted(left, key=len, reverse=True) if actual.startswith(form, at)), None)
            if match is None:
                return (left[0] if len(left) == 1 else "one of " + repr(left)), actual[at:]
            left.remove(match)
            at += len(match)
    return None if at == len(actual) else ("", actual[at:])
