/** Allow-lists for everything that comes from outside and ends in a command, a ruleset or a path. Pure. */
import { isIPv4, isIPv6 } from 'node:net'
import type { Family } from './family.ts'

/**
 * Whether we take the name as an interface's. The kernel takes nearly any 15 bytes (`a;reboot`, `-h`, `*`, `x"accept#`;
 * IFNAMSIZ is 16 with the final NUL). We take what systemd's predictable names, VLANs (`eth0.10`) and people use. One
 * letter at least: nft reads a number as an interface's index.
 */
export function isInterfaceName(name: string): boolean {
  return /^(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/.test(name)
}

/**
 * Whether the name can be an uplink's. It is also the name of its routing table, where numbers and the kernel's own
 * names have a meaning.
 */
export function isUplinkName(name: string): boolean {
  const reserved = ['all', 'default', 'local', 'main', 'unspec']
  return /^(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9_.-]{0,30}$/.test(name) && !reserved.includes(name)
}

/** Whether the name can be a rule's, which is also the beginning of its sets' names in nftables. */
export function isRuleName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_-]{0,30}$/.test(name)
}

/** Whether run-parts(8) would take the file name, too. */
export function isHookName(name: string): boolean {
  return /^[A-Za-z0-9_-]+$/.test(name)
}

/** The family of an address without prefix or zone (`%eth0`), or null. */
export function familyOf(address: string): Family | null {
  if (isIPv4(address)) return 'inet'
  return isIPv6(address) && !address.includes('%') ? 'inet6' : null
}

/** Whether the address can be a gateway's: one host's, so not `0.0.0.0`, loopback, multicast or broadcast. */
export function isGateway(address: string, family: Family): boolean {
  if (familyOf(address) !== family) return false
  if (family === 'inet6') return !/^(::|::1|ff.*)$/i.test(address)
  const first = Number(address.split('.', 1)[0])
  return first >= 1 && first <= 223 && first !== 127
}

/** Whether an IPv6 address means something on its own link only (RFC 4291, 2.5.6). */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address)
}

/**
 * A host's address as nft(8) prints it (RFC 5952), or null. A link-local one means something on its own link
 * only, and an IPv4-mapped one is no IPv6.
 */
export function hostAddress(text: string): string | null {
  const family = familyOf(text)
  if (family === null || !isGateway(text, family)) return null
  if (family === 'inet') return text
  if (text.includes('.') || isLinkLocal(text)) return null
  return new URL(`http://[${text}]/`).hostname.slice(1, -1)
}

/** The valid name servers of a list, each once; wrong ones are left out. Eight at most: no host asks more. */
export function nameServers(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.flatMap((text) => hostAddress(text) ?? []))].slice(0, 8)
}

/** Whether the kernel's multipath takes the weight: it keeps the weight less one, in one octet. */
/** 0: it takes no new connections. */
export function isWeightOrNone(value: number): boolean {
  return value === 0 || isWeight(value)
}

export function isWeight(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 256
}

export function isMetric(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65535
}
