"""Sends UDP datagrams with any source: spoof.py DEVICE MAC, and on standard input a line `SOURCE DESTINATION PORT` for each."""
import socket
import struct
import sys

device, mac = sys.argv[1:]
out = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)


def checksum(header):
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


for line in sys.stdin:
    source, destination, port = line.split()
    ends = socket.inet_aton(source), socket.inet_aton(destination)
    fields = [0x45, 0, 28, 0, 0, 64, socket.IPPROTO_UDP, 0, *ends]
    fields[7] = checksum(struct.pack("!BBHHHBBH4s4s", *fields))
    datagram = struct.pack("!HHHH", 4000, int(port), 8, 0)
    group = int(destination.split(".")[0]) >= 224 or destination.endswith(".255")
    to = "ff:ff:ff:ff:ff:ff" if group else mac
    address = (device, 0x0800, 0, 0, bytes.fromhex(to.replace(":", "")))
    out.sendto(struct.pack("!BBHHHBBH4s4s", *fields) + datagram, address)
