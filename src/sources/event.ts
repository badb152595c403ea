/** A hook's environment -> what it tells us. Pure: nothing is read or written here. */

import { isInterfaceName } from '../net/valid.ts'
import { readDhcpEvent } from './dhcp.ts'
import type { Environment, HookEvent } from './hook-event.ts'
import { readPppEvent } from './ppp.ts'
import { quoted } from './quoted.ts'
import { readStanzaEvent } from './stanza.ts'

const nothing: HookEvent = { interface: null, fact: { kind: 'none' }, reconcile: false, complaints: [] }

/**
 * Reads the event of a hook of `kind`, the name of its file in hooks/. Never throws: whatever the environment says, the
 * worst is an event without facts and a complaint.
 */
export function readEvent(kind: string, env: Environment): HookEvent {
  const reader = Object.hasOwn(readers, kind) ? readers[kind as keyof typeof readers] : undefined
  if (!reader) return { ...nothing, complaints: [`hook: unknown kind ${quoted(kind)}`] }
  const { device, read } = reader(env)
  if (device === '' || device === 'lo' || device === '--all') return nothing
  if (isInterfaceName(device)) return { ...read(device), interface: device }
  // `eth0:1` is a label for a second address of eth0 (interfaces(5)): no interface, but something has changed.
  if (isInterfaceName(device.replace(/:[A-Za-z0-9_.-]{1,10}$/, ''))) return { ...nothing, reconcile: true }
  return { ...nothing, complaints: [`${kind} hook: ${quoted(device)} is no interface name that we take: ignored`] }
}

type Reading = Omit<HookEvent, 'interface'>

interface Reader {
  /** The interface that the event is about, unchecked. */
  readonly device: string
  readonly read: (device: string) => Reading
}

const readers = {
  ifupdown: (env: Environment): Reader => ({
    device: env['IFACE'] ?? '',
    read: (device) => readStanzaEvent(device, env),
  }),
  dhclient: (env: Environment): Reader => ({
    device: env['interface'] ?? '',
    read: (device) => readDhcpEvent('dhclient', device, env),
  }),
  dhcpcd: (env: Environment): Reader => ({
    device: env['interface'] ?? '',
    read: (device) => readDhcpEvent('dhcpcd', device, env),
  }),
  'networkd-dispatcher': justLook,
  networkmanager: justLook,
  ppp: (env: Environment): Reader => ({
    device: env['IFACE'] ?? '',
    read: (device) => readPppEvent(device, env),
  }),
} as const

/** The kernel, or the bus, tells all that these hooks could: they only say when to look. */
function justLook(env: Environment): Reader {
  return {
    device: env['IFACE'] ?? '',
    read: () => ({ fact: { kind: 'none' }, reconcile: true, complaints: [] }),
  }
}
