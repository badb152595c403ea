"""Flows between network namespaces, and what becomes of each: driven by lines of JSON on standard input, see flows.ts.

Sockets belong to the namespace in which they were made, so one process serves and asks in all of them. A server tells each
client its own name and the address that it saw.
"""
import ctypes
import json
import os
import selectors
import socket
import struct
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
home = os.open("/proc/self/ns/net", os.O_RDONLY)
selector = selectors.DefaultSelector()
SO_BINDTODEVICE, SO_MARK = 25, 36
families = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
flows = {}


def enter(namespace):
    handle = home if namespace == "host" else os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if libc.setns(handle, 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), f"entering {namespace}")
    if handle != home:
        os.close(handle)


def new_socket(namespace, family, kind):
    enter(namespace)
    try:
        one = socket.socket(families[family], kind)
    finally:
        enter("host")
    one.setblocking(False)
    return one


def plain(address):
    return address[0].split("%")[0].removeprefix("::ffff:")


def serve(namespace, family, port):
    name = namespace.encode()
    udp = new_socket(namespace, family, socket.SOCK_DGRAM)
    tcp = new_socket(namespace, family, socket.SOCK_STREAM)
    for one in (udp, tcp):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == "inet6":
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(("", port))
    tcp.listen(256)

    def answer():
        try:
            data, peer = udp.recvfrom(100)
            udp.sendto(data + b" " + name + b" " + plain(peer).encode(), peer)
        except OSError:
            pass

    def accept():
        one, peer = tcp.accept()
        one.setblocking(False)

        def echo():
            try:
                data = one.recv(100)
                if data:
                    one.send(data + b" " + name + b" " + plain(peer).encode())
                    return
            except OSError:
                pass
            selector.unregister(one)
            one.close()

        selector.register(one, selectors.EVENT_READ, echo)

    selector.register(udp, selectors.EVENT_READ, answer)
    selector.register(tcp, selectors.EVENT_READ, accept)


class Flow:
    def __init__(self, plan):
        self.plan = plan
        self.answer = None
        self.error = None
        self.asked = 0
        self.is_open = plan["protocol"] == "udp"
        kind = socket.SOCK_DGRAM if self.is_open else socket.SOCK_STREAM
        self.socket = new_socket(plan["namespace"], plan["family"], kind)
        try:
            if "device" in plan:
                self.socket.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, plan["device"].encode() + b"\0")
            if "mark" in plan:
                self.socket.setsockopt(socket.SOL_SOCKET, SO_MARK, struct.pack("I", plan["mark"]))
            if "source" in plan:
                self.socket.bind((plan["source"], 0))
            if plan.get("unconnected"):
                self.send()
            else:
                self.socket.connect_ex((plan["destination"], plan["port"]))
                if self.is_open:
                    self.send()
            events = selectors.EVENT_READ if self.is_open else selectors.EVENT_READ | selectors.EVENT_WRITE
            selector.register(self.socket, events, self.ready)
        except OSError as error:
            self.error = error.strerror

    def ask(self):
        self.answer = None
        if self.is_open and self.error is None:
            self.send()

    def send(self):
        self.asked += 1
        data = f"{self.plan['id']}.{self.asked}".encode()
        try:
            if self.plan.get("unconnected"):
                self.socket.sendto(data, (self.plan["destination"], self.plan["port"]))
            else:
                self.socket.send(data)
        except OSError as error:
            self.error = error.strerror

    def ready(self):
        if not self.is_open:
            self.is_open = True
            error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                self.fail(os.strerror(error))
                return
            selector.modify(self.socket, selectors.EVENT_READ, self.ready)
            self.send()
            return
        try:
            data = self.socket.recv(200)
        except BlockingIOError:
            return
        except OSError as error:
            self.fail(error.strerror)
            return
        if not data:
            self.fail("closed")
            return
        asked, *answer = data.decode().rsplit(" ", 2)
        if asked == f"{self.plan['id']}.{self.asked}":
            self.answer = answer

    def fail(self, why):
        self.error = why
        selector.unregister(self.socket)

    def close(self):
        try:
            selector.unregister(self.socket)
        except KeyError:
            pass
        self.socket.close()


def settle(some, seconds):
    """Until each has an answer or an error, or the time is over; datagrams are sent again, as they may be lost."""
    deadline = time.monotonic() + seconds
    again = time.monotonic() + 0.3
    while time.monotonic() < deadline and any(flow.answer is None and flow.error is None for flow in some):
        for key, _ in selector.select(0.05):
            key.data()
        if time.monotonic() > again:
            again = time.monotonic() + 0.3
            for flow in some:
                if flow.answer is None and flow.error is None and flow.plan["protocol"] == "udp":
                    flow.send()


def results(some):
    return [
        {"id": flow.plan["id"], "where": (flow.answer or [None])[0], "peer": (flow.answer or [None, None])[1], "error": flow.error}
        for flow in some
    ]


for line in sys.stdin:
    request = json.loads(line)
    reply = []
    if request["op"] == "serve":
        for namespace in request["namespaces"]:
            for family in families:
                serve(namespace, family, request["port"])
    if request["op"] == "open":
        for plan in request["flows"]:
            flows[plan["id"]] = Flow(plan)
        some = [flows[plan["id"]] for plan in request["flows"]]
        settle(some, request["seconds"])
        reply = results(some)
    if request["op"] == "ask":
        some = [flows[one] for one in request["ids"]]
        for flow in some:
            flow.ask()
        settle(some, request["seconds"])
        reply = results(some)
    if request["op"] == "close":
        for one in request["ids"]:
            flows.pop(one).close()
    print(json.dumps(reply), flush=True)
