#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""console.py SOCKET OUT [INPUT] - what an engine does for --console-socket: takes one terminal, writes what it says to OUT.

Makes SOCKET, takes one descriptor from the first that connects, types INPUT into it, and copies what comes to OUT until the other side
is closed. The name that came along stands in OUT.name.
"""
import array
import os
import socket
import sys

path, out = sys.argv[1], sys.argv[2]
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(path)
server.listen(1)
connection, _ = server.accept()
fds = array.array("i")
name, control, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(16 * fds.itemsize))
for level, kind, data in control:
    if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
        fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
with open(out + ".name", "wb") as file:
    file.write(name + b"\n%d\n" % len(fds))
with open(out, "wb", buffering=0) as file:
    if len(sys.argv) > 3:
        os.write(fds[0], sys.argv[3].encode())
    while True:
        try:
            data = os.read(fds[0], 4096)
        except OSError:
            break
        if not data:
            break
        file.write(data)
