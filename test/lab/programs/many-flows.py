"""Many flows of UDP through a router. `answer PORT` sends back whatever comes; `send RATE ADDRESS...` begins RATE flows a second, each by one datagram
to a port and address of its own that is answered, prints each second how many there were, and goes on until it is stopped."""
import socket
import sys
import time

role, number, *addresses = sys.argv[1:]
ports = range(10000, 60000)

if role == "answer":
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    server.bind(("", int(number)))
    print("ready", flush=True)
    while True:
        text, peer = server.recvfrom(100)
        try:
            server.sendto(text, peer)
        except OSError:
            pass

began, sent, told = time.monotonic(), 0, 0
while True:
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for address in addresses:
        for port in ports:
            while sent >= (time.monotonic() - began) * int(number):
                time.sleep(0.005)
            try:
                client.sendto(b"x", (address, port))
            except OSError:
                pass
            sent += 1
            if time.monotonic() - told >= 1:
                told = time.monotonic()
                print(sent, flush=True)
