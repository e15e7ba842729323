#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""attacker.py - packets that no honest program sends, from the network namespace in which it is begun.

    send DEVICE MAC SOURCE DESTINATION SPORT DPORT   one UDP packet "forged SOURCE"
    flood DEVICE MAC SOURCE DESTINATION COUNT        so many UDP packets, each of another flow
    arp DEVICE ADDRESS                               says to everybody that ADDRESS is here
    hold ADDRESS PORT COUNT SECONDS                  so many connections on which nothing is ever sent
    control SOCKET SECONDS                           nonsense for a control socket
"""
import ipaddress, os, random, resource, socket, struct, sys, time


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(source, destination, sport, dport, payload):
    """A whole IP packet, with the kernel's name of its version."""
    source, destination = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    length = 8 + len(payload)
    if source.version == 4:
        pseudo = source.packed + destination.packed + struct.pack("!BBH", 0, 17, length)
    else:
        pseudo = source.packed + destination.packed + struct.pack("!II", length, 17)
    udp = struct.pack("!HHHH", sport, dport, length, 0) + payload
    udp = udp[:6] + struct.pack("!H", checksum(pseudo + udp) or 0xFFFF) + payload
    if source.version == 4:
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, 1, 0, 64, 17, 0, source.packed, destination.packed)
        return 0x0800, head[:10] + struct.pack("!H", checksum(head)) + head[12:] + udp
    return 0x86DD, struct.pack("!IHBB16s16s", 6 << 28, length, 17, 64, source.packed, destination.packed) + udp


def link():
    return socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)


def mac_bytes(mac):
    return bytes.fromhex(mac.replace(":", ""))


def send(device, mac, source, destination, sport, dport):
    protocol, data = packet(source, destination, int(sport), int(dport), b"forged " + source.encode() + b"\n")
    link().sendto(data, (device, protocol, 0, 0, mac_bytes(mac)))


def flood(device, mac, source, destination, count):
    sock = link()
    for number in range(int(count)):
        protocol, data = packet(source, destination, 1024 + number % 60000, 1 + number // 60000, b"x")
        try:
            sock.sendto(data, (device, protocol, 0, 0, mac_bytes(mac)))
        except OSError:
            time.sleep(0.001)


def arp(device, address):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((device, 0x0806))
    own = sock.getsockname()[4]
    packed = socket.inet_aton(address)
    for operation in (1, 2):
        body = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, operation, own, packed, b"\xff" * 6, packed)
        sock.send(b"\xff" * 6 + own + struct.pack("!H", 0x0806) + body)


def hold(address, port, count, seconds):
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(count) + 100, int(count) + 100))
    kept = []
    for _ in range(int(count)):
        kept.append(socket.socket())
        kept[-1].setblocking(False)
        kept[-1].connect_ex((address, int(port)))
        time.sleep(0.0005)
    print(len(kept), flush=True)
    time.sleep(float(seconds))


def control(path, seconds):
    words = [b"prepare", b"join", b"live", b"keep", b"publish", b"switch", b"hold", b"flows", b"show", b"know", b"withdraw", b"..", b"/", b"",
             b"a" * 300, b"'; flush ruleset", b'"', b"\x1b[31m", b"-1", b"99999999999", b"\0", b"port tcp 80 0.0.0.0 80 dnat", b"\nalias x y z"]
    end = time.monotonic() + float(seconds)
    random.seed(7)
    while time.monotonic() < end:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.settimeout(0.2)
        try:
            sock.connect(path)
            for _ in range(random.randrange(6)):
                message = b" ".join(random.choice(words) for _ in range(random.randrange(8)))
                message += b"".join(b"\n" + b" ".join(random.choice(words) for _ in range(random.randrange(4))) for _ in range(random.randrange(5)))
                fds = [0] * random.choice([0, 0, 1, 2, 3, 100])
                socket.send_fds(sock, [message[:60000] or b" "], fds)
                if random.random() < 0.7:
                    sock.recv(65536)
        except OSError:
            pass
        sock.close()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
