/** The system bus of a test host, with Debian's own configuration and our policies; and users who are not root. */
import { fileURLToPath } from 'node:url'
import dbus from 'dbus-next'
import type { Options, Result } from '../lab/run.ts'
import type { Host, Running } from './daemon-host.ts'
import { eventsToo } from './transcript.ts'

const units = fileURLToPath(new URL('../../units', import.meta.url))

/** Nothing is started by the bus itself: what a test wants to be there, it starts. */
const prepare = `set -e
mount -t tmpfs t /usr/share/dbus-1/system-services
mkdir -p /run/upper/bus /run/work/bus /run/upper/actions /run/work/actions
mount -t overlay -o lowerdir=/usr/share/dbus-1/system.d,upperdir=/run/upper/bus,workdir=/run/work/bus o /usr/share/dbus-1/system.d
mount -t overlay -o lowerdir=/usr/share/polkit-1/actions,upperdir=/run/upper/actions,workdir=/run/work/actions o /usr/share/polkit-1/actions
cp "$1/org.ifbalance1.conf" /usr/share/dbus-1/system.d
cp "$1/org.ifbalance1.policy" /usr/share/polkit-1/actions
chmod 644 /usr/share/dbus-1/system.d/* /usr/share/polkit-1/actions/*
grep -q '^ifbalance:' /etc/passwd || echo 'ifbalance:x:64990:64990::/nonexistent:/usr/sbin/nologin' >>/etc/passwd
grep -q '^ifbalance:' /etc/group || echo 'ifbalance:x:64990:' >>/etc/group
install -d -o ifbalance -g ifbalance /run/ifbalance`

export interface SystemBus {
  /** The bus itself. */
  readonly daemon: Running
  /** Where this machine reaches it. */
  readonly socketPath: string
}

export async function prepareBus(host: Host): Promise<void> {
  await host.run(['/bin/sh', '-c', prepare, 'sh', units])
}

export async function startSystemBus(host: Host): Promise<SystemBus> {
  const daemon = host.start(['dbus-daemon', '--system', '--nofork', '--nopidfile', '--print-address=2'])
  await daemon.says(/^unix:path=/)
  return { daemon, socketPath: `/proc/${daemon.pid}/root/run/dbus/system_bus_socket` }
}

/** As ifbalance.service does: a user of its own, with two capabilities. */
export function startUnprivilegedDaemon(host: Host, env: readonly string[] = []): Running {
  const caps = '+net_admin,+net_raw'
  const user = ['setpriv', '--reuid=ifbalance', '--regid=ifbalance', '--clear-groups', `--inh-caps=${caps}`]
  return host.start(['env', eventsToo, ...env, ...user, `--ambient-caps=${caps}`, '/usr/sbin/ifbalance', 'daemon'])
}

/** Runs what follows as somebody who has no rights at all. */
export const nobody = ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups'] as const

export async function asNobody(host: Host, argv: readonly string[], options: Options = {}): Promise<Result> {
  return host.run([...nobody, ...argv], {}, { accept: [0, 1, 2], ...options })
}

/** Waits until a service on the host's bus answers. */
export function answers(host: Host, service: string, path: string): Promise<void> {
  return untilDone(host, `busctl call ${service} ${path} org.freedesktop.DBus.Peer Ping`)
}

/** Waits until polkit has its rules: it answers before that, and knows of no authority. */
export function polkitDecides(host: Host): Promise<void> {
  const polkit = 'org.freedesktop.PolicyKit1 /org/freedesktop/PolicyKit1/Authority org.freedesktop.PolicyKit1.Authority'
  return untilDone(host, `busctl get-property ${polkit} BackendName`)
}

async function untilDone(host: Host, command: string): Promise<void> {
  await host.run(['/bin/sh', '-c', `until ${command}; do sleep 0.05; done >/dev/null 2>&1`])
}

/** A program on the bus, by dbus-next's own front door; as root. */
export async function connectTo({ socketPath }: SystemBus): Promise<dbus.MessageBus> {
  const bus = dbus.sessionBus({ busAddress: `unix:socket=${socketPath}` })
  bus.on('error', () => undefined)
  await new Promise((resolve) => bus.once('connect', resolve))
  return bus
}

export const names = {
  service: 'org.ifbalance1',
  root: '/org/ifbalance1',
  manager: 'org.ifbalance1.Manager',
  uplink: 'org.ifbalance1.Uplink',
  properties: 'org.freedesktop.DBus.Properties',
  objects: 'org.freedesktop.DBus.ObjectManager',
} as const
