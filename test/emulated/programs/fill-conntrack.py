"""Puts COUNT UDP connections with a connection mark into this namespace's table, as conntrack(8) does with --create, but
in batches: fill-conntrack.py COUNT MARK NETWORK, where NETWORK (0-255) keeps those of several calls apart.

Needs nfnetlink's messages only: linux/netfilter/nfnetlink_conntrack.h.
"""

import socket
import struct
import sys

count, mark, network = (int(argument, 0) for argument in sys.argv[1:4])
NETLINK_NETFILTER, SO_SNDBUFFORCE = 12, 32
NEW, CREATE, REQUEST, NESTED = 1 << 8, 0x400, 1, 0x8000
SEEN_REPLY, ASSURED, CONFIRMED = 1 << 1, 1 << 2, 1 << 3
PER_BATCH = 256


def attribute(kind, payload):
    return struct.pack("=HH", len(payload) + 4, kind) + payload + bytes(-len(payload) % 4)


def nested(kind, *payloads):
    return attribute(kind | NESTED, b"".join(payloads))


def way(kind, source, to, source_port, port):
    ports = [attribute(2, struct.pack(">H", source_port)), attribute(3, struct.pack(">H", port))]
    return nested(
        kind,
        nested(1, attribute(1, source), attribute(2, to)),
        nested(2, attribute(1, bytes([socket.IPPROTO_UDP])), *ports),
    )


def connection(client, server=bytes([203, 0, 113, 9])):
    body = (
        struct.pack(">BBH", socket.AF_INET, 0, 0)
        + way(1, client, server, 4000, 5000)
        + way(2, server, client, 5000, 4000)
        + attribute(3, struct.pack(">I", SEEN_REPLY | ASSURED | CONFIRMED))
        + attribute(7, struct.pack(">I", 3600))
        + attribute(8, struct.pack(">I", mark))
    )
    return struct.pack("=IHHII", len(body) + 16, NEW, REQUEST | CREATE, 0, 0) + body


# Client 100.NETWORK.high.low: the last byte numbers the connections of a batch, the one before it the batches, and the
# next one (64 and up) goes on from there.
place = bytes([11, 22, 33, 44])
batch = bytearray(b"".join(connection(place[:3] + bytes([last])) for last in range(PER_BATCH)))
length = len(connection(place))
first = connection(place).index(place)
second = connection(place).index(place, first + 1)

with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as netlink:
    netlink.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 8 << 20)
    for number in range(count // PER_BATCH):
        high, low = divmod(number, 256)
        for offset in (first, second):
            for byte, value in enumerate((100, network + high, low)):
                batch[offset + byte :: length] = bytes([value]) * PER_BATCH
        netlink.send(batch)
