#!/usr/bin/python3
"""Answers with the user that it is, and notes each question in /data."""
import http.server, os, signal, sys

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("/data/asked", "a") as note:
            note.write(self.path + "\n")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"user %d answers\n" % os.getuid())

signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
http.server.HTTPServer(("", 8080), Answer).serve_forever()
