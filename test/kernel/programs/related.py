"""Flows that have no ports, and flows of which another one tells: GRE, and RTP as SIP announces it.

`related.py server NAME ADDRESS`: answers GRE packets with NAME in front, and calls who calls it: RTP comes from here first, and
who answers that is told NAME. Makes the calls that `call ADDRESS PORT ID` in a datagram to 127.0.0.1, port 9099, wants.
`related.py gre ADDRESS ...`: sends a packet to each address; prints a JSON list of what came back.
`related.py calls SERVER OWN OUT IN`: makes OUT calls and takes IN; says `through CALL` for each that got through, and a
JSON object of names by call when all have, or nothing has come for twenty seconds.
What goes on says `ready` on standard error.
"""
import json
import re
import selectors
import socket
import struct
import sys
import time

PATIENCE = 20.0


def sip(first, own, port, call, media):
    sdp = (f'v=0\r\no=- 1 1 IN IP4 {own}\r\ns=-\r\nc=IN IP4 {own}\r\nt=0 0\r\n'
           f'm=audio {media} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n') if media else ''
    head = (f'{first}\r\nVia: SIP/2.0/UDP {own}:{port};branch=z9hG4bK{call}\r\nMax-Forwards: 70\r\n'
            f'From: <sip:a@{own}>;tag=1\r\nTo: <sip:b@{own}>\r\nCall-ID: {call}@test\r\nCSeq: 1 INVITE\r\n'
            f'Contact: <sip:a@{own}:{port}>\r\n' + ('Content-Type: application/sdp\r\n' if media else '') +
            f'Content-Length: {len(sdp)}\r\n\r\n')
    return (head + sdp).encode()


def heard(text):
    """Call, and where its media are expected."""
    call = re.search(rb'Call-ID: (\S+)@test', text)
    address, port = re.search(rb'\nc=IN IP4 (\S+)', text), re.search(rb'\nm=audio (\d+)', text)
    return call and call[1].decode(), (address[1].decode(), int(port[1])) if address and port else None


def udp(address, port):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind((address, port))
    return one


def gre(address):
    one = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_GRE)
    one.bind((address, 0))
    return one


def gre_payload(packet):
    return packet[(packet[0] & 15) * 4 + 4:]


GRE_HEADER = struct.pack('!HH', 0, 0x0800)


def server(name, address):
    raw, calls, media, orders = gre('0.0.0.0'), udp(address, 5060), udp(address, 6000), udp('127.0.0.1', 9099)
    selector = selectors.DefaultSelector()

    def on_raw():
        packet, peer = raw.recvfrom(2000)
        # From where it was asked.
        own = gre(socket.inet_ntoa(packet[16:20]))
        own.sendto(GRE_HEADER + f'{name} '.encode() + gre_payload(packet), (peer[0], 0))
        own.close()

    def on_call():
        text, peer = calls.recvfrom(4000)
        call, where = heard(text)
        if text.startswith(b'INVITE'):
            calls.sendto(sip('SIP/2.0 100 Trying', address, 5060, call, 0), peer)
        # The far end speaks first.
        if where:
            media.sendto(f'rtp {call}'.encode(), where)

    def on_media():
        text, peer = media.recvfrom(2000)
        if text.startswith(b'answer '):
            media.sendto(f'{name} {text.decode()[7:]}'.encode(), peer)

    def on_order():
        _, to, port, call = orders.recv(2000).decode().split()
        calls.sendto(sip(f'INVITE sip:b@{to} SIP/2.0', address, 5060, call, 0), (to, int(port)))

    for one, listener in ((raw, on_raw), (calls, on_call), (media, on_media), (orders, on_order)):
        selector.register(one, selectors.EVENT_READ, listener)
    print('ready', file=sys.stderr, flush=True)
    while True:
        for key, _ in selector.select():
            key.data()


def gre_client(addresses):
    raws = [gre('0.0.0.0') for _ in addresses]
    for raw, to in zip(raws, addresses):
        raw.settimeout(PATIENCE / 4)
        raw.connect((to, 0))
    answers = []
    for raw in raws:
        raw.send(GRE_HEADER + b'asked')
        try:
            answers.append(gre_payload(raw.recv(2000)).decode())
        except OSError as error:
            answers.append(str(error))
    print(json.dumps(answers))


def calls_client(to, own, outgoing, expected):
    selector = selectors.DefaultSelector()
    names = {}
    incoming = udp(own, 5060)

    def on_media(one):
        text, peer = one.recvfrom(2000)
        kind, call = text.decode().split()
        if kind == 'rtp':
            one.sendto(f'answer {call}'.encode(), peer)
        else:
            names[call] = kind
            print('through', call, file=sys.stderr, flush=True)

    def expect_media(port):
        selector.register(udp(own, port), selectors.EVENT_READ, on_media)

    def on_incoming(one):
        text, peer = one.recvfrom(4000)
        call, _ = heard(text)
        if text.startswith(b'INVITE') and call:
            port = 5200 + 2 * len(selector.get_map())
            expect_media(port)
            one.sendto(sip('SIP/2.0 200 OK', own, 5060, call, port), peer)

    selector.register(incoming, selectors.EVENT_READ, on_incoming)
    for i in range(outgoing):
        port, media = 5070 + i, 4000 + 2 * i
        expect_media(media)
        call = udp(own, port)
        call.sendto(sip(f'INVITE sip:b@{to} SIP/2.0', own, port, f'out{i}', media), (to, 5060))
        selector.register(call, selectors.EVENT_READ, lambda one: one.recv(4000))
    print('ready', file=sys.stderr, flush=True)
    end = time.monotonic() + PATIENCE
    while len(names) < outgoing + expected and time.monotonic() < end:
        for key, _ in selector.select(0.2):
            key.data(key.fileobj)
            end = time.monotonic() + PATIENCE
    print(json.dumps(names), file=sys.stderr, flush=True)


role, *rest = sys.argv[1:]
if role == 'server':
    server(*rest)
elif role == 'gre':
    gre_client(rest)
else:
    calls_client(rest[0], rest[1], int(rest[2]), int(rest[3]))
