/** Which files a package has left on a machine. */
import type { Chroot } from '../lab/chroot.ts'

/** Where dpkg, the journal, systemd and DHCP clients write by themselves. */
const others = [
  /^\/var\/lib\/dpkg\//,
  /^\/var\/log\//,
  /^\/var\/cache\//,
  /^\/var\/lib\/(dhcp|dhcpcd)\//,
  /^\/var\/lib\/systemd\//,
  /^\/run\//,
  /^\/(tmp|var\/tmp|srv|root)\//,
  // Copies that shadow's tools keep of what they edit. The system user stays: Debian never gives a number twice.
  /^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-$/,
]

/** All paths on the machine's own disk, and those in /run. */
export async function pathsOf(machine: Pick<Chroot, 'exec'>): Promise<ReadonlySet<string>> {
  const { stdout } = await machine.exec(['/usr/bin/find', '/', '/run', '-xdev'])
  return new Set(stdout.split('\n').filter(Boolean))
}

/** New paths, and any that bear the package's name wherever they are. */
export function filesLeft(before: ReadonlySet<string>, after: ReadonlySet<string>): readonly string[] {
  return [...after].filter((path) => {
    if (before.has(path)) return false
    if (/ifbalance/.test(path) && !path.startsWith('/srv/')) return true
    return !others.some((pattern) => pattern.test(path))
  })
}
