"""What the running kernel can do, found out without sonde: a test that REQUIRES a feature is skipped where it is absent."""

import ctypes
import functools
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile

SYS_BPF = {"x86_64": 321, "aarch64": 280}.get(os.uname().machine, 321)
PROG_LOAD, PROG_TYPE_TRACING, TRACE_FENTRY = 5, 26, 24
_libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attributes):
    """The bpf(2) system call on a mutable attribute buffer; negative errno on failure."""
    result = _libc.syscall(SYS_BPF, command, attributes, ctypes.sizeof(attributes))
    return result if result >= 0 else -ctypes.get_errno()


def kernel_version():
    return tuple(int(part) for part in re.match(r"(\d+)\.(\d+)", os.uname().release).groups())


def _kernel_compare(text):
    operator, major, minor = re.fullmatch(r"kernel(>=|<)(\d+)\.(\d+)", text).groups()
    wanted = (int(major), int(minor))
    return kernel_version() >= wanted if operator == ">=" else kernel_version() < wanted


# Bytes that follow struct btf_type, by kind: fixed part, part per member.
_BTF_EXTRA = {1: (4, 0), 3: (12, 0), 4: (0, 12), 5: (0, 12), 6: (0, 8), 13: (0, 8), 14: (4, 0), 15: (0, 12),
              17: (4, 0), 19: (0, 12)}
_BTF_FUNC = 12


def _btf_function_id(wanted):
    with open("/sys/kernel/btf/vmlinux", "rb") as file:
        data = file.read()
    header, type_offset, type_length, string_offset, _ = struct.unpack_from("<4x5I", data, 0)
    strings = header + string_offset
    position, end, type_id = header + type_offset, header + type_offset + type_length, 0
    wanted = wanted.encode() + b"\0"
    while position < end:
        type_id += 1
        name, info = struct.unpack_from("<II", data, position)
        kind, members = info >> 24 & 0x1F, info & 0xFFFF
        if kind == _BTF_FUNC and data.startswith(wanted, strings + name):
            return type_id
        fixed, each = _BTF_EXTRA.get(kind, (0, 0))
        position += 12 + fixed + each * members
    return None


def _can_fentry():
    function = _btf_function_id("vfs_read")
    if function is None:
        return False
    code = struct.pack("<QQ", 0xB7, 0x95)  # r0 = 0; exit
    code_buffer = ctypes.create_string_buffer(code)
    licence = ctypes.create_string_buffer(b"GPL")
    attributes = ctypes.create_string_buffer(128)
    struct.pack_into("<IIQQ", attributes, 0, PROG_TYPE_TRACING, 2, ctypes.addressof(code_buffer),
                     ctypes.addressof(licence))
    struct.pack_into("<I", attributes, 68, TRACE_FENTRY)
    struct.pack_into("<I", attributes, 108, function)
    fd = bpf(PROG_LOAD, attributes)
    if fd < 0:
        return False
    os.close(fd)
    return True


def _has_tracepoint(text):
    category, name = text.removeprefix("tracepoint:").split("/")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["mount", "-t", "tracefs", "none", folder], check=True)
        try:
            return (pathlib.Path(folder) / "events" / category / name).is_dir()
        finally:
            subprocess.run(["umount", folder], check=True)


_PLAIN = {
    "root": lambda: os.geteuid() == 0,
    "kprobe": lambda: os.path.isdir("/sys/bus/event_source/devices/kprobe"),
    "uprobe": lambda: os.path.isdir("/sys/bus/event_source/devices/uprobe"),
    "fentry": _can_fentry,
    "uprobe_multi": lambda: kernel_version() >= (6, 6),
    "btf": lambda: os.path.exists("/sys/kernel/btf/vmlinux"),
    "two_cpus": lambda: os.cpu_count() >= 2,
}


@functools.cache
def has(feature):
    """Whether this machine has `feature`, written as in REQUIRES; raises ValueError for an unknown one."""
    if feature.startswith("!"):
        return not has(feature[1:])
    if feature in _PLAIN:
        return bool(_PLAIN[feature]())
    if feature.startswith("kernel"):
        return _kernel_compare(feature)
    if feature.startswith("command:"):
        return shutil.which(feature.removeprefix("command:")) is not None
    if feature.startswith("tracepoint:"):
        return _has_tracepoint(feature)
    raise ValueError(f"unknown feature {feature}")
