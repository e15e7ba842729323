#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pull-image.py - the layers of pull.sh's images, and a layout of them.

    layer ROOT STATE TAR           what changed below ROOT since STATE (a file, or none yet) as a layer with whiteouts; STATE is written anew
    layout FOLDER TAG KIND TAR…    an image of these layers, compressed with KIND (gz, zst), added to the layout FOLDER
"""
import hashlib, json, os, pickle, stat, subprocess, sys, tarfile

SKIPPED = {"proc", "sys", "dev", "tmp", "run"}
TYPES = {"gz": "application/vnd.oci.image.layer.v1.tar+gzip", "zst": "application/vnd.oci.image.layer.v1.tar+zstd"}
COMPRESSORS = {"gz": ["igzip", "-3", "-n", "-c"], "zst": ["zstd", "-q", "-3", "-c"]}


def look(root):
    """Name -> what an entry is, parents before their content."""
    found = {}

    def walk(folder):
        for entry in sorted(os.scandir(os.path.join(root, folder)), key=lambda entry: entry.name):
            name = os.path.join(folder, entry.name)
            st = entry.stat(follow_symlinks=False)
            is_folder = stat.S_ISDIR(st.st_mode)
            found[name] = (st.st_mode, st.st_uid, st.st_gid) + (() if is_folder else (st.st_size, st.st_mtime_ns, st.st_ino))
            if is_folder and name not in SKIPPED:
                walk(name)

    walk("")
    return found


def write_layer(root, state, path):
    before = {}
    if os.path.exists(state):
        with open(state, "rb") as f:
            before = pickle.load(f)
    now = look(root)
    written = set()
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:

        def add(name):
            parent = os.path.dirname(name)
            if parent and parent not in written:
                add(parent)
            if name in written:
                return
            written.add(name)
            member = tar.gettarinfo(os.path.join(root, name), name)
            if member is None:
                return
            member.uname = member.gname = ""
            member.mtime = int(member.mtime)
            if member.isreg():
                with open(os.path.join(root, name), "rb") as f:
                    tar.addfile(member, f)
            else:
                tar.addfile(member)

        for name, what in now.items():
            if before.get(name) != what:
                add(name)
        for name in before:
            parent = os.path.dirname(name)
            if name not in now and (not parent or parent in now):
                if parent:
                    add(parent)
                tar.addfile(tarfile.TarInfo(os.path.join(parent, ".wh." + os.path.basename(name))))
    with open(state, "wb") as f:
        pickle.dump(now, f)


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def add_file(folder, path, media_type):
    name = sha256(path)
    size = os.path.getsize(path)
    os.rename(path, os.path.join(folder, "blobs/sha256", name))
    return {"mediaType": media_type, "digest": "sha256:" + name, "size": size}


def add_json(folder, value, media_type):
    path = os.path.join(folder, "new")
    with open(path, "w") as f:
        json.dump(value, f)
    return add_file(folder, path, media_type)


def add_image(folder, tag, kind, tars):
    os.makedirs(os.path.join(folder, "blobs/sha256"), exist_ok=True)
    layers, diff_ids = [], []
    for tar in tars:
        packed = os.path.join(folder, "new")
        with open(packed, "wb") as f:
            subprocess.run(COMPRESSORS[kind] + [tar], stdout=f, check=True)
        layers.append(add_file(folder, packed, TYPES[kind]))
        diff_ids.append("sha256:" + sha256(tar))
    config = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sh"]}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": add_json(folder, config, "application/vnd.oci.image.config.v1+json"),
        "layers": layers,
    }
    entry = add_json(folder, manifest, manifest["mediaType"])
    entry["annotations"] = {"org.opencontainers.image.ref.name": tag}
    path = os.path.join(folder, "index.json")
    index = {"schemaVersion": 2, "manifests": []}
    if os.path.exists(path):
        with open(path) as f:
            index = json.load(f)
    index["manifests"].append(entry)
    with open(path, "w") as f:
        json.dump(index, f)
    with open(os.path.join(folder, "oci-layout"), "w") as f:
        f.write('{"imageLayoutVersion": "1.0.0"}')


if sys.argv[1] == "layer":
    write_layer(*sys.argv[2:])
else:
    add_image(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:])
