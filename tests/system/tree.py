#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tree.py - a tree in words, so that trees that different programs made can be compared; and the tree that box made of an image.

    list FOLDER [BASE]       a line for each name below FOLDER, sorted, and FOLDER itself: type, mode, owners (less BASE), time with
                             nanoseconds, content (its size and digest, where a link leads, a device's number), the first name of the same
                             file, extended attributes
    mount STORE IMAGE PLACE  layers of the image (a digest) in the store as overlayfs shows them, at PLACE: by their indexes, or as
                             folders. In a mount namespace of the caller's
"""
import ctypes, hashlib, json, os, stat, sys

TYPES = {stat.S_IFDIR: "d", stat.S_IFREG: "f", stat.S_IFLNK: "l", stat.S_IFIFO: "p", stat.S_IFCHR: "c", stat.S_IFBLK: "b"}


def shown(raw):
    return raw.decode("utf-8", "backslashreplace").encode("unicode_escape").decode()


def content(path, st):
    if stat.S_ISREG(st.st_mode):
        with open(path, "rb") as f:
            return "%d %s" % (st.st_size, hashlib.file_digest(f, "sha256").hexdigest())
    if stat.S_ISLNK(st.st_mode):
        return shown(os.readlink(path))
    return "%d:%d" % (os.major(st.st_rdev), os.minor(st.st_rdev)) if st.st_rdev else "-"


def attribute(path, name):
    value = os.getxattr(path, name, follow_symlinks=False)
    # Bound to the root of a user namespace (revision 3), a capability says the same with other bytes.
    if name == "security.capability" and len(value) == 24:
        value = value[:3] + b"\2" + value[4:20]
    return name + "=" + value.hex()


def list_tree(root, base):
    first = {}
    names = [b""]
    for folder, folders, files in os.walk(root):
        below = os.path.relpath(folder, root)
        names += [name if below == b"." else os.path.join(below, name) for name in folders + files]
    for name in sorted(names):
        path = os.path.join(root, name)
        st = os.lstat(path)
        alone = stat.S_ISDIR(st.st_mode) or st.st_nlink == 1
        same = "-" if alone else shown(first.setdefault((st.st_dev, st.st_ino), name))
        # overlayfs' own notes are no part of what it shows.
        keys = [key for key in sorted(os.listxattr(path, follow_symlinks=False)) if ".overlay." not in key]
        print("/" + shown(name), TYPES[stat.S_IFMT(st.st_mode)], "%o" % stat.S_IMODE(st.st_mode), st.st_uid - base, st.st_gid - base,
              "%d.%09d" % divmod(st.st_mtime_ns, 10**9), content(path, st), same, *(attribute(path, key) for key in keys), sep="\t")


def mount(source, target, kind, flags, data):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()):
        raise OSError(ctypes.get_errno(), "mount %s: %s" % (kind, data))


def mount_image(store, image, place):
    with open(os.path.join(store, "images", image.replace(":", "-") + ".json")) as f:
        layers = json.load(f)["layers"]
    # Short names: the options of a mount have 4 KiB.
    os.makedirs(place + "/none", exist_ok=True)
    for number, layer in enumerate(layers):
        folder = os.path.join(store, "layers", layer.replace(":", "-"))
        if os.path.exists(folder + "/layer.erofs"):
            os.mkdir(f"{place}/{number}")
            mount(folder + "/layer.erofs", f"{place}/{number}", "erofs", 1, f"device={folder}/layer.tar")
        else:
            os.symlink(folder + "/root", f"{place}/{number}")
    os.mkdir(place + "/all")
    os.chdir(place)
    # Overlayfs wants two; an empty folder below hides nothing.
    lower = ":".join([str(number) for number in reversed(range(len(layers)))] + ["none"])
    mount("overlay", place + "/all", "overlay", 1, "userxattr,lowerdir=" + lower)


if sys.argv[1] == "list":
    list_tree(sys.argv[2].encode(), int(sys.argv[3], 0) if len(sys.argv) > 3 else 0)
else:
    mount_image(*sys.argv[2:])
