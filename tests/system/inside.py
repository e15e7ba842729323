# SPDX-License-Identifier: Apache-2.0
# inside.py PID CALLS…: what a process could do that somebody has taken over: it makes the system calls itself, behind its own fences.
#
# Each of CALLS is NAME ARGUMENTS in one word, split by commas: "open,/etc/passwd,O_RDWR|O_CREAT", "unlink,/x", "rmdir,/x", "rename,/x,/y",
# "flock,FD,LOCK_EX|LOCK_NB", "write,FD,WORDS", "listdir,FD", "close,FD"; FD "-1" is what the last open gave. A line each is printed: "open 7", or
# "open EACCES". It is traced meanwhile, and goes on as it was behind that. With the word "hold" in the end it is left stopped.
import ctypes, errno, fcntl, os, platform, signal, struct, sys

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
CONT, SINGLESTEP, ATTACH, DETACH, GETREGSET, SETREGSET = 7, 9, 16, 17, 0x4204, 0x4205
PRSTATUS, AT_FDCWD = 1, -100
SPACE = 8192  # bytes below the stack, of which a red zone and more stay free

# Where registers lie among 64-bit words, and the numbers of the calls.
if platform.machine() == "aarch64":
    CALL, PC, SP, FIRST, RESULT, WORDS = 8, 32, 31, [0, 1, 2, 3, 4, 5], 0, 34
    INSTRUCTION = b"\x01\x00\x00\xd4"
    NUMBERS = {"openat": 56, "unlinkat": 35, "renameat": 38, "flock": 32, "write": 64, "getdents64": 61, "close": 57}
else:
    CALL, PC, SP, FIRST, RESULT, WORDS = 10, 16, 19, [14, 13, 12, 7, 9, 8], 10, 27
    INSTRUCTION = b"\x0f\x05"
    NUMBERS = {"openat": 257, "unlinkat": 263, "renameat": 264, "flock": 73, "write": 1, "getdents64": 217, "close": 3}


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def trace(request, address=None, data=None):
    if libc.ptrace(request, PID, address, data) < 0:
        sys.exit(f"ptrace {request}: {os.strerror(ctypes.get_errno())}")


def registers(new=None):
    words = (ctypes.c_ulonglong * WORDS)(*(new or []))
    vector = Vector(ctypes.addressof(words), ctypes.sizeof(words))
    trace(SETREGSET if new else GETREGSET, PRSTATUS, ctypes.addressof(vector))
    return list(words)


# Some instruction of a call that is there already.
def gadget():
    for line in open(f"/proc/{PID}/maps"):
        span, mode = line.split()[:2]
        start, end = (int(x, 16) for x in span.split("-"))
        if "x" not in mode or "vsyscall" in line or "vdso" in line:
            continue
        code = os.pread(MEMORY, end - start, start)
        at = code.find(INSTRUCTION)
        while at >= 0 and platform.machine() == "aarch64" and at % 4:
            at = code.find(INSTRUCTION, at + 1)
        if at >= 0:
            return start + at
    sys.exit("no call in its code")


def call(name, *arguments):
    words, at, given = list(BEFORE), BEFORE[SP] - SPACE, []
    for argument in arguments:
        if isinstance(argument, str):
            argument = argument.encode() + b"\0"
            os.pwrite(MEMORY, argument, at)
            argument, at = at, at + (len(argument) + 15) // 16 * 16
        given.append(argument & 0xFFFFFFFFFFFFFFFF)
    for register, value in zip(FIRST, given):
        words[register] = value
    words[PC] = CODE
    if platform.machine() != "aarch64":
        words[15] = 0xFFFFFFFFFFFFFFFF  # orig_rax: nothing is to be begun again
    words[CALL] = NUMBERS[name]
    registers(words)
    trace(SINGLESTEP)
    os.waitpid(PID, 0)
    result = ctypes.c_longlong(registers()[RESULT]).value
    return result


def value(text):
    if text == "-1":
        return LAST
    if text.lstrip("-").isdigit():
        return int(text)
    number = 0
    for word in text.split("|"):
        number |= getattr(os, word, None) if hasattr(os, word) else getattr(fcntl, word)
    return number


PID, LAST = int(sys.argv[1]), -1
MEMORY = os.open(f"/proc/{PID}/mem", os.O_RDWR)
trace(ATTACH)
os.waitpid(PID, 0)
BEFORE, CODE = registers(), gadget()
holds = sys.argv[-1] == "hold"
for words in sys.argv[2 : -1 if holds else None]:
    name, *rest = words.split(",")
    if name == "open":
        result = call("openat", AT_FDCWD, rest[0], value(rest[1]), 0o600)
        LAST = result
    elif name in ("unlink", "rmdir"):
        result = call("unlinkat", AT_FDCWD, rest[0], 0x200 if name == "rmdir" else 0)
    elif name == "rename":
        result = call("renameat", AT_FDCWD, rest[0], AT_FDCWD, rest[1])
    elif name == "flock":
        result = call("flock", value(rest[0]), value(rest[1]))
    elif name == "write":
        result = call("write", value(rest[0]), rest[1], len(rest[1]))
    elif name == "listdir":
        result = call("getdents64", value(rest[0]), " " * 4000, 4000)
    else:
        result = call("close", value(rest[0]))
    print(name, errno.errorcode.get(-result, -result) if result < 0 else result, flush=True)
registers(BEFORE)
if holds:
    os.kill(PID, signal.SIGSTOP)
trace(DETACH, None, signal.SIGSTOP if holds else 0)
