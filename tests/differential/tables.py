"""Texts of strerror(), signal_name() and syscall_name() for a few numbers, from the description."""

STRERROR = {0: "Success", 1: "Operation not permitted", 2: "No such file or directory", 3: "No such process",
            4: "Interrupted system call", 5: "I/O error", 7: "Argument list too long", 12: "Out of memory",
            13: "Permission denied", 14: "Bad address", 22: "Invalid argument", 32: "Broken pipe"}
SIGNALS = {9: "Killed"}
SYSCALLS = {257: "openat"}
