#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""registry.py - a registry that does one thing wrong, and images to fill others with.

    registry.py layout DIR TAG ROOTFS.tar BYTES              an OCI layout with one image
    registry.py serve READY LOG ROOTFS.tar MODE [ARGUMENT]   serves that image as web:1; READY gets the port, LOG a line of JSON per request

MODE names what is done wrong: a method of Handler is called for it, if there is one, before the honest answer. "honest" does nothing wrong.
"""
import gzip
import hashlib
import io
import json
import os
import random
import ssl
import sys
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar_of(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def make_image(rootfs, size, text="hello"):
    """The blobs of an image by digest, and its manifest."""
    numbers = random.Random(size)
    tars = [open(rootfs, "rb").read(), tar_of([("word", text.encode())]), tar_of([("big", numbers.randbytes(size))])]
    layers = [gzip.compress(tar, 1, mtime=0) for tar in tars]
    config = json.dumps({"architecture": os.environ.get("IMAGE_ARCHITECTURE") or os.environ.get("OWN_ARCHITECTURE", "amd64"), "os": "linux", "created": "2026-01-02T03:04:05Z",
                         "config": {"Cmd": ["/bin/cat", "/word"], "Env": ["A=b"]},
                         "rootfs": {"type": "layers", "diff_ids": [digest(tar) for tar in tars]},
                         "history": [{"created_by": "step %d" % i} for i in range(3)]}).encode()
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST,
                           "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(config), "size": len(config)},
                           "layers": [{"mediaType": LAYER, "digest": digest(one), "size": len(one)} for one in layers]}).encode()
    return {digest(one): one for one in [config, *layers]}, manifest


def write_layout(folder, tag, rootfs, size):
    blobs, manifest = make_image(rootfs, size, os.environ.get("IMAGE_TEXT", "hello"))
    blobs[digest(manifest)] = manifest
    os.makedirs(folder + "/blobs/sha256", exist_ok=True)
    for name, data in blobs.items():
        with open(folder + "/blobs/sha256/" + name.split(":")[1], "wb") as out:
            out.write(data)
    index = {"schemaVersion": 2, "manifests": []}
    if os.path.exists(folder + "/index.json"):
        index = json.load(open(folder + "/index.json"))
    index["manifests"].append({"mediaType": MANIFEST, "digest": digest(manifest), "size": len(manifest),
                               "annotations": {"org.opencontainers.image.ref.name": tag}})
    json.dump(index, open(folder + "/index.json", "w"))
    json.dump({"imageLayoutVersion": "1.0.0"}, open(folder + "/oci-layout", "w"))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def note(self):
        with self.server.lock, open(self.server.log, "a") as out:
            json.dump({"method": self.command, "path": self.path, "authorization": self.headers.get("Authorization"),
                       "range": self.headers.get("Range"), "cookie": self.headers.get("Cookie"), "host": self.headers.get("Host"),
                       "certificate": self.certificate()}, out)
            out.write("\n")

    def certificate(self):
        """Whether the client has shown one."""
        return bool(getattr(self.connection, "getpeercert", lambda: None)())

    def answer(self, status, body=b"", headers=(), length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code):
        self.answer(status, json.dumps({"errors": [{"code": code, "message": "no"}]}).encode())

    def do_GET(self):
        self.note()
        wrong = getattr(self, "wrong_" + self.server.mode.replace("-", "_"), None)
        try:
            if not wrong or not wrong():
                self.honest()
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.wfile.flush()

    do_HEAD = do_GET

    def kind(self):
        return self.path.split("/")[-2] if self.path.count("/") > 2 else ""

    def last(self):
        return self.path.split("/")[-1].split("?")[0]

    def honest(self):
        if self.path == "/v2/":
            return self.answer(200, b"{}")
        if self.kind() == "manifests" and self.last() in ("1", digest(self.server.manifest)):
            return self.answer(200, self.server.manifest, [("Content-Type", MANIFEST), ("Docker-Content-Digest", digest(self.server.manifest))])
        blob = self.server.blobs.get(self.last()) if self.kind() == "blobs" else None
        if blob is None:
            return self.refuse(404, "NAME_UNKNOWN")
        asked = self.headers.get("Range")
        if asked:
            start = int(asked.split("=")[1].split("-")[0])
            return self.answer(206, blob[start:], [("Content-Range", "bytes %d-%d/%d" % (start, len(blob) - 1, len(blob)))])
        return self.answer(200, blob)

    def big(self):
        return self.kind() == "blobs" and len(self.server.blobs.get(self.last(), b"")) > 2000000

    # --- uploads ---------------------------------------------------------------------------------------------------------------
    def do_POST(self):
        self.note()
        self.server.count += 1
        self.server.uploads["/upload/%d" % self.server.count] = b""
        self.answer(202, b"", [("Location", "/upload/%d?state=x" % self.server.count)])

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_PATCH(self):
        self.note()
        data, place = self.body(), self.path.split("?")[0]
        first = int(self.headers["Content-Range"].split("-")[0])
        if first != len(self.server.uploads[place]):
            return self.refuse(416, "RANGE")
        self.server.uploads[place] += data
        return self.answer(202, b"", [("Location", self.path)])

    def do_PUT(self):
        self.note()
        data = self.body()
        if self.kind() == "manifests":
            self.server.manifest = data
            called = "sha256:" + "0" * 64 if self.server.mode == "misnames" else digest(data)
            subject = json.loads(data).get("subject") if self.server.mode.startswith("referrers") else None
            return self.answer(201, b"", [("Docker-Content-Digest", called)] + ([("OCI-Subject", subject["digest"])] if subject else []))
        if self.server.mode == "upload-limited" and len(data) > 1000000:
            return self.answer(413, b"")
        data = self.server.uploads[self.path.split("?")[0]] + data
        if "digest=" + digest(data) not in self.path:
            return self.refuse(400, "DIGEST_INVALID")
        self.server.blobs[digest(data)] = data
        return self.answer(201)

    # --- D01: layers with urls -------------------------------------------------------------------------------------------------
    # (the manifest is changed at the start; nothing here)

    # --- D02: a token server of a stranger -------------------------------------------------------------------------------------
    def wrong_realm(self):
        if self.headers.get("Authorization"):
            return False
        self.answer(401, b"", [("WWW-Authenticate", 'Bearer realm="%s",service="x"' % self.server.argument)])
        return True

    def wrong_realm_strict(self):
        """Takes no token but that of a password."""
        if self.headers.get("Authorization") == "Bearer good":
            return False
        if self.headers.get("Authorization"):
            self.refuse(403, "DENIED")
            return True
        return self.wrong_realm()

    def wrong_token_server(self):
        self.answer(200, b'{"token": "anonymous-token"}') if "/token" in self.path else self.refuse(404, "X")
        return True

    def wrong_needs_password(self):
        """Bearer tokens of its own, for whoever has the password."""
        own = "http://" + self.headers["Host"]
        if self.path.startswith("/token"):
            given = self.headers.get("Authorization") == "Basic cm9ib3Q6Y2FuYXJ5LTQ3MTE="
            self.answer(200, json.dumps({"token": "good" if given else "poor"}).encode())
            return True
        if self.headers.get("Authorization") == "Bearer good":
            return False
        if self.headers.get("Authorization"):
            self.refuse(403, "DENIED")
            return True
        self.answer(401, b"", [("WWW-Authenticate", 'Bearer realm="%s/token",service="x",scope="repository:web:pull"' % own)])
        return True

    def wrong_basic(self):
        if self.headers.get("Authorization") == "Basic cm9ib3Q6Y2FuYXJ5LTQ3MTE=":
            return False
        self.answer(401, b"", [("WWW-Authenticate", 'Basic realm="x"')])
        return True

    # --- D03: redirects --------------------------------------------------------------------------------------------------------
    def wrong_redirect(self):
        return self.wrong_basic() or self.wrong_redirect_blobs()

    def wrong_redirect_blobs(self):
        if self.kind() == "blobs":
            self.answer(307, b"", [("Location", self.server.argument + self.path)])
            return True
        return False

    def wrong_redirect_loop(self):
        if self.kind() == "blobs":
            self.answer(307, b"", [("Location", self.path)])
            return True
        return False

    # --- referrers -------------------------------------------------------------------------------------------------------------
    def wrong_referrers(self):
        """Not wrong: two pages of them. The second names one thing that is no digest."""
        if self.kind() != "referrers":
            return False
        page = 2 if "page=2" in self.path else 1
        one = {"mediaType": MANIFEST, "digest": digest(b"%d" % page), "size": page, "artifactType": "application/vnd.example.sbom",
               "annotations": {"page": "%d \x1b[31m" % page}}
        more = [] if page == 1 else [{"mediaType": MANIFEST, "digest": "sha256:../../x", "size": 1}]
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [one] + more}
        self.answer(200, json.dumps(index).encode(), [("Content-Type", INDEX)] + [("Link", '<%s?page=2>; rel="next"' % self.path)] * (page == 1))
        return True

    def wrong_referrers_endless(self):
        """Every page has a next one."""
        if self.kind() != "referrers":
            return False
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"mediaType": MANIFEST, "digest": digest(os.urandom(8)), "size": 1}] * 400}
        self.answer(200, json.dumps(index).encode(), [("Content-Type", INDEX), ("Link", '<%s>; rel="next"' % self.path)])
        return True

    def wrong_referrers_no_index(self):
        if self.kind() != "referrers":
            return False
        self.answer(200, self.server.manifest, [("Content-Type", MANIFEST)])
        return True

    # --- D08: limits -----------------------------------------------------------------------------------------------------------
    def wrong_manifest_huge(self):
        if self.kind() != "manifests":
            return False
        self.answer(200, b" " * (5 << 20), [("Content-Type", MANIFEST)])
        return True

    def wrong_manifest_endless(self):
        if self.kind() != "manifests":
            return False
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while True:
            self.wfile.write(b"10000\r\n" + b" " * 65536 + b"\r\n")

    def wrong_manifest_gzip(self):
        if self.kind() != "manifests":
            return False
        self.answer(200, gzip.compress(self.server.manifest), [("Content-Type", MANIFEST), ("Content-Encoding", "gzip")])
        return True

    def wrong_manifest_other(self):
        if self.kind() != "manifests":
            return False
        self.answer(200, self.server.manifest + b" ", [("Content-Type", MANIFEST), ("Docker-Content-Digest", digest(self.server.manifest))])
        return True

    def wrong_headers(self):
        self.send_response(200)
        for i in range(100000):
            self.send_header("X-Flood-%d" % i, "x" * 100)
        self.end_headers()
        return True

    def wrong_header_long(self):
        self.send_response(200)
        self.send_header("X-Long", "x" * (1 << 20))
        self.end_headers()
        return True

    def wrong_blob_longer(self):
        if not self.big():
            return False
        self.answer(200, self.server.blobs[self.last()] + b"more")
        return True

    def wrong_blob_endless(self):
        if not self.big():
            return False
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        # What is right comes first: else its first bytes are what is complained about.
        blob = self.server.blobs[self.last()]
        self.wfile.write(b"%x\r\n" % len(blob) + blob + b"\r\n")
        while True:
            self.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    def wrong_blob_shorter(self):
        if not self.big():
            return False
        self.answer(200, self.server.blobs[self.last()][:-1])
        return True

    def wrong_blob_other(self):
        if not self.big():
            return False
        blob = bytearray(self.server.blobs[self.last()])
        blob[len(blob) // 2] ^= 1
        self.answer(200, bytes(blob))
        return True

    def wrong_chunk_overflow(self):
        if not self.big():
            return False
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"fffffffffffffffffffff\r\nxxxx\r\n")
        self.close_connection = True
        return True

    def wrong_silent(self):
        if not self.big():
            return False
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.blobs[self.last()])))
        self.end_headers()
        self.wfile.write(b"\x1f\x8b")
        self.wfile.flush()
        time.sleep(60)
        return True

    def broken_off(self):
        """Half of what was asked for."""
        blob = self.server.blobs[self.last()]
        asked = self.headers.get("Range")
        start = int(asked.split("=")[1].split("-")[0]) if asked else 0
        rest = blob[start:]
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (start, len(blob) - 1, len(blob)))
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: len(rest) // 2])
        self.wfile.flush()
        self.close_connection = True

    def wrong_breaks_off(self):
        """The first three times."""
        if not self.big():
            return False
        self.server.count += 1
        if self.server.count > 3:
            return False
        self.broken_off()
        return True

    def wrong_poisons(self):
        """Another beginning, and never an end."""
        if not self.big():
            return False
        if self.headers.get("Range"):
            self.refuse(404, "BLOB_UNKNOWN")
            return True
        length = len(self.server.blobs[self.last()])
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(b"\x1f\x8b\x08" + bytes(length // 2))
        self.wfile.flush()
        self.close_connection = True
        return True

    def wrong_range_ignored(self):
        """Whole after having broken off, although a part was asked for."""
        if not self.big():
            return False
        if self.headers.get("Range"):
            self.answer(200, self.server.blobs[self.last()])
        else:
            self.broken_off()
        return True

    def wrong_range_lies(self):
        """Another part than was asked for."""
        if not self.big():
            return False
        if self.headers.get("Range"):
            blob = self.server.blobs[self.last()]
            self.answer(206, blob[1:], [("Content-Range", "bytes 1-%d/%d" % (len(blob) - 1, len(blob)))])
        else:
            self.broken_off()
        return True

    def wrong_token_huge(self):
        if self.path.startswith("/token"):
            self.answer(200, b'{"token": "' + b"x" * (1 << 20) + b'"}')
        else:
            self.answer(401, b"", [("WWW-Authenticate", 'Bearer realm="http://%s/token"' % self.headers["Host"])])
        return True

    def wrong_token_line(self):
        if self.path.startswith("/token"):
            self.answer(200, json.dumps({"token": "x\r\nX-Injected: yes"}).encode())
        else:
            self.answer(401, b"", [("WWW-Authenticate", 'Bearer realm="http://%s/token"' % self.headers["Host"])])
        return True

    def wrong_busy(self):
        """429 twice, then good."""
        self.server.count += 1
        if self.server.count > 2:
            return False
        self.answer(429, b'{"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}', [("Retry-After", "0")])
        return True

    def wrong_busy_seconds(self):
        """429 once, with two seconds to wait."""
        self.server.count += 1
        if self.server.count > 1:
            return False
        self.answer(429, b"", [("Retry-After", "2")])
        return True

    def wrong_busy_date(self):
        """429 once, with a date three seconds from now."""
        self.server.count += 1
        if self.server.count > 1:
            return False
        self.answer(429, b"", [("Retry-After", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 3)))])
        return True

    def wrong_busy_tomorrow(self):
        self.server.count += 1
        self.answer(429, b"", [("Retry-After", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 86400)))])
        return True

    def wrong_limited(self):
        self.answer(429, b'{"errors": [{"code": "TOOMANYREQUESTS", "message": "pull rate limit"}]}', [("Retry-After", "3600")])
        return True

    # --- D10: escapes ----------------------------------------------------------------------------------------------------------
    def wrong_escapes(self):
        message = "\x1b]0;owned\x07\x1b[2Jgone\u009b31m" + "x" * 5000
        self.answer(400, json.dumps({"errors": [{"code": "BAD\x1b[31m", "message": message}]}).encode())
        return True

    def wrong_escapes_plain(self):
        self.answer(400, b"\x1b[2Jplain\x07")
        return True

    def wrong_slow(self):
        """A blob that takes its time: so many seconds per 100,000 bytes."""
        if not self.big():
            return False
        blob = self.server.blobs[self.last()]
        asked = self.headers.get("Range")
        start = int(asked.split("=")[1].split("-")[0]) if asked else 0
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (start, len(blob) - 1, len(blob)))
        self.send_header("Content-Length", str(len(blob) - start))
        self.end_headers()
        for at in range(start, len(blob), 100000):
            self.wfile.write(blob[at : at + 100000])
            self.wfile.flush()
            time.sleep(float(self.server.argument or 0.05))
        return True


def change(server):
    """Modes that serve another manifest."""
    manifest = json.loads(server.manifest)
    if server.mode == "urls":
        manifest["layers"][2]["urls"] = [server.argument + "/foreign"]
        manifest["layers"][2]["mediaType"] = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
        del server.blobs[manifest["layers"][2]["digest"]]
    elif server.mode == "size-lies":
        manifest["layers"][2]["size"] -= 1
    elif server.mode == "size-huge":
        manifest["layers"][2]["size"] = 1 << 62
    else:
        return
    server.manifest = json.dumps(manifest).encode()


def serve(ready, log, rootfs, mode, argument="", certificate=""):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.lock, server.log, server.mode, server.argument, server.count = threading.Lock(), log, mode, argument, 0
    server.uploads = {}
    server.blobs, server.manifest = make_image(rootfs, 3000000, os.environ.get("IMAGE_TEXT", "hello"))
    change(server)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate + ".crt", certificate + ".key")
        if os.environ.get("CLIENT_AUTHORITY"):
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(os.environ["CLIENT_AUTHORITY"])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    open(log, "a").close()
    with open(ready + ".new", "w") as out:
        out.write(str(server.server_address[1]))
    os.rename(ready + ".new", ready)
    server.serve_forever()


if sys.argv[1] == "layout":
    write_layout(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
else:
    serve(*sys.argv[2:])
