"""Calls of PPTP (RFC 2637): a control connection over TCP, whose packets name the two numbers of a call, and GRE with these.

`pptp.py server NAME ADDRESS BASE`: takes calls at ADDRESS, numbered from BASE on, and answers what comes by GRE with NAME. A call whose
phone number is `server` hears of it by GRE before it says anything. Packets bear the receiver's number alone, so servers at one address
need different ones.
`pptp.py client TO COUNT BASE [ADDRESS]`: makes COUNT calls numbered from BASE on, of every second of which the server speaks first.
Prints a JSON list of the names that answered; SIGUSR1: asks all again, and prints again.
What goes on says `ready` on standard error.
"""
import json
import selectors
import signal
import socket
import struct
import sys
import time

PATIENCE = 20.0
CONTROL = struct.Struct('!HHIHH')
START = struct.Struct('!HBBIIHH64s64s')
CALL = struct.Struct('!HHIIIIHHHH64s64s')
ANSWER = struct.Struct('!HHBBHIHHI')
START_REQUEST, START_REPLY, CALL_REQUEST, CALL_REPLY = 1, 2, 7, 8
OK = 1


def control(kind, body):
    return CONTROL.pack(CONTROL.size + len(body), 1, 0x1A2B3C4D, kind, 0) + body


def start(result):
    return START.pack(0x0100, result, 0, 3, 3, 0, 1, b'', b'')


def receive(connection):
    """One message: its kind, and the rest of it."""
    head = connection.recv(CONTROL.size, socket.MSG_WAITALL)
    if len(head) < CONTROL.size:
        raise ConnectionError('closed')
    length, _, _, kind, _ = CONTROL.unpack(head)
    return kind, connection.recv(length - CONTROL.size, socket.MSG_WAITALL)


def gre(address):
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_GRE)
    raw.bind((address, 0))
    return raw


def gre_packet(number, text):
    # Version 1 with a key and a sequence number.
    return struct.pack('!HHHHI', 0x3001, 0x880B, len(text), number, 0) + text


def gre_parts(packet):
    """From whom, to which call, and what."""
    head = packet[(packet[0] & 15) * 4:]
    return socket.inet_ntoa(packet[12:16]), struct.unpack_from('!H', head, 6)[0], head[12:]


def server(name, address, base):
    listener = socket.create_server((address, 1723), backlog=200)
    raw = gre(address)
    selector = selectors.DefaultSelector()
    calls = {}

    def on_connection():
        connection, peer = listener.accept()
        selector.register(connection, selectors.EVENT_READ, lambda: on_control(connection, peer[0]))

    def on_control(connection, peer):
        try:
            kind, body = receive(connection)
        except ConnectionError:
            selector.unregister(connection)
            return
        if kind == START_REQUEST:
            connection.sendall(control(START_REPLY, start(OK)))
        if kind == CALL_REQUEST:
            theirs, phone = struct.unpack_from('!H', body)[0], body[28:92].rstrip(b'\0')
            ours = int(base) + len(calls)
            calls[ours] = (peer, theirs)
            connection.sendall(control(CALL_REPLY, ANSWER.pack(ours, theirs, OK, 0, 0, 64000, 64, 0, 0)))
            if phone == b'server':
                raw.sendto(gre_packet(theirs, b'speak'), (peer, 0))

    def on_gre():
        _, ours, text = gre_parts(raw.recv(2000))
        if text == b'ask' and ours in calls:
            peer, theirs = calls[ours]
            raw.sendto(gre_packet(theirs, name.encode()), (peer, 0))

    selector.register(listener, selectors.EVENT_READ, on_connection)
    selector.register(raw, selectors.EVENT_READ, on_gre)
    print('ready', file=sys.stderr, flush=True)
    while True:
        for key, _ in selector.select():
            key.data()


def client(to, count, base, address='0.0.0.0'):
    raw = gre(address)
    raw.settimeout(0.2)
    calls = {}
    held = []
    for number in range(base, base + count):
        connection = socket.create_connection((to, 1723), timeout=PATIENCE, source_address=(address, 0))
        held.append(connection)
        connection.sendall(control(START_REQUEST, start(0)))
        receive(connection)
        first = b'server' if number % 2 else b'client'
        connection.sendall(control(CALL_REQUEST, CALL.pack(number, 0, 300, 10**8, 3, 3, 64, 0, len(first), 0, first, b'')))
        _, answer = receive(connection)
        calls[number] = (ANSWER.unpack(answer)[0], first)

    def ask(number):
        raw.sendto(gre_packet(calls[number][0], b'ask'), (to, 0))

    def hear(waiting):
        names = dict.fromkeys(calls, 'nobody')
        for number in calls.keys() - waiting:
            ask(number)
        end = time.monotonic() + PATIENCE
        while 'nobody' in names.values() and time.monotonic() < end:
            try:
                peer, number, text = gre_parts(raw.recv(2000))
            except TimeoutError:
                continue
            if peer != to or number not in calls:
                continue
            if text == b'speak':
                ask(number)
            else:
                names[number] = text.decode()
        print(json.dumps(list(names.values())), file=sys.stderr, flush=True)

    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    hear({number for number, (_, first) in calls.items() if first == b'server'})
    while True:
        signal.sigwait([signal.SIGUSR1])
        hear(set())


role, *rest = sys.argv[1:]
if role == 'server':
    server(*rest)
else:
    client(rest[0], int(rest[1]), int(rest[2]), *rest[3:])
