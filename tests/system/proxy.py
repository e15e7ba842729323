#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""proxy.py READY LOG NAME=HOST:PORT… - a proxy for http and CONNECT that takes every NAME to its HOST:PORT, and other names nowhere.

READY gets the port, LOG a line per request: its method, what it is for, and its Proxy-Authorization.
"""
import os
import select
import socket
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def carry(one, other):
    """Bytes both ways until one side ends."""
    while True:
        for ready in select.select([one, other], [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            (other if ready is one else one).sendall(data)


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def note(self):
        with open(self.server.log, "a") as out:
            out.write("%s %s %s\n" % (self.command, self.path, self.headers.get("Proxy-Authorization", "-")))

    def reach(self, name):
        place = self.server.places.get(name.split(":")[0])
        if not place:
            self.send_error(502)
            return None
        host, port = place.rsplit(":", 1)
        return socket.create_connection((host, int(port)))

    def do_CONNECT(self):
        self.note()
        there = self.reach(self.path)
        if there:
            self.send_response(200)
            self.end_headers()
            carry(self.connection, there)
        self.close_connection = True

    def do_GET(self):
        self.note()
        url = urllib.parse.urlsplit(self.path)
        there = self.reach(url.netloc)
        if there:
            kept = ["%s: %s" % (name, value) for name, value in self.headers.items() if not name.lower().startswith("proxy-")]
            there.sendall("\r\n".join(["%s %s HTTP/1.1" % (self.command, url.path), "Connection: close", *kept, "", ""]).encode())
            carry(self.connection, there)
        self.close_connection = True

    do_HEAD = do_GET


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
server.log, server.places = sys.argv[2], dict(place.split("=", 1) for place in sys.argv[3:])
open(server.log, "a").close()
with open(sys.argv[1] + ".new", "w") as out:
    out.write(str(server.server_address[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
