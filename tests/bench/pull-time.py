#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pull-time.py - figures for pull.sh.

    [--memory] FILE COMMAND…        runs it; into FILE its seconds by the clock and of the processor, or the KiB that it and everything it
                                    started had at the most (PSS: what processes share counts once)
    --floor LAYOUT TAG URL FOLDER   seconds that parts of a pull take alone: processor of receiving the layers, of hashing them as they
                                    come and uncompressed, of decompressing; by the clock, to write both in order and wait for the disk
"""
import glob, hashlib, json, os, resource, subprocess, sys, time


def processor():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def tree_memory(top):
    """Of a process and its descendants, KiB."""
    parents, total = {}, 0
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as f:
                words = f.read()
            parents[int(path.split("/")[2])] = int(words.rsplit(")", 1)[1].split()[1])
        except OSError:
            pass
    for pid in parents:
        at = pid
        while at and at != top:
            at = parents.get(at)
        if at != top:
            continue
        try:
            with open(f"/proc/{pid}/smaps_rollup") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        except OSError:
            pass
    return total


def run(words):
    watches = words[0] == "--memory"
    out, command = words[1 if watches else 0], words[2 if watches else 1:]
    begin, peak = time.monotonic(), 0
    process = subprocess.Popen(command)
    while watches and process.poll() is None:
        peak = max(peak, tree_memory(process.pid))
        time.sleep(0.03)
    code = process.wait()
    wall = time.monotonic() - begin
    with open(out, "w") as f:
        print(peak if watches else "%.2f %.2f" % (wall, processor()), file=f)
    return code


def timed(command):
    before = processor()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return processor() - before


def read_json(layout, digest):
    with open(os.path.join(layout, "blobs/sha256", digest.split(":")[1])) as f:
        return json.load(f)


def hash_all(paths):
    begin = time.process_time()
    for path in paths:
        with open(path, "rb") as f:
            hashlib.file_digest(f, "sha256")
    return time.process_time() - begin


def write_all(paths, folder):
    begin = time.monotonic()
    for number, path in enumerate(paths):
        with open(path, "rb") as source, open(os.path.join(folder, f"floor-{os.getpid()}-{number}"), "wb") as out:
            while piece := source.read(1 << 20):
                out.write(piece)
            os.fdatasync(out.fileno())
    return time.monotonic() - begin


def floor(layout, tag, url, folder):
    with open(os.path.join(layout, "index.json")) as f:
        entries = json.load(f)["manifests"]
    entry = next(e for e in entries if e["annotations"]["org.opencontainers.image.ref.name"] == tag)
    manifest = read_json(layout, entry["digest"])
    network = inflate = 0
    paths = []
    for layer in manifest["layers"]:
        path = os.path.join(layout, "blobs/sha256", layer["digest"].split(":")[1])
        network += timed(["curl", "-sf", "-o", "/dev/null", f"{url}/blobs/{layer['digest']}"])
        inflate += timed(["zstd" if layer["mediaType"].endswith("zstd") else "igzip", "-dc", path])
        paths.append(path)
    paths += sorted(glob.glob(os.path.join(os.path.dirname(layout), "[0-4].tar")))[:len(paths)]
    print("%.2f %.2f %.2f %.2f" % (network, hash_all(paths), inflate, write_all(paths, folder)))
    return 0


sys.exit(floor(*sys.argv[2:]) if sys.argv[1] == "--floor" else run(sys.argv[1:]))
