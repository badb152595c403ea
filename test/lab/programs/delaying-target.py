"""A probe target that answers when it likes: delaying-target.py DEVICE ADDRESS MS. Answers echo requests to ADDRESS that come in by
DEVICE so many milliseconds late; the kernel's own answers have to be kept back. Prints `ready`."""
import heapq
import select
import socket
import struct
import sys
import time

device, address, delay = sys.argv[1], socket.inet_aton(sys.argv[2]), float(sys.argv[3]) / 1000
heard = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
heard.bind((device, 0x0800))
said = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)


def sum_of(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data + b"\0" * (len(data) % 2))[: len(data) // 2 + 1])
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


print("ready", flush=True)
waiting = []
while True:
    pause = max(0, waiting[0][0] - time.monotonic()) if waiting else None
    if select.select([heard], [], [], pause)[0]:
        packet = heard.recv(2048)
        header = (packet[0] & 15) * 4
        echo = packet[header : struct.unpack("!H", packet[2:4])[0]]
        if packet[9] == socket.IPPROTO_ICMP and packet[16:20] == address and echo[0] == 8:
            bare = b"\0\0\0\0" + echo[4:]
            answer = bare[:2] + struct.pack("!H", sum_of(bare + b"\0" * (len(bare) % 2))) + bare[4:]
            reply = b"\x45\0\0\0\0\0\0\0\x40\x01\0\0" + address + packet[12:16] + answer
            heapq.heappush(waiting, (time.monotonic() + delay, len(waiting), packet[12:16], reply))
    while waiting and waiting[0][0] <= time.monotonic():
        _, _, to, reply = heapq.heappop(waiting)
        said.sendto(reply, (socket.inet_ntoa(to), 0))
