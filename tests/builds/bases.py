# SPDX-License-Identifier: Apache-2.0
"""bases.py FOLDER LAYOUT - an OCI layout with an image of each FOLDER/NAME.tar, as the official image of that name is set up."""
import hashlib, json, os, pathlib, platform, sys

folder, layout = (pathlib.Path(word) for word in sys.argv[1:])
blobs = layout / "blobs" / "sha256"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
MADE = "2026-01-01T00:00:00Z"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
IMAGES = {
    "debian": ("debian:bookworm-slim", {"Cmd": ["bash"]}),
    "node": ("node:18-bookworm-slim", {"Env": [PATH, "NODE_VERSION=18"], "Cmd": ["node"]}),
    "gcc": ("gcc:12", {"Cmd": ["bash"]}),
    "nginx": ("nginx:1.22", {"Cmd": ["nginx", "-g", "daemon off;"], "ExposedPorts": {"80/tcp": {}}, "StopSignal": "SIGQUIT",
                             "Labels": {"maintainer": "the builds' tests"}}),
    "openjdk": ("openjdk:17-slim", {"Env": [PATH, "JAVA_HOME=/usr/lib/jvm/java-17-openjdk-" + ARCHITECTURE], "Cmd": ["jshell"]}),
}


def blob(data, kind):
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(data)}


def image(name):
    reference, config = IMAGES[name]
    tar = folder / f"{name}.tar"
    with open(tar, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    os.link(tar, blobs / digest)
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": f"sha256:{digest}", "size": tar.stat().st_size}
    whole = {"created": MADE, "architecture": ARCHITECTURE, "os": "linux", "config": {"Env": [PATH], **config},
             "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
             "history": [{"created": MADE, "created_by": "mmdebstrap"}, {"created": MADE, "created_by": "CMD", "empty_layer": True}]}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": blob(json.dumps(whole).encode(), "config.v1+json"), "layers": [layer]}
    entry = blob(json.dumps(manifest).encode(), "manifest.v1+json")
    entry["annotations"] = {"org.opencontainers.image.ref.name": f"docker.io/library/{reference}"}
    return entry


blobs.mkdir(parents=True)
(layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
(layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [image(name) for name in IMAGES]}))
