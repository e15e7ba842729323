#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mk_images.py TARGET HOST - hostile layers and images, and what has to become of them.

Writes TARGET/NAME.tar (and .tar.gz, .tar.zst, or a folder NAME/ that is an OCI layout) and TARGET/cases, one line per case:

    NAME <tab> KIND <tab> SOURCE <tab> EXPECTED <tab> WORDS

KIND is what box-image is told (tar, oci, oci-archive, docker-archive). EXPECTED is "refused" (WORDS are in the error), "contained" (it may
succeed) or "taken" (it succeeds; WORDS is a path that must exist in the layer). In all of them the folder HOST must stay as it was. Headers are made by hand here:
tarfile is too polite to write them.
"""
import gzip
import hashlib
import json
import os
import struct
import subprocess
import sys

TARGET, HOST = sys.argv[1], sys.argv[2]
OUTSIDE = HOST.lstrip("/")
CASES = []


def octal(value, width):
    return ("%0*o" % (width - 1, value)).encode() + b"\0"


def base256(value, width):
    return (value & ((1 << (8 * width - 1)) - 1) | 1 << (8 * width - 1)).to_bytes(width, "big")


def header(name, kind=b"0", size=0, mode=0o644, uid=0, gid=0, link="", mtime=1, major=0, minor=0, prefix=b"", raw=None, magic=b"ustar\x0000"):
    """One block of 512 bytes. raw: {field: bytes} put in as they are, before the checksum."""
    fields = {
        "name": os.fsencode(name)[:100].ljust(100, b"\0"),
        "mode": octal(mode, 8), "uid": octal(uid, 8) if 0 <= uid < 1 << 21 else base256(uid, 8),
        "gid": octal(gid, 8) if 0 <= gid < 1 << 21 else base256(gid, 8),
        "size": octal(size, 12) if 0 <= size < 1 << 33 else base256(size, 12), "mtime": octal(mtime, 12),
        "sum": b" " * 8, "kind": kind, "link": os.fsencode(link)[:100].ljust(100, b"\0"), "magic": magic,
        "uname": b"root".ljust(32, b"\0"), "gname": b"root".ljust(32, b"\0"), "major": octal(major, 8), "minor": octal(minor, 8),
        "prefix": prefix.ljust(155, b"\0"), "pad": b"\0" * 12,
    }
    fields.update(raw or {})
    block = b"".join(fields.values())
    assert len(block) == 512, (name, len(block))
    if "sum" not in (raw or {}):
        block = block[:148] + ("%06o" % sum(block)).encode() + b"\0 " + block[156:]
    return block


def padded(data):
    return data + b"\0" * (-len(data) % 512)


def file(name, data=b"x", **more):
    return header(name, b"0", len(data), **more) + padded(data)


def folder(name, mode=0o755, **more):
    return header(name, b"5", mode=mode, **more)


def symlink(name, target, **more):
    return header(name, b"2", link=target, mode=0o777, **more)


def hardlink(name, target, **more):
    return header(name, b"1", link=target, **more)


def records(pairs):
    out = b""
    for key, value in pairs:
        value = value if isinstance(value, bytes) else value.encode()
        length = len(key) + len(value) + 3
        while len(str(length)) + len(key) + len(value) + 3 != length:
            length = len(str(length)) + len(key) + len(value) + 3
        out += b"%d %s=%s\n" % (length, key.encode(), value)
    return out


def pax_block(pairs, kind=b"x"):
    data = records(pairs)
    return header("PaxHeaders/x", kind, len(data)) + padded(data)


def sparse(size, pieces, data):
    return pax_block([
        ("GNU.sparse.major", "0"), ("GNU.sparse.minor", "1"), ("GNU.sparse.name", "sparse"), ("GNU.sparse.size", str(size)),
        ("GNU.sparse.numblocks", str(len(pieces))), ("GNU.sparse.map", ",".join("%d,%d" % p for p in pieces))]) + file("s", data)


def gnu_long(kind, text):
    data = text + b"\0"
    return header("././@LongLink", kind, len(data), magic=b"ustar  \0") + padded(data)


END = b"\0" * 1024


def write(path, data):
    with open(os.path.join(TARGET, path), "wb") as f:
        f.write(data)


def case(name, kind, source, expected, words):
    CASES.append("\t".join((name, kind, source, expected, words)))


def tar(name, members, expected, words="", end=END):
    write(name + ".tar", b"".join(members) + end)
    case(name, "tar", name + ".tar", expected, words)


# --- B01: names that lead out -------------------------------------------------------------------------------------------
def names():
    tar("b01-dotdot", [file("../../../../../.." + HOST + "/pwn")], "refused", "leads out of the root by \"..\"")
    tar("b01-dotdot-inside", [folder("a"), file("a/../../b")], "refused", "leads out of the root")
    tar("b01-dotdot-harmless", [folder("a"), file("a/../b")], "refused", "leads out of the root")
    tar("b01-absolute", [file(HOST + "/pwn")], "taken", OUTSIDE + "/pwn")
    tar("b01-slashes", [file("a//./b//c")], "taken", "a/b/c")
    tar("b01-backslash", [file("a\\..\\b")], "taken", "a\\..\\b")
    tar("b01-deep", [pax_block([("path", "d/" * 600 + "f")]), file("x")], "refused", "folders deep")
    tar("b01-deepest", [pax_block([("path", "d/" * 511 + "f")]), file("x")], "taken", "d/" * 511 + "f")
    tar("b01-long-part", [pax_block([("path", "n" * 256)]), file("x")], "refused", "more than 255 bytes")
    tar("b01-long-name", [pax_block([("path", ("n" * 200 + "/") * 25 + "f")]), file("x")], "refused", "more than 4096 bytes")
    tar("b01-gnu-long", [gnu_long(b"L", b"g/" * 60 + b"f"), file("x", magic=b"ustar  \0")], "taken", "g/" * 60 + "f")
    tar("b01-newline", [file("a\nb")], "taken", "a\nb")


# --- B02, B03: links in the way, and the root itself --------------------------------------------------------------------
def links():
    tar("b02-write-through", [symlink("e", HOST), file("e/pwn")], "contained", "")
    tar("b02-write-over-link", [symlink("f", HOST + "/marker"), file("f", b"changed")], "taken", "f")
    tar("b02-relative", [symlink("e", "../../../../../.." + HOST), file("e/pwn")], "contained", "")
    tar("b02-chain", [symlink("l%d" % i, "l%d" % (i + 1)) for i in range(41)] + [symlink("l41", HOST), file("l0/pwn")], "refused", "ELOOP")
    tar("b02-proc", [symlink("p", "/proc/self/cwd"), file("p/pwn")], "contained", "")
    tar("b02-loop", [symlink("a", "b"), symlink("b", "a"), file("a/x")], "refused", "ELOOP")
    tar("b02-inside", [folder("usr"), folder("usr/bin"), symlink("bin", "usr/bin"), file("bin/sh")], "taken", "usr/bin/sh")
    tar("b03-dot-link", [symlink(".", HOST), file("pwn")], "refused", "in the place of the root")
    tar("b03-dot-file", [file(".")], "refused", "in the place of the root")
    tar("b03-slash-link", [symlink("/", HOST), file("pwn")], "refused", "in the place of the root")
    tar("b03-dot-fifo", [header("./", b"6")], "refused", "in the place of the root")
    tar("b03-dot-hard", [file("a"), hardlink(".", "a")], "refused", "in the place of the root")
    tar("b03-dot-folder", [folder("./", mode=0o700), file("./a")], "taken", "a")


# --- B04: hard links ------------------------------------------------------------------------------------------------------
def hard_links():
    tar("b04-outside", [hardlink("h", HOST + "/marker")], "refused", "link it to")
    tar("b04-dotdot", [hardlink("h", "../../../.." + HOST + "/marker")], "refused", "leads out of the root")
    tar("b04-overwrite", [hardlink("h", HOST + "/marker"), file("h", b"changed")], "refused", "link it to")
    tar("b04-through-link", [symlink("e", HOST), hardlink("h", "e/marker")], "refused", "link it to")
    tar("b04-to-symlink", [symlink("s", HOST + "/marker"), hardlink("h", "s")], "refused", "no regular file")
    tar("b04-to-folder", [folder("d"), hardlink("h", "d")], "refused", "no regular file")
    tar("b04-to-fifo", [header("p", b"6"), hardlink("h", "p")], "refused", "no regular file")
    tar("b04-to-itself", [file("h"), hardlink("h", "./h")], "refused", "hard link to itself")
    tar("b04-missing", [hardlink("h", "not-there")], "refused", "ENOENT")
    tar("b04-to-root", [hardlink("h", "/")], "refused", "hard link to the root folder")
    tar("b04-good", [file("a", b"both"), hardlink("b", "a"), hardlink("b", "/a"), hardlink("c", "./b")], "taken", "c")
    tar("b04-to-whiteout", [file(".wh.a", b""), hardlink("h", "a")], "refused", "no regular file")


# --- B05 to B07: whiteouts --------------------------------------------------------------------------------------------------
def whiteouts():
    tar("b05-whiteout", [symlink("e", HOST), file("e/.wh.marker", b"")], "contained", "")
    tar("b05-opaque", [symlink("e", HOST), file("e/.wh..wh..opq", b"")], "contained", "")
    for i, base in enumerate([".wh.", ".wh..", ".wh...", ".wh..wh.x", ".wh..wh.", ".wh..wh.plnk"]):
        tar("b06-name-%d" % i, [file("d/" + base, b"")], "refused", "which is no name that a layer can hold")
    tar("b06-data", [file("d/.wh.x", b"data")], "refused", "a whiteout is an empty file")
    tar("b06-folder", [folder("d/.wh.x")], "refused", "a whiteout is an empty file")
    tar("b06-link", [symlink("d/.wh.x", "a")], "refused", "a whiteout is an empty file")
    tar("b06-after", [file("d/a", b"mine"), file("d/.wh.a", b"")], "taken", "d/a")
    tar("b06-before", [file("d/.wh.a", b""), file("d/a", b"mine")], "taken", "d/a")
    tar("b07-node", [header("n", b"3")], "refused", "character device 0:0")
    for i, name in enumerate(["user.overlay.redirect", "trusted.overlay.redirect", "user.overlay.metacopy", "user.overlay.opaque",
                              "trusted.overlay.opaque", "user.overlay.origin", "user.overlay.whiteout"]):
        tar("b07-xattr-%d" % i, [pax_block([("SCHILY.xattr." + name, "/other")]), folder("d")], "taken", "d")


# --- B08 to B10: what files are ---------------------------------------------------------------------------------------------
def kinds():
    tar("b08-block", [header("sda", b"4", major=8, minor=0), file("after")], "taken", "after")
    tar("b08-char", [header("mem", b"3", major=1, minor=1), file("after")], "taken", "after")
    tar("b08-over-file", [file("f"), header("f", b"4", major=8, minor=0)], "taken", "f")
    tar("b08-fifo", [header("p", b"6", mode=0o600)], "taken", "p")
    tar("b08-unknown", [header("u", b"Z", size=0)], "contained", "")
    tar("b09-setuid", [file("su", b"#!", mode=0o4755, uid=0)], "taken", "su")
    cap = struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)
    tar("b10-capability", [pax_block([("SCHILY.xattr.security.capability", cap)]), file("ping")], "taken", "ping")
    tar("b10-capability-v3", [pax_block([("SCHILY.xattr.security.capability", struct.pack("<IIIIII", 0x03000001, 1 << 13, 0, 0, 0, 0))]),
                              file("ping")], "taken", "ping")
    tar("b10-capability-v9", [pax_block([("SCHILY.xattr.security.capability", struct.pack("<IIIII", 0x09000001, 1, 0, 0, 0))]), file("p")],
        "refused", "unknown revision")
    tar("b10-capability-short", [pax_block([("SCHILY.xattr.security.capability", b"abc")]), file("p")], "refused", "file capability has")
    for i, name in enumerate(["security.selinux", "security.ima", "security.evm", "system.posix_acl_access", "trusted.x"]):
        tar("b10-dropped-%d" % i, [pax_block([("SCHILY.xattr." + name, "value")]), file("f")], "taken", "f")
    tar("b10-user", [pax_block([("SCHILY.xattr.user.kept", "value")]), file("f")], "taken", "f")
    tar("b10-large", [pax_block([("SCHILY.xattr.user.x%d" % i, "v" * 3000) for i in range(30)]), file("f")], "refused", "extended attributes have more")


# --- B11 to B13: headers that lie ---------------------------------------------------------------------------------------------
def headers():
    inner = file("smuggled", b"s" * 512)
    tar("b11-pax-size", [pax_block([("size", "%d" % len(inner))]), header("outer", b"0", 0), inner], "taken", "outer")
    tar("b11-pax-size-link", [pax_block([("size", "512")]), symlink("outer", "x"), file("a")], "contained", "")
    tar("b11-sum", [header("a", raw={"sum": b"0000000\0"})], "refused", "no tar archive")
    tar("b11-truncated-header", [file("a")], "refused", "broken tar", end=header("b")[:300])
    tar("b11-pax-garbage", [header("PaxHeaders/x", b"x", 20) + padded(b"999999 path=x\nwrong!"), file("a")], "contained", "")
    tar("b11-global-path", [pax_block([("path", "renamed")], b"g"), file("a"), file("b")], "contained", "")
    tar("b11-twice-long", [gnu_long(b"L", b"first"), gnu_long(b"L", b"second"), file("x", magic=b"ustar  \0")], "contained", "")
    tar("b12-huge", [header("a", b"0", 1 << 40)], "refused", "larger than")
    tar("b12-largest", [header("a", b"0", (1 << 63) - 1)], "refused", "")
    tar("b12-negative", [header("a", b"0", raw={"size": b"\xff" * 12})], "refused", "")
    tar("b12-octal-junk", [header("a", b"0", raw={"size": b"99999999999\0"})], "contained", "")
    tar("b12-short", [header("a", b"0", 5000) + b"x" * 512], "refused", "Truncated", end=b"")
    tar("b12-long-header", [header("././@LongLink", b"L", 1 << 31, magic=b"ustar  \0"), file("a")], "refused", "")
    tar("b12-pax-header", [header("PaxHeaders/x", b"x", 1 << 31), file("a")], "refused", "")
    tar("b12-many-headers", [gnu_long(b"L", b"n")] * 5000 + [file("a", magic=b"ustar  \0")], "refused", "")
    tar("b12-no-tar", [b"this is no tar archive at all" * 100], "refused", "", end=b"")
    tar("b12-empty", [], "refused", "no tar archive", end=b"")
    tar("b12-only-end", [], "taken", ".")
    tar("b12-trailing", [file("a")], "refused", "other bytes follow", end=END + b"\0" * 10240 + b"more")
    tar("b12-trailing-tar", [file("a")], "refused", "other bytes follow", end=END + file("b") + END)

    tar("b13-good", [sparse(1 << 20, [(4096, 512), (8192, 512)], b"a" * 512 + b"b" * 512)], "taken", "sparse")
    tar("b13-huge", [sparse((1 << 62), [(0, 512)], b"a" * 512)], "refused", "larger than")
    tar("b13-overlap", [sparse(8192, [(4096, 512), (4096, 512)], b"a" * 1024)], "refused", "overlap")
    tar("b13-backwards", [sparse(8192, [(4096, 512), (0, 512)], b"a" * 1024)], "refused", "overlap")
    tar("b13-past-end", [sparse(512, [(4096, 512)], b"a" * 512)], "refused", "")


# --- B14 to B16: changes of mind, metadata, owners ------------------------------------------------------------------------------
def changes():
    tar("b14-folder-link-folder", [folder("d"), file("d/a"), symlink("d", HOST), folder("d"), file("d/b")], "taken", "d/b")
    tar("b14-file-folder", [file("d"), folder("d"), file("d/a")], "taken", "d/a")
    tar("b14-folder-file", [folder("d"), file("d/a"), file("d", b"now a file")], "taken", "d")
    tar("b14-twice", [file("f", b"one"), file("f", b"two")], "taken", "f")
    tar("b14-link-in-cached-folder", [folder("a"), file("a/x"), symlink("a", HOST), file("a/pwn")], "contained", "")
    tar("b14-file-parent", [file("d"), file("d/a")], "refused", "")
    # Links make folders deeper than any one name: 5,000 levels, which then have to go again.
    deep, way = [folder("top")], "top"
    for i in range(10):
        deep += [pax_block([("path", way + "/d" * 500 + "/f")]), file("x"), pax_block([("linkpath", way + "/d" * 500)]), symlink("l%d" % i, "x")]
        way = "l%d" % i
    tar("b14-deep", deep + [file("top", b"now a file")], "taken", "top")
    tar("b15-link-mode", [symlink("l", HOST + "/marker", uid=0), header("l2", b"2", link=HOST + "/marker", mode=0o4777, mtime=0)], "taken", "")
    tar("b15-pax-times", [pax_block([("mtime", "-1.5"), ("atime", "99999999999999")]), file("f")], "taken", "f")
    for i, (uid, gid) in enumerate([(4294967295, 0), (4294967296, 0), (65536, 0), (0, 65536), (-1, 0), (0, -1), (1 << 40, 0)]):
        tar("b16-id-%d" % i, [file("f", uid=uid, gid=gid)], "refused", "is outside the")
    tar("b16-pax-uid", [pax_block([("uid", "1000000000")]), file("f")], "refused", "is outside the")
    tar("b16-pax-minus", [pax_block([("uid", "-1")]), file("f")], "refused", "")
    tar("b16-last", [file("f", uid=65535, gid=65535)], "taken", "f")
    tar("b16-link", [symlink("l", "x", uid=70000)], "refused", "is outside the")
    tar("b16-folder", [folder("d", uid=70000)], "refused", "is outside the")


# --- B17, B18: bombs and streams --------------------------------------------------------------------------------------------------
def streams():
    zeros = file("zeros", b"\0" * (96 << 20)) + END
    write("b17-gzip.tar.gz", gzip.compress(zeros, 9, mtime=0))
    case("b17-gzip", "tar", "b17-gzip.tar.gz", "refused", "decompression bomb")
    write("b17-zstd.tar.zst", subprocess.run(["zstd", "-q", "-19", "-c"], input=zeros, stdout=subprocess.PIPE, check=True).stdout)
    case("b17-zstd", "tar", "b17-zstd.tar.zst", "refused", "decompression bomb")
    small = file("a", b"content") + END
    frame = subprocess.run(["zstd", "-q", "-c"], input=small, stdout=subprocess.PIPE, check=True).stdout
    # A frame header that asks for a window of 2 GiB: descriptor 0x00, window exponent 21 (2^31).
    write("b17-window.tar.zst", b"\x28\xb5\x2f\xfd\x00" + bytes([21 << 3]) + b"\x01\x00\x00")
    case("b17-window", "tar", "b17-window.tar.zst", "refused", "zstd data")
    skip = struct.pack("<II", 0x184D2A50, 4) + b"skip"
    write("b18-zstd-skip.tar.zst", skip + frame + skip)
    case("b18-zstd-skip", "tar", "b18-zstd-skip.tar.zst", "taken", "a")
    write("b18-zstd-trailing.tar.zst", frame + b"trailing")
    case("b18-zstd-trailing", "tar", "b18-zstd-trailing.tar.zst", "refused", "zstd data")
    write("b18-zstd-truncated.tar.zst", frame[:-3])
    case("b18-zstd-truncated", "tar", "b18-zstd-truncated.tar.zst", "refused", "")

    member = gzip.compress(small, mtime=0)
    half = len(small) // 2
    for name, data, expected, words in [
            ("gzip-members", gzip.compress(small[:half], mtime=0) + gzip.compress(small[half:], mtime=0), "taken", "a"),
            ("gzip-empty-member", member + gzip.compress(b"", mtime=0), "taken", "a"),
            ("gzip-zeros", member + b"\0" * 5000, "taken", "a"),
            ("gzip-trailing", member + b"garbage", "refused", "followed by other bytes"),
            ("gzip-zeros-trailing", member + b"\0" * 100 + b"g", "refused", "followed by other bytes"),
            ("gzip-zeros-member", member + b"\0" * 100 + member, "refused", "followed by other bytes"),
            ("gzip-truncated", member[:-4], "refused", "ends too early"),
            ("gzip-cut", member[:len(member) // 2], "refused", ""),
            ("gzip-crc", member[:-8] + b"\0\0\0\0" + member[-4:], "refused", "wrong checksum"),
            ("gzip-bit", member[:20] + bytes([member[20] ^ 0xff]) + member[21:], "refused", "")]:
        write("b18-%s.tar.gz" % name, data)
        case("b18-" + name, "tar", "b18-%s.tar.gz" % name, expected, words)
    for name, magic in [("xz", b"\xfd7zXZ\0"), ("bzip2", b"BZh91AY"), ("lz4", b"\x04\x22\x4d\x18")]:
        write("b18-%s.tar" % name, magic + b"\0" * 600)
        case("b18-" + name, "tar", "b18-%s.tar" % name, "refused", "compressed with " + name)


# --- B18 to B20, B26, B27: images ---------------------------------------------------------------------------------------------------
def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Layout:
    """An OCI layout with one image of the given layers; every part can be replaced before it is written."""

    def __init__(self, layers, layer_type="application/vnd.oci.image.layer.v1.tar"):
        self.blobs = {}
        self.config = {"architecture": "amd64", "os": "linux", "config": {"Env": ["A=b"]},
                       "rootfs": {"type": "layers", "diff_ids": [digest(l) for l in layers]}}
        self.layers = [self.add(l, layer_type) for l in layers]
        self.manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}
        self.index = {"schemaVersion": 2, "manifests": []}
        self.files = {}

    def add(self, data, media_type):
        self.blobs[digest(data)] = data
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    def finish(self):
        self.manifest["config"] = self.add(json.dumps(self.config).encode(), "application/vnd.oci.image.config.v1+json")
        self.manifest["layers"] = self.layers
        entry = self.add(json.dumps(self.manifest).encode(), "application/vnd.oci.image.manifest.v1+json")
        entry["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
        self.index["manifests"].append(entry)
        return self

    def contents(self):
        files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": json.dumps(self.index).encode()}
        for name, data in self.blobs.items():
            files["blobs/" + name.replace(":", "/")] = data
        files.update(self.files)
        return files

    def write(self, name):
        for path, data in self.contents().items():
            full = os.path.join(TARGET, name, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as f:
                f.write(data)


def oci(name, layout, expected, words):
    layout.write(name)
    case(name, "oci", name, expected, words)


def images():
    layer = file("etc/a", b"lower") + file("etc/b", b"b") + END
    upper = file("etc/.wh.a", b"") + file("etc/c", b"upper") + END
    good = lambda *layers: Layout(layers or [layer, upper])
    oci("b18-good", good().finish(), "taken", "etc/c")
    flipped = good().finish()
    key = flipped.layers[0]["digest"]
    flipped.blobs[key] = flipped.blobs[key][:600] + b"!" + flipped.blobs[key][601:]
    oci("b18-blob-bit", flipped, "refused", "its content has the digest")
    short = good().finish()
    short.blobs[key] = short.blobs[key][:-512]
    oci("b18-blob-short", short, "refused", "its size is said to be")
    longer = good().finish()
    longer.blobs[key] += b"\0"
    oci("b18-blob-long", longer, "refused", "more than")
    size = good()
    size.layers[0]["size"] += 1
    oci("b18-size", size.finish(), "refused", "its size is said to be")
    diff = good()
    diff.config["rootfs"]["diff_ids"][1] = digest(b"something else")
    oci("b18-diff-id", diff.finish(), "refused", "the image's configuration says")
    count = good()
    count.config["rootfs"]["diff_ids"].pop()
    oci("b18-diff-count", count.finish(), "refused", "the manifest has 2 layers")
    sha1 = good()
    sha1.layers[0]["digest"] = "sha1:" + "0" * 40
    oci("b18-sha1", sha1.finish(), "refused", "no sha256 or sha512 digest")
    missing = good().finish()
    del missing.blobs[key]
    oci("b18-missing", missing, "refused", "ENOENT")
    hidden = good(file("etc/a") + symlink("e", HOST) + END, file("e/pwn") + END)
    oci("b02-two-layers", hidden.finish(), "taken", "e/pwn")
    for i, bad in enumerate(["sha256:../../../../" + OUTSIDE + "/marker", "sha256:" + "A" * 64, "sha256:" + "0" * 63, "sha256:" + "0" * 65,
                             "SHA256:" + "0" * 64, "sha256", "", "sha256:" + "0" * 60 + "\u00e9\u00e9"]):
        wrong = good()
        wrong.layers[0]["digest"] = bad
        oci("b19-digest-%d" % i, wrong.finish(), "refused", "no sha256 or sha512 digest")
        wrong = good()
        wrong.config["rootfs"]["diff_ids"][0] = bad
        oci("b19-diff-%d" % i, wrong.finish(), "refused", "digest")
    both = good()
    both.manifest["manifests"] = [{"mediaType": "x", "digest": digest(b"x"), "size": 1}]
    oci("b20-both", both.finish(), "refused", "manifest and an index at once")
    lies = good()
    lies.manifest["mediaType"] = "application/vnd.oci.image.index.v1+json"
    oci("b20-media-type", lies.finish(), "refused", "it calls itself")
    old = good()
    old.manifest["schemaVersion"] = 1
    oci("b20-schema", old.finish(), "refused", "schemaVersion")
    twice = good().finish()
    twice.files["index.json"] = json.dumps(twice.index).encode().replace(b'{"schemaVersion": 2', b'{"schemaVersion": 2, "schemaVersion": 2', 1)
    oci("b20-duplicate", twice, "refused", "index.json")
    deep = good().finish()
    deep.files["index.json"] = b'{"schemaVersion":2,"x":' + b"[" * 3000 + b"]" * 3000 + b"}"
    oci("b20-deep", deep, "refused", "index.json")
    large = good().finish()
    large.files["index.json"] = b'{"schemaVersion":2,"manifests":[],"x":"' + b"y" * (5 << 20) + b'"}'
    oci("b20-large", large, "refused", "index.json")
    empty = good()
    oci("b20-no-image", empty, "refused", "it holds no image")
    circle = Layout([layer])
    inner = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}
    entry = circle.finish().index["manifests"][0]
    for _ in range(8):
        inner["manifests"] = [entry]
        entry = circle.add(json.dumps(inner).encode(), "application/vnd.oci.image.index.v1+json")
    circle.index["manifests"] = [entry]
    oci("b20-nested", circle, "refused", "indexes lead to indexes")
    other = Layout([layer]).finish()
    other.index["manifests"][0] = other.add(json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [dict(other.index["manifests"][0], platform={"os": "linux", "architecture": "s390x"})]}).encode(),
        "application/vnd.oci.image.index.v1+json")
    oci("b20-platform", other, "refused", "linux/s390x")
    for i, media_type in enumerate(["application/vnd.erofs", "application/vnd.squashfs", "text/plain", ""]):
        erofs = Layout([layer], media_type)
        oci("b26-media-type-%d" % i, erofs.finish(), "refused", "is no tar that box reads")
    gz = Layout([layer], "application/vnd.oci.image.layer.v1.tar+gzip")
    oci("b18-not-gzip", gz.finish(), "refused", "its media type says gzip")
    urls = good()
    urls.layers[0]["urls"] = ["http://127.0.0.1:1/evil"]
    oci("d01-urls", urls.finish(), "taken", "etc/c")
    aside = good().finish()
    aside.write("b27-blobs-link")
    os.rename(os.path.join(TARGET, "b27-blobs-link/blobs"), os.path.join(TARGET, "b27-blobs-link-real"))
    os.symlink(HOST, os.path.join(TARGET, "b27-blobs-link/blobs"))
    case("b27-blobs-link", "oci", "b27-blobs-link", "refused", "ENOENT")
    fifo = good().finish()
    fifo.write("b27-fifo")
    os.unlink(os.path.join(TARGET, "b27-fifo/index.json"))
    os.mkfifo(os.path.join(TARGET, "b27-fifo/index.json"))
    case("b27-fifo", "oci", "b27-fifo", "refused", "no regular file")
    archive(good().finish(), "b27-archive", "taken", "etc/c")
    archive(good().finish(), "b27-archive-link", "refused", "", extra=[symlink("blobs", HOST)])
    archive(flipped, "b27-archive-bit", "refused", "its content has the digest")
    docker(layer, upper)


def archive(layout, name, expected, words, extra=()):
    members = [file(path, data) for path, data in layout.contents().items()]
    write(name + ".tar", b"".join(list(extra) + members) + END)
    case(name, "oci-archive", name + ".tar", expected, words)


def docker(layer, upper):
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest(layer), digest(upper)]}}).encode()

    def save(name, expected, words, manifest, extra=()):
        members = [file("c.json", config), file("1/layer.tar", layer), file("2/layer.tar", upper), file("manifest.json", json.dumps(manifest).encode())]
        write(name + ".tar", b"".join(members + list(extra)) + END)
        case(name, "docker-archive", name + ".tar", expected, words)

    entry = {"Config": "c.json", "RepoTags": ["debian:12"], "Layers": ["1/layer.tar", "2/layer.tar"]}
    save("b27-docker", "taken", "etc/c", [entry])
    save("b27-docker-order", "refused", "the image's configuration says", [dict(entry, Layers=["2/layer.tar", "1/layer.tar"])])
    save("b27-docker-path", "refused", "", [dict(entry, Layers=["../../../.." + HOST + "/marker", "2/layer.tar"])])
    save("b27-docker-absolute", "refused", "", [dict(entry, Config=HOST + "/marker")])
    save("b27-docker-link", "refused", "", [dict(entry, Layers=["l", "2/layer.tar"])], [symlink("l", HOST + "/marker")])
    save("b27-docker-many", "refused", "it holds 2 images", [entry, dict(entry, RepoTags=["other:1"])])
    save("b27-docker-none", "refused", "it holds no image", [])
    save("b27-docker-shared", "taken", "etc/c", [dict(entry, Layers=["l", "2/layer.tar"])], [symlink("l", "1/layer.tar")])
    save("b27-docker-closed", "refused", "", [entry, 1])
    # Holes cost the archive nothing, and their zeros have to be copied and hashed.
    holes = dict(entry, Layers=["1/layer.tar", "sparse"])
    save("b27-docker-hole", "refused", "it has holes", [holes], [sparse(1 << 29, [((1 << 29) - 512, 512)], b"a" * 512)])
    save("b27-docker-hole-last", "refused", "it has holes", [holes], [sparse(1 << 29, [(0, 512)], b"a" * 512)])
    save("b27-docker-hole-only", "refused", "it has holes", [holes], [sparse(1 << 29, [(1 << 29, 0)], b"")])


def main():
    os.makedirs(TARGET, exist_ok=True)
    for make in (names, links, hard_links, whiteouts, kinds, headers, changes, streams, images):
        make()
    with open(os.path.join(TARGET, "cases"), "w", encoding="utf-8") as f:
        f.write("\n".join(c.replace("\n", "\\n") for c in CASES) + "\n")
    print("%d cases" % len(CASES))


main()
