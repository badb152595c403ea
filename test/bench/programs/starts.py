"""What starts cost, in the network namespace `host`: starts.py; prints one JSON object, name -> millions of instructions.

Where the clock counts instructions, processor time does, too. It is that of the program and of the programs that it runs and waits for.
"""

import json
import os
import resource
import statistics
import subprocess
import time

PROGRAM = "/project/deb/usr/sbin/ifbalance"
PATH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
HOOK = {**PATH, "IFACE": "wan1", "PHASE": "post-up", "MODE": "start", "METHOD": "static", "ADDRFAM": "inet", "LOGICAL": "wan1"}
EMPTY = "/tmp/empty.cjs"
SCRIPT = "/project/deb/etc/network/if-up.d/ifbalance"


def used():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def price(argv):
    """The median of five, after one that warms up."""
    prices = []
    for _ in range(6):
        before = used()
        subprocess.run(argv, env=HOOK, check=True, stdout=subprocess.DEVNULL)
        prices.append((used() - before) * 1000)
    return round(statistics.median(prices[1:]), 1)


with open("/run/netns/host") as handle:
    os.setns(handle.fileno(), os.CLONE_NEWNET)
open(EMPTY, "w").close()
# Where the script has them.
for installed in ["usr/sbin/ifbalance", "usr/lib/ifbalance"]:
    if not os.path.lexists("/" + installed):
        os.symlink("/project/deb/" + installed, "/" + installed)
prices = {
    "perl": price(["/usr/bin/perl", "-MSocket", "-e", "1"]),
    "empty": price(["/project/node", "--jitless", "--optimize-for-size", EMPTY]),
    "version": price([PROGRAM, "--version"]),
    "alone": price([SCRIPT]),
}
daemon = subprocess.Popen([PROGRAM, "daemon"], env=PATH, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    while not os.path.exists("/run/ifbalance/control"):
        time.sleep(0.2)
    # Its first rounds are over.
    time.sleep(8)
    prices["daemon"] = price([SCRIPT])
    prices["program"] = price([PROGRAM, "hook", "ifupdown"])
finally:
    daemon.terminate()
    daemon.wait()
print(json.dumps(prices))
