#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""at-terminal.py SCRIPT COMMAND… - runs COMMAND on a new terminal of 33 lines and 101 columns, as a person at it would.

SCRIPT is lines "WORDS => ACTION": when WORDS have been printed (each line waits for what comes after the last one's), the action is done:
  type TEXT      TEXT is typed (\\n, \\x03 as in Python)
  size L C       the window changes
  signal NAME    the command gets a signal
  stop           SIGSTOP; the terminal gets its cooked modes back, as a shell does; SIGCONT
Prints what the command printed, then "exit CODE" and "terminal restored" or "terminal changed".
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time


def set_size(fd, lines, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def act(action, master, pid, cooked):
    word, _, rest = action.partition(" ")
    if word == "type":
        os.write(master, rest.encode().decode("unicode_escape").encode("latin-1"))
    elif word == "size":
        set_size(master, *map(int, rest.split()))
    elif word == "signal":
        os.kill(pid, getattr(signal, rest))
    elif word == "stop":
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.2)
        termios.tcsetattr(master, termios.TCSANOW, cooked)
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.2)
    else:
        raise SystemExit("at-terminal.py: unknown action " + action)


def main():
    steps = [[part.strip() for part in line.split("=>", 1)] for line in sys.argv[1].splitlines() if line.strip()]
    keep, slave = pty.openpty()
    set_size(keep, 33, 101)
    cooked = termios.tcgetattr(slave)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(slave, fd)
        os.closerange(3, 64)
        os.execvp(sys.argv[2], sys.argv[2:])
    output, seen, end, status = b"", 0, time.monotonic() + 20, None
    while time.monotonic() < end:
        if select.select([keep], [], [], 0.05)[0]:
            output += os.read(keep, 65536)
        elif status is not None:
            break
        while steps:
            words, action = steps[0]
            at = output.find(words.encode(), seen)
            if at < 0:
                break
            seen = at + len(words)
            act(action, keep, pid, cooked)
            steps.pop(0)
        if status is None:
            done, raw = os.waitpid(pid, os.WNOHANG)
            status = raw if done else None
    if status is None:
        os.kill(pid, signal.SIGKILL)
        raise SystemExit("at-terminal.py: it does not end; so far: %r" % output)
    words = output.decode(errors="replace").replace("\r\n", "\n")
    sys.stdout.write(words if words.endswith("\n") or not words else words + "\n")
    print("exit", os.waitstatus_to_exitcode(status))
    print("terminal", "restored" if termios.tcgetattr(slave)[:4] == cooked[:4] else "changed")


main()
