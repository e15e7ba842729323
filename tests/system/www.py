#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""www.py - a web server for what a build fetches.

    www.py FOLDER READY LOG [CERTIFICATE-AND-KEY]

Serves the files of FOLDER on 127.0.0.1; READY gets the port, LOG a line "METHOD PATH" per request. /to/ADDRESS redirects there, as it does
for who takes it for a proxy that reaches outside.example; /PATH?cut ends in the middle, /PATH?as=NAME names the file NAME in its
Content-Disposition.
"""
import os
import ssl
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

folder, ready, log = sys.argv[1:4]


class Handler(SimpleHTTPRequestHandler):
    def __init__(self, *args):
        super().__init__(*args, directory=folder)

    def do_GET(self):
        with open(log, "a", encoding="utf-8") as out:
            out.write("%s %s\n" % (self.command, self.path))
        where = self.path.split("/to/", 1)[1:]
        if where and self.path.startswith(("/to/", "http://outside.example/to/")):
            self.send_response(302)
            self.send_header("Location", where[0])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path.endswith("?cut"):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"only this")
            self.close_connection = True
        else:
            super().do_GET()

    def end_headers(self):
        if "?as=" in self.path:
            self.send_header("Content-Disposition", 'attachment; filename="%s"' % self.path.split("?as=")[1])
        super().end_headers()

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if len(sys.argv) > 4:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(ready + ".new", "w", encoding="utf-8") as out:
    out.write(str(server.server_port))
os.rename(ready + ".new", ready)
server.serve_forever()
