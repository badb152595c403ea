"""Runs a program on a terminal of 80x24 and does what it is told: terminal.py SECONDS STEPS PROGRAM ARGUMENT ...

STEPS is JSON, a list of objects with one member each: `wait` for a picture in which a line matches, `run` a program, `resize` the
terminal to columns and rows, `send` keys, `signal` the program. Prints what it saw as JSON: the picture after each `wait`, the exit
code, whether the terminal's settings are as before, and the last that was written.

A picture is what stands between two moves of the cursor to the upper left corner, without control sequences.
"""
import fcntl, json, os, pty, re, select, signal, struct, subprocess, sys, termios, time

patience, steps, argv = float(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
master, slave = pty.openpty()


def resize(columns, rows):
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))


def start():
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


resize(80, 24)
before = termios.tcgetattr(slave)
environment = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'TERM': 'xterm-256color', 'LC_ALL': 'C.UTF-8'}
child = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=environment, preexec_fn=start)
written = b''


def read(seconds):
    global written
    if select.select([master], [], [], seconds)[0]:
        written += os.read(master, 65536)


def picture():
    """The latest that is whole: its end clears the rest of the screen."""
    parts = written.decode(errors='replace').split('\x1b[H')
    whole = [part for part in parts[1:] if '\x1b[J' in part]
    text = whole[-1].split('\x1b[J')[0] if whole else ''
    return re.sub(r'\x1b\[[0-9;?]*[A-Za-z]', '', text).replace('\r', '').split('\n')


pictures = []
for step in steps:
    (word, value), = step.items()
    if word == 'wait':
        deadline = time.monotonic() + patience
        while not any(re.search(value, line) for line in picture()):
            if time.monotonic() > deadline or child.poll() is not None:
                sys.exit('never saw %s; the last: %s' % (value, written[-4000:]))
            read(0.2)
        pictures.append(picture())
    elif word == 'run':
        subprocess.run(value, check=True)
    elif word == 'resize':
        resize(*value)
        written = b''
        os.kill(child.pid, signal.SIGWINCH)
    elif word == 'send':
        os.write(master, value.encode())
    elif word == 'signal':
        os.kill(child.pid, getattr(signal, value))

deadline = time.monotonic() + patience
while child.poll() is None:
    if time.monotonic() > deadline:
        child.kill()
        sys.exit('it did not end')
    read(0.1)
while select.select([master], [], [], 0)[0]:
    read(0)
restored = termios.tcgetattr(slave) == before
print(json.dumps({'pictures': pictures, 'exit': child.returncode, 'restored': restored, 'end': written[-40:].decode(errors='replace')}))
