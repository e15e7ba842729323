# SPDX-License-Identifier: Apache-2.0
# taken_over.py BOX-NET KEEPER WORDS…: what a box-net that somebody has taken over could say to the keeper of its way out.
#
# Each of WORDS is sent as a message; "+NAME" sends "lead" with the socket of that name (sockets, below);
# "*WORDS" sends them many times, and reads no answer. Runs in the host's network namespace.
import ctypes, fcntl, os, socket, struct, sys

PIDFD_OPEN, PIDFD_GETFD, IP_FREEBIND = 434, 438, 15
libc = ctypes.CDLL(None, use_errno=True)


def keepers_socket(box_net, keeper):
    pidfd = libc.syscall(PIDFD_OPEN, box_net, 0)
    for name in os.listdir(f"/proc/{box_net}/fd"):
        fd = libc.syscall(PIDFD_GETFD, pidfd, int(name), 0)
        if fd < 0 or not os.readlink(f"/proc/self/fd/{fd}").startswith("socket:"):
            continue
        s = socket.socket(fileno=fd)
        if s.family != socket.AF_UNIX or fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK:
            continue
        if struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0] == keeper:
            return s
    sys.exit("box-net has no socket to the keeper")


def bound(kind, address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    return s


# Of an address that is not the host's: no power is needed for it.
def foreign(address, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    s.bind((address, port))
    return s


# Of the router's network namespace, where box-net can make any.
def of_router(box_net, kind, address, port):
    own, router = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(f"/proc/{box_net}/ns/net", os.O_RDONLY)
    libc.setns(router, 0)
    s = bound(kind, address, port)
    libc.setns(own, 0)
    return s


# More than there is room for the answers of, of which the keeper gets little here: it would take seconds.
def flood(keeper, to, words):
    pidfd = libc.syscall(PIDFD_OPEN, keeper, 0)
    for name in os.listdir(f"/proc/{keeper}/fd"):
        fd = libc.syscall(PIDFD_GETFD, pidfd, int(name), 0)
        if fd >= 0 and os.readlink(f"/proc/self/fd/{fd}").startswith("socket:"):
            socket.socket(fileno=fd).setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 0)
    for _ in range(60):
        to.send(words)


box_net, keeper = int(sys.argv[1]), int(sys.argv[2])
sockets = {
    "router-tcp": lambda: of_router(box_net, socket.SOCK_STREAM, "0.0.0.0", 7022),
    "router-udp": lambda: of_router(box_net, socket.SOCK_DGRAM, "::", 7023),
    "unbound": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "loopback": lambda: bound(socket.SOCK_STREAM, "127.0.0.1", 7024),
    "loopback6": lambda: bound(socket.SOCK_STREAM, "::1", 7025),
    "unix": lambda: socket.socketpair()[0],
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
    "raw": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP),
    "file": lambda: open("/dev/null"),
    "foreign": lambda: foreign("198.51.100.1", 7027),
    "published": lambda: bound(socket.SOCK_STREAM, "0.0.0.0", 7026),
}
to_keeper = keepers_socket(box_net, keeper)
for words in sys.argv[3:]:
    if words.startswith("+"):
        shown = sockets[words[1:]]()
        socket.send_fds(to_keeper, [b"lead"], [shown.fileno()])
    elif words.startswith("*"):
        flood(keeper, to_keeper, words[1:].encode())
    else:
        to_keeper.send(words.encode())
