"""MPTCP connections, which Node.js cannot make. `server ADDRESS PORT` sends to whoever connects, without an end. `client
ADDRESS PORT` receives, and prints each tenth of a second how many bytes there were; and in the end, why there are no more."""
import socket
import sys
import threading
import time

role, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
mptcp = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_MPTCP)


def end_with_peer(connection):
    """MPTCP's close ends one direction alone: for a minute (net.mptcp.close_timeout) whoever sends on fills the line."""
    try:
        while connection.recv(4096):
            pass
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def send(connection):
    threading.Thread(target=end_with_peer, args=(connection,), daemon=True).start()
    try:
        while True:
            connection.sendall(bytes(65536))
    except OSError:
        connection.close()


if role == "server":
    mptcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    mptcp.bind((address, port))
    mptcp.listen(16)
    print("listening", flush=True)
    while True:
        threading.Thread(target=send, args=(mptcp.accept()[0],), daemon=True).start()

received, told = 0, 0.0
try:
    mptcp.connect((address, port))
    while chunk := mptcp.recv(1 << 20):
        received += len(chunk)
        if time.monotonic() - told >= 0.1:
            told = time.monotonic()
            print(received, flush=True)
    print("ended", flush=True)
except OSError as error:
    print(f"ended: {error}", flush=True)
