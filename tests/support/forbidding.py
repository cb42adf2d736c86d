"""Starts a program where the system refuses some of its calls: `forbidding.py call[:argument],… program arguments…`.

A filter of the kernel's (seccomp(2)), put on before the program is executed: what is refused is answered "operation not permitted". The
argument is the first one's value, for a call of which only one kind is refused.
"""

import ctypes
import os
import platform
import struct
import sys

NUMBERS = {
    "x86_64": {"socket": 41, "mlock": 149, "mlockall": 151, "mlock2": 325},
    "aarch64": {"socket": 198, "mlock": 228, "mlockall": 230, "mlock2": 284},
}
LOAD, IS, RETURN = 0x20, 0x15, 0x06
NUMBER, FIRST = 0, 16
REFUSED, ALLOWED = 0x00050001, 0x7FFF0000
NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2


def line(code, yes, no, value):
    return struct.pack("HBBI", code, yes, no, value)


def rule(number, first):
    held = [line(LOAD, 0, 0, FIRST), line(IS, 0, 1, first)] if first is not None else []
    return [line(LOAD, 0, 0, NUMBER), line(IS, 0, len(held) + 1, number), *held, line(RETURN, 0, 0, REFUSED)]


numbers, lines = NUMBERS[platform.machine()], []
for call in sys.argv[1].split(","):
    name, _, first = call.partition(":")
    lines += rule(numbers[name], int(first) if first else None)
lines.append(line(RETURN, 0, 0, ALLOWED))
code = ctypes.create_string_buffer(b"".join(lines))
program = struct.pack("HP", len(lines), ctypes.addressof(code))
system = ctypes.CDLL(None, use_errno=True)
for asked in [(NO_NEW_PRIVILEGES, 1, 0, 0, 0), (SECCOMP, FILTER, program, 0, 0)]:
    if system.prctl(*asked) != 0:
        sys.exit("the system puts no such filter on: " + os.strerror(ctypes.get_errno()))
os.execv(sys.argv[2], sys.argv[2:])
