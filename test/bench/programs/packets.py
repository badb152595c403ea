"""What packets cost: packets.py FAMILY FROM ROUNDS, FAMILY inet or inet6, FROM lan or host.

Prints one JSON object: item -> nanoseconds for one, which are instructions where the clock counts them. One process has a
socket in each namespace, and a packet has gone the whole way when `send` returns, as veth devices need nobody else.
"""

import ctypes
import itertools
import json
import os
import socket
import statistics
import struct
import sys
import time

FAMILY, FROM, ROUNDS = sys.argv[1], sys.argv[2], int(sys.argv[3])
AF = socket.AF_INET if FAMILY == "inet" else socket.AF_INET6
SERVER = "203.0.113.1" if FAMILY == "inet" else "2001:db8:ffff::1"
DATAGRAM, REQUEST, SEGMENT = bytes(100), bytes(200), bytes(1300)
# In turns, as flows by another uplink than their address says, or by the last of many, cost more.
FLOWS = 8
# Python 3.11, of Debian 12, has no os.setns.
LIBC, CLONE_NEWNET = ctypes.CDLL(None), 0x40000000


def open_in(namespace, kind):
    with open(f"/run/netns/{namespace}") as handle:
        LIBC.setns(handle.fileno(), CLONE_NEWNET)
    return socket.socket(AF, kind)


def price(one, batches, each, prepare=lambda: None):
    """The median of so many batches' means, after one that warms up."""
    means = []
    for _ in range(batches + 1):
        prepare()
        begun = time.monotonic_ns()
        for _ in range(each):
            one()
        means.append((time.monotonic_ns() - begun) / each)
    return round(statistics.median(means[1:]))


def answered_flows():
    """A server, and UDP clients that it has answered, with their addresses; nobody reads more than that."""
    server = open_in("internet", socket.SOCK_DGRAM)
    server.bind((SERVER, 7001))
    pairs = []
    for client in [open_in(FROM, socket.SOCK_DGRAM) for _ in range(FLOWS)]:
        client.connect((SERVER, 7001))
        for _ in range(3):
            client.send(b"hello")
            address = server.recvfrom(100)[1]
            server.sendto(b"hello", address)
            client.recv(100)
        pairs.append((client, address))
    # A socket whose buffer is full costs the same for every packet.
    for one in [server, *(client for client, _ in pairs)]:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    return server, pairs


def established():
    """One more packet of a UDP flow that was answered."""
    server, pairs = answered_flows()
    turns = itertools.cycle([client for client, _ in pairs])
    for _ in range(50):
        next(turns).send(b"fill")
    return price(lambda: next(turns).send(DATAGRAM), 10 * ROUNDS, 6 * FLOWS)


def answered():
    """One more packet back: a download by UDP."""
    server, pairs = answered_flows()
    turns = itertools.cycle([address for _, address in pairs])
    for _ in range(50 * FLOWS):
        server.sendto(b"fill", next(turns))
    return price(lambda: server.sendto(DATAGRAM, next(turns)), 10 * ROUNDS, 6 * FLOWS)


def first():
    """The first packet of a UDP flow."""
    client = open_in(FROM, socket.SOCK_DGRAM)
    ports = iter(range(20000, 60000))
    return price(lambda: client.sendto(DATAGRAM, (SERVER, next(ports))), 10 * ROUNDS, 50)


def listening(port):
    server = open_in("internet", socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((SERVER, port))
    server.listen(FLOWS)
    return server


def connection():
    """A TCP connection that is made and reset."""
    server = listening(7002)
    reset = struct.pack("ii", 1, 0)

    def connect():
        client = socket.socket(AF, socket.SOCK_STREAM)
        client.connect((SERVER, 7002))
        accepted, _ = server.accept()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        client.close()
        accepted.close()

    open_in(FROM, socket.SOCK_STREAM).close()
    return price(connect, 10 * ROUNDS, 20)


def http1():
    """What a small page takes: connect, a request, an answer of one segment, and both ends close."""
    server = listening(7004)

    def fetch():
        client = socket.socket(AF, socket.SOCK_STREAM)
        client.connect((SERVER, 7004))
        accepted, _ = server.accept()
        client.send(REQUEST)
        accepted.recv(4096)
        accepted.send(SEGMENT)
        client.recv(4096)
        accepted.close()
        client.recv(4096)
        client.close()

    open_in(FROM, socket.SOCK_STREAM).close()
    return price(fetch, 10 * ROUNDS, 20)


def bulk():
    """A full TCP segment, and its part of the acknowledgements."""
    server = listening(7003)
    pairs = []
    for client in [open_in(FROM, socket.SOCK_STREAM) for _ in range(FLOWS)]:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.connect((SERVER, 7003))
        pairs.append((client, server.accept()[0]))
    turns = itertools.cycle(pairs)

    def segment():
        client, accepted = next(turns)
        client.send(SEGMENT)
        accepted.recv(4096)

    return price(segment, 10 * ROUNDS, 6 * FLOWS)


ITEMS = [established, answered, first, connection, http1, bulk]
print(json.dumps({item.__name__: item() for item in ITEMS}))
