/** Allow-lists for everything that comes from outside and ends in a command, a ruleset or a path. */
import { isIPv4, isIPv6 } from 'node:net'
import type { Family } from './model.ts'

/**
 * The kernel takes nearly any 15 bytes as an interface name (`a;reboot`, `-h`, `*`, `x"accept#`). These are the ones
 * that we take: what systemd's predictable names, VLANs (`eth0.10`) and people use. IFNAMSIZ is 16 with the final NUL.
 * One letter at least: nft reads a number as an interface's index.
 */
export function isInterfaceName(name: string): boolean {
  return /^(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/.test(name)
}

/** An uplink's name is also that of its routing table, where numbers and the kernel's own names have a meaning. */
export function isUplinkName(name: string): boolean {
  const reserved = ['all', 'default', 'local', 'main', 'unspec']
  return /^(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9_.-]{0,30}$/.test(name) && !reserved.includes(name)
}

export function familyOf(address: string): Family | null {
  if (isIPv4(address)) return 'inet'
  return isIPv6(address) && !address.includes('%') ? 'inet6' : null
}

/** A gateway is one host's address: not `0.0.0.0`, not loopback, not multicast or broadcast. */
export function isGateway(address: string, family: Family): boolean {
  if (familyOf(address) !== family) return false
  if (family === 'inet6') return !/^(::|::1|ff.*)$/i.test(address)
  const first = Number(address.split('.', 1)[0])
  return first >= 1 && first <= 223 && first !== 127
}

/** Weights as the kernel's multipath takes them: one octet, plus one. */
export function isWeight(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 256
}

export function isMetric(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65535
}
