# SPDX-License-Identifier: Apache-2.0
"""notify-socket.py SOCKET FILE PROGRAM ARGUMENT...: a service manager's end of sd_notify. Runs the program as its service, with SOCKET ("@" in
front: an abstract one) as NOTIFY_SOCKET, and writes each line that comes to FILE until the program has ended, and then "exit CODE"."""
import os
import socket
import subprocess
import sys
import threading

name, path, *program = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("\0" + name[1:] if name[0] == "@" else name)
out = open(path, "w", buffering=1)


def listen():
    while True:
        for line in listener.recv(65536).decode().splitlines():
            print(line, file=out)


threading.Thread(target=listen, daemon=True).start()
service = subprocess.Popen(program, env={**os.environ, "NOTIFY_SOCKET": name})
print(f"pid {service.pid}", file=out)
code = service.wait()
print(f"exit {code}", file=out)
os._exit(0)
