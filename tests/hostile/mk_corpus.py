#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mk_corpus.py - writes the seeds of tests/fuzz/corpus/tar and corpus/layout from the images of mk_images.py.

Run it again after a change there; seeds that were found by fuzzing have other names and stay.
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "..", "fuzz", "corpus")
LARGEST = 16384
AS_DOCUMENT, AS_DOCKER, AS_CONFIG, AS_INDEX = b"0123"


def put(target, name, data):
    if len(data) <= LARGEST:
        with open(os.path.join(CORPUS, target, name), "wb") as f:
            f.write(data)


def tars(source):
    for path in sorted(glob.glob(source + "/b[01]*.tar*")):
        with open(path, "rb") as f:
            put("tar", "seed-" + os.path.basename(path), f.read())


def layouts(source):
    for folder in sorted(glob.glob(source + "/*/")):
        name = os.path.basename(folder.rstrip("/"))
        index = os.path.join(folder, "index.json")
        if not os.path.isfile(index):
            continue
        documents = {"index": (AS_DOCUMENT, index), "store": (AS_INDEX, index)}
        for blob in glob.glob(folder + "/blobs/sha256/*"):
            with open(blob, "rb") as f:
                start = f.read(60)
            if b'"schemaVersion"' in start:
                documents["manifest"] = (AS_DOCUMENT, blob)
            elif b'"architecture"' in start:
                documents["config"] = (AS_CONFIG, blob)
        for kind, (byte, path) in documents.items():
            if kind == "store" and not name.startswith("b20"):
                continue
            if kind in ("config", "index") and name.startswith("b19"):
                continue
            with open(path, "rb") as f:
                put("layout", "seed-%s-%s" % (name, kind), bytes([byte]) + f.read())


def docker():
    for i, text in enumerate([
            b'[{"Config":"c.json","RepoTags":["debian:12"],"Layers":["1/layer.tar","2/layer.tar"]}]',
            b'[{"Config":"a","RepoTags":null,"Layers":["b"]},{"Config":"c","Layers":["d"]}]', b"[]", b"{}", b"[1]", b'[{"Config":"c"}]',
            b'[], "images": []', b'[{"Config":"../x","Layers":["/y","..","\\u0000"]}]']):
        put("layout", "seed-docker-%d" % i, bytes([AS_DOCKER]) + text)


with tempfile.TemporaryDirectory() as work:
    subprocess.run([sys.executable, os.path.join(HERE, "mk_images.py"), work + "/t", "/box-canary"], check=True, stdout=subprocess.DEVNULL)
    for target in ("tar", "layout"):
        os.makedirs(os.path.join(CORPUS, target), exist_ok=True)
        for old in glob.glob(os.path.join(CORPUS, target, "seed-*")):
            os.unlink(old)
    tars(work + "/t")
    layouts(work + "/t")
    docker()
    shutil.rmtree(work + "/t")
