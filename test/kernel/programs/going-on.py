"""Programs that never give up: `going-on.py FROM TO [FROM TO ...]` asks each TO over UDP, TCP and by echo requests, five times a second,
always from the same port and with the same number, until it is killed.
"""
import socket
import struct
import sys
import time

PORT = 5000


def family_of(address):
    return socket.AF_INET6 if ':' in address else socket.AF_INET


def bound(kind, source, port):
    made = socket.socket(family_of(source), kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setblocking(False)
    made.bind((source, port))
    return made


def echo_request(is_ipv6):
    """The kernel fills in the checksum of IPv6 alone."""
    rest = struct.pack('!HH', 7, 1)
    if is_ipv6:
        return b'\x80\0\0\0' + rest
    return struct.pack('!BBH', 8, 0, 0xffff - (0x0800 + 7 + 1)) + rest


class Asking:
    def __init__(self, source, to):
        self.source, self.to, self.tcp = source, to, None
        self.udp = bound(socket.SOCK_DGRAM, source, PORT)
        self.request = echo_request(':' in to)
        protocol = socket.IPPROTO_ICMPV6 if ':' in to else socket.IPPROTO_ICMP
        self.raw = socket.socket(family_of(to), socket.SOCK_RAW, protocol)
        self.raw.setblocking(False)
        self.raw.bind((source, 0))

    def ask(self):
        # What was never answered is closed without a word, and asks anew from the same port.
        if self.tcp:
            self.tcp.close()
        self.tcp = bound(socket.SOCK_STREAM, self.source, PORT)
        for say in (
            lambda: self.tcp.connect_ex((self.to, PORT)),
            lambda: self.udp.sendto(b'x', (self.to, PORT)),
            lambda: self.raw.sendto(self.request, (self.to, 0)),
        ):
            try:
                say()
            except OSError:
                # What is kept back is asked again.
                pass


ends = sys.argv[1:]
all_asking = [Asking(source, to) for source, to in zip(ends[::2], ends[1::2])]
while True:
    for one in all_asking:
        one.ask()
    time.sleep(0.2)
