"""Connections that are held open, and what becomes of them.

`held.py server ADDRESS...`: TCP 7000 and 7001 give back what they are sent; TCP 7002 sends without an end, 80 kB a second; TCP 21
opens such connections as FTP does (PORT and EPRT, PASV and EPSV); UDP 69 of these addresses answers from another port, as TFTP
does. SIGUSR1: something is sent on each TCP connection; SIGUSR2: from then on twenty times a second, on at most 200 of them at a
time. SIGHUP: prints `silent` and sends nothing unasked until the next one, which prints `talking`.

`held.py client PLAN`: a JSON list of { name, kind: tcp | download | active | passive | tftp, to, port, count, bind }; what is bound
may be an address that is not this host's. Prints `open {...}` when all are answered, by name. SIGUSR1: says something on each and
prints `answered {...}` with how many gave it back, and how many there are; SIGUSR2: prints `heard {...}` once each TCP
connection has got something unasked. A connection that is closed or reset does neither. A download answers with another 32 KiB.

`held.py begin TO COUNT`: begins so many connections over TCP and UDP, and goes on asking over UDP. Prints `begun`, and
`answered {...}` when all are, or half a minute is over.
"""
import json
import re
import resource
import selectors
import signal
import socket
import sys
import time

PATIENCE = 20
PULSE = 0.05
PIECE = b'd' * 4096
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
selector = selectors.DefaultSelector()
wanted = set()
for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP):
    signal.signal(number, lambda got, frame: wanted.add(got))


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def family_of(address):
    return socket.AF_INET6 if ':' in address else socket.AF_INET


