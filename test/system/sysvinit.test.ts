/** Without systemd: the init script, in a root where systemd does not run. */
import { describe, expect, test } from 'vitest'
import { command } from '../lab/command.ts'
import { builtDeb } from '../lab/deb.ts'
import { image } from '../lab/image.ts'
import { lacksLab } from './needs.ts'

const missing = await lacksLab()

/** Prints `name: value` for what is to be seen. Everything is in namespaces that end with it. */
const script = `set -e
mount -t tmpfs t /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir="$1",upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
cp "$2" /mnt/root/srv/ifbalance.deb
cd /mnt/root
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs tmpfs run
mount --bind /dev dev
ip link set lo up
for i in 1 2; do
  ip link add wan$i type veth peer name isp$i
  ip address add 10.$i.0.2/24 dev wan$i
  ip link set isp$i up
  ip link set wan$i up
  ip route add default via 10.$i.0.1 dev wan$i metric 10$i
done
in_root() { chroot /mnt/root "$@"; }
service() { in_root /etc/init.d/ifbalance "$1" >/dev/null 2>&1 && echo "$1: 0" || echo "$1: $?"; }
in_root dpkg -i /srv/ifbalance.deb >/dev/null 2>&1
mkdir -p run/dbus
in_root dbus-daemon --system --fork
echo "links: $(ls etc/rc2.d etc/rc0.d | grep -c ifbalance)"
service status
service start
for i in $(seq 300); do ip route show table 30098 | grep -c nexthop | grep -q 2 && break; sleep 0.1; done
service status
pid=$(cat run/ifbalance.pid)
grep -E '^(CapPrm|CapEff|CapBnd|NoNewPrivs):' proc/$pid/status
echo "user: $(in_root stat -c %U /proc/$pid /run/ifbalance /var/lib/ifbalance | xargs)"
service start
service reload
service restart
echo "other: $(test "$(cat run/ifbalance.pid)" != $pid && echo yes)"
service stop
service status
echo "routes: $(ip route show table 30098 | grep -c nexthop)"
in_root dpkg --purge ifbalance >/dev/null 2>&1
echo "left: $(ls etc/init.d var/log | grep -c ifbalance)"
`

describe.skipIf(missing)('sysvinit', () => {
  test('the script starts the daemon as its user with its capabilities, and stopping leaves the kernel as it is', async () => {
    const root = await image('bookworm', [], (line) => process.stdout.write(`  ${line}\n`))
    const argv = [
      '/usr/bin/unshare',
      '-n',
      '-m',
      '-p',
      '-f',
      '--mount-proc',
      '/bin/sh',
      '-c',
      script,
      'sh',
      root,
      builtDeb(),
    ]
    const { stdout } = await command(argv, { timeoutMs: 300_000 })
    const capabilities = '0000000000003000'
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.replace(/:\s+/, ': ')),
    ).toEqual([
      ...['links: 2', 'status: 3', 'start: 0', 'status: 0'],
      ...[`CapPrm: ${capabilities}`, `CapEff: ${capabilities}`, `CapBnd: ${capabilities}`, 'NoNewPrivs: 1'],
      ...['user: ifbalance ifbalance ifbalance', 'start: 0', 'reload: 0', 'restart: 0', 'other: yes'],
      ...['stop: 0', 'status: 3', 'routes: 2', 'left: 0'],
    ])
  })
})
