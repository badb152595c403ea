/** Which files a package has left on a machine. */
import { type Dirent, readdirSync } from 'node:fs'

/** Where dpkg, the journal and DHCP clients write by themselves; pseudo file systems are mounted inside the container only. */
const others = [
  /^\/var\/lib\/dpkg\//,
  /^\/var\/log\//,
  /^\/var\/cache\//,
  /^\/var\/lib\/(dhcp|dhcpcd)\//,
  /^\/var\/lib\/systemd\//,
  /^\/(tmp|var\/tmp|srv|root)\//,
  // Copies that shadow's tools keep of what they edit. The system user stays: Debian never gives a number twice.
  /^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-$/,
]

/** All paths below a root, other file systems not entered. */
export function pathsOf(root: string): ReadonlySet<string> {
  const entries: readonly Dirent[] = readdirSync(root, { recursive: true, withFileTypes: true })
  return new Set(entries.map((entry) => `${entry.parentPath.slice(root.length)}/${entry.name}`))
}

/** New paths, and any that bear the package's name wherever they are. */
export function filesLeft(before: ReadonlySet<string>, after: ReadonlySet<string>): readonly string[] {
  return [...after].filter((path) => {
    if (before.has(path)) return false
    if (/ifbalance/.test(path) && !path.startsWith('/srv/')) return true
    return !others.some((pattern) => pattern.test(path))
  })
}