def bound(kind, address, port=0, transparent=False):
    made = socket.socket(family_of(address), kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if made.family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if transparent:
            made.setsockopt(socket.IPPROTO_IPV6, 75, 1)  # IPV6_TRANSPARENT
    elif transparent:
        made.setsockopt(socket.SOL_IP, 19, 1)  # IP_TRANSPARENT
    made.bind((address, port))
    return made


def listener(address, port=0):
    made = bound(socket.SOCK_STREAM, address, port)
    made.listen(4096)
    return made


def endpoint_of(text):
    """Of PORT and 227, or of EPRT."""
    numbers = re.search(r'(\d+,\d+,\d+,\d+),(\d+),(\d+)', text)
    if numbers:
        return numbers[1].replace(',', '.'), int(numbers[2]) * 256 + int(numbers[3])
    _, _, address, port, *_ = re.search(r'\|.*\|', text)[0].split('|')
    return address, int(port)


def comma(address, port):
    return ','.join([*address.split('.'), str(port // 256), str(port % 256)])


def serve(addresses):
    # In the order in which they are spoken on.
    held = {}
    downloads = set()

    def hold(connection):
        held[connection] = True

        def echo(_):
            try:
                data = connection.recv(4096)
                if data:
                    connection.sendall(data)
                    return
            except OSError:
                pass
            drop(connection)

        selector.register(connection, selectors.EVENT_READ, echo)

    def drop(connection):
        held.pop(connection, None)
        downloads.discard(connection)
        selector.unregister(connection)
        connection.close()

    def download(made):
        connection = made.accept()[0]
        connection.setblocking(False)
        hold(connection)
        held.pop(connection)
        downloads.add(connection)

    def speak(count):
        for connection in list(held)[:count]:
            held[connection] = held.pop(connection)
            try:
                connection.sendall(b's\n')
            except OSError:
                pass

    def accept(made):
        selector.register(made, selectors.EVENT_READ, lambda _: hold(made.accept()[0]))

    def control(made):
        connection, _ = made.accept()

        def command(_):
            try:
                text = connection.recv(4096).decode()
            except OSError:
                text = ''
            if text == '':
                selector.unregister(connection)
                connection.close()
            elif text.startswith('USER'):
                connection.sendall(b'230 Hello.\r\n')
            elif text.startswith(('PORT', 'EPRT')):
                active = bound(socket.SOCK_STREAM, connection.getsockname()[0])
                active.setblocking(False)
                active.connect_ex(endpoint_of(text))
                hold(active)
            elif text.startswith(('PASV', 'EPSV')):
                address = connection.getsockname()[0]
                data = listener(address)
                accept(data)
                port = data.getsockname()[1]
                ipv4 = f'227 Entering Passive Mode ({comma(address, port)})\r\n'
                ipv6 = f'229 Entering Extended Passive Mode (|||{port}|)\r\n'
                connection.sendall((ipv4 if text.startswith('PASV') else ipv6).encode())

        selector.register(connection, selectors.EVENT_READ, command)

    def transfer(made, address):
        _, peer = made.recvfrom(4096)
        answering = bound(socket.SOCK_DGRAM, address)
        answering.connect(peer)
        answering.send(b'\x00\x03\x00\x01')

        def echo(_):
            try:
                answering.send(answering.recv(4096))
            except OSError:
                pass

        selector.register(answering, selectors.EVENT_READ, echo)

    for anywhere in ('0.0.0.0', '::'):
        accept(listener(anywhere, 7000))
        accept(listener(anywhere, 7001))
        ftp = listener(anywhere, 21)
        selector.register(ftp, selectors.EVENT_READ, lambda _, ftp=ftp: control(ftp))
        endless = listener(anywhere, 7002)
        selector.register(endless, selectors.EVENT_READ, lambda _, endless=endless: download(endless))
    def echo_back(made):
        data, peer = made.recvfrom(4096)
        made.sendto(data, peer)

    for address in addresses:
        plain = bound(socket.SOCK_DGRAM, address, 7000)
        selector.register(plain, selectors.EVENT_READ, lambda _, plain=plain: echo_back(plain))
        tftp = bound(socket.SOCK_DGRAM, address, 69)
        selector.register(tftp, selectors.EVENT_READ, lambda _, tftp=tftp, address=address: transfer(tftp, address))
    say('ready')
    pulse = time.monotonic()
    silent = False
    while True:
        for key, _ in selector.select(PULSE):
            key.data(key.fileobj)
        if signal.SIGUSR1 in wanted:
            wanted.discard(signal.SIGUSR1)
            speak(len(held))
        if signal.SIGHUP in wanted:
            wanted.discard(signal.SIGHUP)
            silent = not silent
            say('silent' if silent else 'talking')
        if silent or time.monotonic() < pulse:
            continue
        pulse = time.monotonic() + PULSE
        if signal.SIGUSR2 in wanted:
            speak(200)
        for connection in list(downloads):
            try:
                connection.send(PIECE)
            except OSError:
                # Full, or at its end, which is read.
                pass


def connect(kind, plan):
    anywhere = '::' if ':' in plan['to'] else '0.0.0.0'
    made = bound(kind, plan.get('bind', anywhere), transparent='bind' in plan)
    made.settimeout(PATIENCE)
    return made


def open_one(plan):
    """Gives the sockets that have to stay, the one that is spoken on first."""
    to = (plan['to'], plan['port'])
    if plan['kind'] == 'tftp':
        made = connect(socket.SOCK_DGRAM, plan)
        made.sendto(b'\x00\x01file\x00octet\x00', to)
        _, peer = made.recvfrom(4096)
        made.connect(peer)
        return [made]
    made = connect(socket.SOCK_STREAM, plan)
    made.connect(to)
    if plan['kind'] in ('tcp', 'download'):
        return [made]
    # The kernel's helper reads commands that it has seen a line before.
    made.sendall(b'USER anonymous\r\n')
    made.recv(4096)
    own = made.getsockname()[0]
    if plan['kind'] == 'active':
        data = listener(own)
        data.settimeout(PATIENCE)
        port = data.getsockname()[1]
        ipv4 = f'PORT {comma(own, port)}\r\n'
        made.sendall((f'EPRT |2|{own}|{port}|\r\n' if ':' in own else ipv4).encode())
        return [data.accept()[0], made]
    made.sendall(b'EPSV\r\n' if ':' in own else b'PASV\r\n')
    address, port = endpoint_of(made.recv(4096).decode())
    data = connect(socket.SOCK_STREAM, plan)
    data.connect((address or plan['to'], port))
    return [data, made]


class Held:
    def __init__(self, plan):
        self.name = plan['name']
        self.download = plan['kind'] == 'download'
        self.stream = plan['kind'] not in ('tftp', 'download')
        self.wanted = 0
        self.bytes = 0
        self.dead = None
        self.token = ''
        self.answered = False
        self.tail = ''
        self.unasked = 0
        self.heard = 0
        self.keep = open_one(plan)
        self.socket = self.keep[0]
        self.socket.settimeout(0)
        selector.register(self.socket, selectors.EVENT_READ, self.hear)

    def hear(self, _):
        try:
            data = self.socket.recv(65536)
            if not data:
                raise OSError('closed')
        except BlockingIOError:
            return
        except OSError as error:
            self.die(error)
            return
        self.bytes += len(data)
        text = self.tail + data.decode(errors='replace')
        # For good: what a server says unasked takes it out of any window while another connection is waited for.
        self.answered = self.answered or self.token in text
        self.tail = text[-len(self.token) :]
        self.unasked += data.count(b's\n')

    def die(self, error):
        self.dead = str(error)
        say('dead', self.name, self.dead)
        selector.unregister(self.socket)

    def tell(self, token):
        if self.download:
            self.wanted = self.bytes + 32768
            return
        self.token, self.answered = token, False
        try:
            self.socket.send(token.encode())
        except BlockingIOError:
            pass
        except OSError as error:
            if self.dead is None:
                self.die(error)


def until(is_so, everyone):
    """Counts those that are so within some seconds, by name."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not all(one.dead or is_so(one) for one in everyone):
        for key, _ in selector.select(0.05):
            key.data(key.fileobj)
    counts = {}
    for one in everyone:
        good, count = counts.get(one.name, (0, 0))
        counts[one.name] = (good + (one.dead is None and is_so(one)), count + 1)
    return counts


def hold(plans):
    everyone = []
    for plan in plans:
        for _ in range(plan['count']):
            try:
                everyone.append(Held(plan))
            except OSError as error:
                say('failed', plan['name'], error)
                break
    number = 0

    def ask():
        nonlocal number
        number += 1
        token = f'n{number}\n'
        for one in everyone:
            if one.dead is None:
                one.tell(token)
        return until(lambda one: one.bytes >= one.wanted if one.download else one.answered, everyone)

    say('open', json.dumps(ask()))
    while True:
        for key, _ in selector.select(0.05):
            key.data(key.fileobj)
        if signal.SIGUSR1 in wanted:
            wanted.discard(signal.SIGUSR1)
            say('answered', json.dumps(ask()))
        if signal.SIGUSR2 in wanted:
            wanted.discard(signal.SIGUSR2)
            streams = [one for one in everyone if one.stream]
            say('heard', json.dumps(until(lambda one: one.unasked > one.heard, streams)))
            for one in streams:
                one.heard = one.unasked


def begin(to, count):
    """A program that never gives up, and whose first packets are lost."""
    waiting = {'tcp': set(), 'udp': set()}
    for name, kind in (('tcp', socket.SOCK_STREAM), ('udp', socket.SOCK_DGRAM)):
        for _ in range(count):
            made = socket.socket(family_of(to), kind)
            made.setblocking(False)
            made.connect_ex((to, 7000))
            waiting[name].add(made)
            event = selectors.EVENT_READ if name == 'udp' else selectors.EVENT_WRITE
            selector.register(made, event, name)
    deadline = time.monotonic() + 30
    begun = False
    while any(waiting.values()) and time.monotonic() < deadline:
        for made in waiting['udp']:
            made.send(b'x')
        if not begun:
            say('begun')
            begun = True
        time.sleep(0.1)
        for key, _ in selector.select(0):
            made = key.fileobj
            if key.data == 'tcp' and made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0:
                continue
            selector.unregister(made)
            waiting[key.data].discard(made)
    say('answered', json.dumps({name: (count - len(left), count) for name, left in waiting.items()}))


if sys.argv[1] == 'server':
    serve(sys.argv[2:])
elif sys.argv[1] == 'begin':
    begin(sys.argv[2], int(sys.argv[3]))
else:
    hold(json.loads(sys.argv[2]))
