"""Finds BPF objects, tracefs events and pins that a finished test left behind in the kernel."""

import ctypes
import json
import os
import pathlib
import re
import struct
import subprocess
import time

from features import bpf

_NEXT_ID = {"prog": 11, "map": 12, "link": 31}
_EVENT_FILES = ("kprobe_events", "uprobe_events")


def _ids(kind):
    attributes = ctypes.create_string_buffer(128)
    found, last = set(), 0
    while True:
        struct.pack_into("<II", attributes, 0, last, 0)
        if bpf(_NEXT_ID[kind], attributes) < 0:
            return found
        last = struct.unpack_from("<I", attributes, 4)[0]
        found.add((kind, last))


def _objects():
    return set().union(*(_ids(kind) for kind in _NEXT_ID))


def _events():
    found = set()
    for name in _EVENT_FILES:
        try:
            found |= {(name, line) for line in pathlib.Path("/sys/kernel/tracing", name).read_text().splitlines()}
        except OSError:
            pass  # no tracefs there: nothing can have been left in it through that path
    return found


def _held_by_processes():
    """Objects that a live process holds open, with the maps and programs they in turn keep alive."""
    held = set()
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            descriptors = os.listdir(process / "fd")
        except OSError:
            continue
        for descriptor in descriptors:
            try:
                if not os.readlink(process / "fd" / descriptor).startswith("anon_inode:"):
                    continue
                info = (process / "fdinfo" / descriptor).read_text()
            except OSError:
                continue
            held |= {(kind, int(number)) for kind, number in re.findall(r"^(prog|map|link)_id:\s*(\d+)", info, re.M)}
    shown = subprocess.run(["bpftool", "-j", "prog", "show"], capture_output=True, text=True, check=True).stdout
    for program in json.loads(shown):
        if ("prog", program["id"]) in held:
            held |= {("map", number) for number in program.get("map_ids", [])}
    return held


class LeakCheck:
    """Remembers what was there at the start; `leaked()` names what is new and belongs to no living process."""

    def __init__(self):
        self._known = _objects() | _events()

    def leaked(self, patience):
        """Waits up to `patience` seconds, since the kernel frees objects after an RCU grace period."""
        deadline = time.monotonic() + patience
        while True:
            new = (_objects() | _events()) - self._known
            if new:
                new -= _held_by_processes()
            if not new:
                return []
            if time.monotonic() > deadline:
                self._known |= new  # reported once
                return sorted(f"{kind} {what}" for kind, what in new)
            time.sleep(0.1)
