#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The application of the shop: GET / tells of it, POST /orders adds an order, GET /healthz asks the database."""
import http.server, json, os, queue, select, signal, socket, threading

HOST, PORT = os.environ["DB"].rsplit(":", 1)
PASSWORD = open("/run/secrets/db").read().strip()


class Database:
    """One connection that speaks Redis' protocol, as far as the shop needs it."""

    def __init__(self):
        # While the database is replaced, connections to it wait.
        self.socket = socket.create_connection((HOST, int(PORT)), timeout=20)
        self.file = self.socket.makefile("rb")
        self.ask("AUTH", PASSWORD)

    def lives(self):
        """Nothing can be read from a connection that waits, not even its end."""
        return not select.select([self.socket], [], [], 0)[0]

    def ask(self, *words):
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words))
        line = self.file.readline().rstrip()
        if not line or line[:1] == b"-":
            raise OSError("the database says: %s" % (line.decode() or "nothing"))
        if line[:1] == b"$":
            return self.file.read(int(line[1:]) + 2)[:-2].decode() if line != b"$-1" else None
        return line[1:].decode()


idle = queue.LifoQueue()


def ask(*words):
    """On a connection that waits, or on a new one: the database may have been started again."""
    while True:
        try:
            database, is_new = idle.get_nowait(), False
            if not database.lives():
                continue
        except queue.Empty:
            database, is_new = Database(), True
        try:
            answer = database.ask(*words)
            idle.put(database)
            return answer
        except OSError:
            # An order that may have been taken is not sent twice.
            if is_new or words[0] != "GET":
                raise


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one packet

    def answer(self, make):
        try:
            status, body = 200, make()
        except OSError as problem:
            status, body = 503, {"problem": str(problem)}
        text = json.dumps(body).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        if self.path == "/healthz":
            self.answer(lambda: {"database": ask("PING")})
        else:
            self.answer(lambda: {"greeting": os.environ["GREETING"], "orders": int(ask("GET", "orders") or 0), "host": socket.gethostname()})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(lambda: {"order": int(ask("INCR", "orders"))})

    def log_message(self, *words):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    address_family = socket.AF_INET6  # and IPv4
    daemon_threads = True


server = Server(("", 8000), Answer)
signal.signal(signal.SIGTERM, lambda number, frame: threading.Thread(target=server.shutdown).start())
print("the shop listens", flush=True)
server.serve_forever()
