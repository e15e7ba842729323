#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A program that decides for seccomp filters: seccomp-agent.py SOCKET FOLDER [NUMBER:ERRNO...]

It listens on SOCKET. What comes with the n-th listener goes to FOLDER/n.json; each call that is asked about becomes a line of FOLDER/calls:
"n number". A number from the command line gets its errno (0: success, nothing happens); any other call may go on. It ends by itself when
nobody came for a minute.
"""
import array
import errno
import fcntl
import os
import select
import socket
import struct
import sys

RECV, SEND, CONTINUE = 0xC0502100, 0xC0182101, 1


def take(connection):
    data, rights, _, _ = connection.recvmsg(1 << 16, socket.CMSG_SPACE(4))
    listener = array.array("i", rights[0][2][:4])[0]
    while part := connection.recv(1 << 16):
        data += part
    return listener, data


def decide(listener, number, answers, calls):
    notice = bytearray(80)
    try:
        fcntl.ioctl(listener, RECV, notice)
    except OSError as e:
        return e.errno in (errno.EINTR, errno.ENOENT)
    ident, _, _, call = struct.unpack_from("=QIIi", notice)
    calls.write(f"{number} {call}\n")
    calls.flush()
    error = answers.get(call, -1)
    try:
        fcntl.ioctl(listener, SEND, struct.pack("=QqiI", ident, 0, -max(error, 0), CONTINUE if error < 0 else 0))
    except OSError as e:
        return e.errno == errno.ENOENT
    return True


def main():
    path, folder = sys.argv[1:3]
    answers = {int(a): int(b) for a, b in (word.split(":") for word in sys.argv[3:])}
    door = socket.socket(socket.AF_UNIX)
    door.bind(path)
    door.listen()
    poll = select.poll()
    poll.register(door, select.POLLIN)
    listeners = {}
    with open(f"{folder}/calls", "w") as calls:
        while ready := poll.poll(60000):
            for fd, events in ready:
                if fd == door.fileno():
                    with door.accept()[0] as connection:
                        listener, data = take(connection)
                    listeners[listener] = len(listeners) + 1
                    poll.register(listener, select.POLLIN)
                    with open(f"{folder}/new", "wb") as file:
                        file.write(data)
                    os.rename(f"{folder}/new", f"{folder}/{listeners[listener]}.json")
                elif events & select.POLLIN:
                    if not decide(fd, listeners[fd], answers, calls):
                        poll.unregister(fd)
                else:
                    poll.unregister(fd)  # nobody has this filter any more


main()
