"""A plain TCP connection, of a program that knows nothing of MPTCP: receives from ADDRESS PORT, and prints each tenth of a second
how many bytes there were."""
import socket
import sys
import time

connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
received, told = 0, 0.0
while chunk := connection.recv(1 << 20):
    received += len(chunk)
    if time.monotonic() - told >= 0.1:
        told = time.monotonic()
        print(received, flush=True)
