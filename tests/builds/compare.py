# SPDX-License-Identifier: Apache-2.0
"""compare.py A B: what is different in two images, a line each. compare.py --list A B: what A has and its base B has not, and A's configuration.

An image is "layout:FOLDER:DIGEST" (an OCI layout: box's store) or "dir:FOLDER" (skopeo's form, as buildah pushes it). Their layers are
put together here, by the rules of OCI's layers and by no tool under test. Of a file its type, mode, owner, content, extended attributes,
and the other names that it has are compared; not its time."""
import collections, hashlib, json, pathlib, subprocess, sys, tarfile

TYPES = {tarfile.REGTYPE: "file", tarfile.AREGTYPE: "file", tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link",
         tarfile.CHRTYPE: "char", tarfile.BLKTYPE: "block", tarfile.FIFOTYPE: "fifo"}
CONFIG = ["Env", "Cmd", "Entrypoint", "User", "WorkingDir", "Labels", "ExposedPorts", "Volumes", "StopSignal", "Healthcheck", "OnBuild", "Shell"]
cache = {}


class Image:
    def __init__(self, words):
        kind, rest = words.split(":", 1)
        folder, _, digest = rest.partition(":")
        if kind == "dir":
            self.blob = lambda name: pathlib.Path(folder) / name.split(":")[1]
            manifest = json.loads((pathlib.Path(folder) / "manifest.json").read_text())
        else:
            self.blob = lambda name: pathlib.Path(folder) / "blobs" / name.replace(":", "/")
            manifest = json.loads(self.blob(digest).read_text())
        whole = json.loads(self.blob(manifest["config"]["digest"]).read_text())
        self.config = {key: whole["config"].get(key) or None for key in CONFIG}
        labels = {key: value for key, value in (self.config["Labels"] or {}).items() if key != "io.buildah.version"}
        self.config["Labels"] = labels or None
        self.config["WorkingDir"] = self.config["WorkingDir"] or "/"  # the same to every engine
        self.config["history entries"] = len(whole.get("history", []))
        assert len(manifest["layers"]) == len(whole["rootfs"]["diff_ids"]) == sum(not one.get("empty_layer") for one in whole["history"])
        self.tree = {}
        for layer in manifest["layers"]:
            apply(self.tree, members(self.blob(layer["digest"])))
        self.names = collections.defaultdict(set)
        for path, entry in self.tree.items():
            self.names[id(entry)].add(path)

    def describe(self, path):
        entry = self.tree.get(path)
        if entry is None:
            return "none"
        others = sorted(self.names[id(entry)] - {path})
        return " ".join(entry + ([f"also {' '.join(others)}"] if others else []))


def members(path):
    """[(path, type word or "hard", entry or target)] of a layer in its order; an entry is a list of words."""
    key = (path.name, path.stat().st_size)
    if key in cache:
        return cache[key]
    with open(path, "rb") as file:
        magic = file.read(4)
    unpack = {b"\x28\xb5\x2f\xfd": ["zstd", "-dcq"], b"\x1f\x8b\x08\x00": ["gzip", "-dc"]}.get(magic, ["cat"])
    result = []
    with subprocess.Popen([*unpack, path], stdout=subprocess.PIPE) as source, tarfile.open(fileobj=source.stdout, mode="r|") as tar:
        for member in tar:
            name = member.name.removeprefix("./").strip("/")
            if name in ("", "."):
                name = "/"
            if member.islnk():
                result.append((name, "hard", member.linkname.removeprefix("./").strip("/")))
                continue
            kind = TYPES[member.type]
            entry = [kind, f"{member.mode & 0o7777:04o}", f"{member.uid}:{member.gid}"]
            if kind == "file":
                digest = hashlib.sha256()
                content = tar.extractfile(member)
                while piece := content.read(1 << 20):
                    digest.update(piece)
                entry.append(f"{member.size} bytes {digest.hexdigest()[:12]}")
            if kind == "link":
                entry[1] = "-"  # of no meaning
                entry.append(f"-> {member.linkname}")
            if kind in ("char", "block"):
                entry.append(f"{member.devmajor}:{member.devminor}")
            entry += sorted(f"{key}={value!r}" for key, value in member.pax_headers.items() if key.startswith("SCHILY.xattr."))
            result.append((name, kind, entry))
    cache[key] = result
    return result


def remove(tree, path, itself):
    below = path + "/" if path != "/" else ""
    for name in [name for name in tree if name.startswith(below) and name != path or itself and name == path]:
        del tree[name]


def apply(tree, layer):
    for name, _, _ in layer:
        folder, _, last = name.rpartition("/")
        if last == ".wh..wh..opq":
            remove(tree, folder or "/", itself=False)
        elif last.startswith(".wh."):
            remove(tree, f"{folder}/{last[4:]}".lstrip("/"), itself=True)
    for name, kind, entry in layer:
        folder, _, last = name.rpartition("/")
        if last.startswith(".wh."):
            continue
        while folder and folder not in tree:
            tree[folder] = ["folder", "0755", "0:0"]
            folder = folder.rpartition("/")[0]
        if kind != "folder" and name in tree and tree[name][0] == "folder":
            remove(tree, name, itself=True)
        tree[name] = tree[entry] if kind == "hard" else entry


def main():
    listing = sys.argv[1] == "--list"
    one, other = (Image(words) for words in sys.argv[-2:])
    for path in sorted(one.tree.keys() | other.tree.keys()):
        a, b = one.describe(path), other.describe(path)
        if a != b and listing:
            print(f"/{path.lstrip('/')}: {a}")
        elif a != b:
            print(f"/{path.lstrip('/')}: {a}; {b}")
    for key in one.config:
        a, b = one.config[key], other.config[key]
        if a != b and listing:
            print(f"{key}: {json.dumps(a)}")
        elif a != b:
            print(f"{key}: {json.dumps(a)}; {json.dumps(b)}")


main()
