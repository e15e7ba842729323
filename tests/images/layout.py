# SPDX-License-Identifier: Apache-2.0
"""layout.py SHAPES BASE_TAR LAYOUT - an OCI layout with an image for each folder of SHAPES that has a shape.json; make says of what."""
import hashlib, io, json, os, pathlib, platform, sys, tarfile

shapes, base, layout = (pathlib.Path(word) for word in sys.argv[1:])
blobs = layout / "blobs" / "sha256"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]


def blob(data, kind):
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(data)}


def base_layer():
    digest = hashlib.sha256()
    with open(base, "rb") as tar:
        while piece := tar.read(1 << 20):
            digest.update(piece)
    os.link(base, blobs / digest.hexdigest())
    return {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": f"sha256:{digest.hexdigest()}", "size": base.stat().st_size}


def layer(root, folders, links):
    """A tar of the folder: everything root's, but the folders {path: "uid:gid:mode"} and the links {path: target}."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(root.rglob("*")):
            if path.is_file():
                member = tarfile.TarInfo(str(path.relative_to(root)))
                member.size, member.mode = path.stat().st_size, 0o755 if path.stat().st_mode & 0o100 else 0o644
                with open(path, "rb") as file:
                    tar.addfile(member, file)
        for path, owner in folders.items():
            member = tarfile.TarInfo(path)
            member.type = tarfile.DIRTYPE
            member.uid, member.gid, member.mode = (int(word, radix) for word, radix in zip(owner.split(":"), (10, 10, 8)))
            tar.addfile(member)
        for path, target in links.items():
            member = tarfile.TarInfo(path)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return blob(out.getvalue(), "layer.v1.tar")


def image(name, below):
    shape = json.loads((shapes / name / "shape.json").read_text())
    layers = below + [layer(shapes / name / "root", shape.get("folders", {}), shape.get("links", {}))]
    config = {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}
    for key, value in shape["config"].items():
        config[key] = config[key] + value if key == "Env" else value
    whole = {"architecture": ARCHITECTURE, "os": "linux", "config": config,
             "rootfs": {"type": "layers", "diff_ids": [one["digest"] for one in layers]}}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": blob(json.dumps(whole).encode(), "config.v1+json"), "layers": layers}
    entry = blob(json.dumps(manifest).encode(), "manifest.v1+json")
    entry["annotations"] = {"org.opencontainers.image.ref.name": name}
    return entry


blobs.mkdir(parents=True)
common = [base_layer(), layer(shapes / "base", {}, {"var/run": "/run"})]  # the link that base-files would make
names = sorted(path.parent.name for path in shapes.glob("*/shape.json"))
(layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
(layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [image(name, common) for name in names]}))
