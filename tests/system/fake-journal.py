#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fake-journal.py SOCKET FILE - takes messages in journald's native protocol and writes them to FILE: their fields as NAME=VALUE, sorted, with spaces
between, one message a line. Makes the socket, and goes on until it is killed."""
import socket
import struct
import sys


def fields(message):
    while message:
        name, rest = message.split(b"\n", 1)
        if b"=" in name:
            name, value = name.split(b"=", 1)
            message = rest
        else:
            length = struct.unpack("<Q", rest[:8])[0]
            value = rest[8:8 + length]
            assert rest[8 + length:9 + length] == b"\n"
            message = rest[9 + length:]
        yield name.decode() + "=" + value.decode("latin-1").replace("\n", "\\n")


server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(sys.argv[1])
with open(sys.argv[2], "w", encoding="latin-1") as out:
    while True:
        print(" ".join(sorted(fields(server.recv(1 << 20)))), file=out, flush=True)
