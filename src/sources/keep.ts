/** Keeps what a hook said where every later run reads it (store/). */
import { existsSync } from 'node:fs'
import { paths } from '../layout.ts'
import type { Lease, StanzaOptions } from '../model/facts.ts'
import { delegations } from '../store/delegations.ts'
import { leases } from '../store/leases.ts'
import { nameServers6 } from '../store/name-servers.ts'
import { stanzas } from '../store/stanzas.ts'
import type { Delegation, Fact, HookEvent } from './hook-event.ts'
import { mergeStanzas } from './stanza.ts'

/** Keeps all that a hook said. Throws what the file system throws. */
export function keepEvent({ interface: device, fact, delegation }: HookEvent): void {
  if (device === null) return
  keepFact(device, fact)
  if (delegation) keepDelegation(device, delegation)
}

/**
 * Keeps a fact. `device` must be a checked interface name, as it becomes a file's name. Throws what the file system
 * throws.
 */
export function keepFact(device: string, fact: Fact): void {
  switch (fact.kind) {
    case 'none':
      return
    case 'lease':
      if (fact.lease === null && isAnothers(leases.load(device), fact.of)) return
      leases.save(device, fact.lease)
      return
    case 'stanza':
      stanzas.save(device, fact.options && mergeStanzas(ofThisTime(device), fact.options))
      return
    case 'name-servers': {
      const heard = { ...nameServers6.load(device), [fact.from]: fact.servers }
      nameServers6.save(device, Object.values(heard).flat().length > 0 ? heard : null)
    }
  }
}

/**
 * Keeps a delegation, with arguments and errors as `keepFact`. Prefixes keep their places, so that a renewal does not
 * change which comes first.
 */
export function keepDelegation(device: string, { gone, there }: Delegation): void {
  const left = gone === 'all' ? [] : (delegations.load(device) ?? []).filter((prefix) => !gone.includes(prefix))
  const prefixes = [...new Set([...left, ...there])]
  delegations.save(device, prefixes.length === 0 ? null : prefixes)
}

/** Whether what is kept is of another address than the one that went: its successor may have been told of first. */
function isAnothers(kept: Lease | null, gone: string | undefined): boolean {
  return gone !== undefined && kept?.address !== undefined && kept.address !== gone
}

/**
 * The options that are kept of the interface's other stanza. ifupdown(8) says when an interface is down, and all is
 * forgotten then. ifupdown2's `ifreload` takes a changed stanza over without saying so: there, options of an earlier
 * run do not count.
 */
function ofThisTime(device: string): StanzaOptions {
  const isOld = existsSync(paths.ifupdown2) && Math.abs(Date.now() - stanzas.savedAt(device)) >= oneRunMs
  return isOld ? {} : (stanzas.load(device) ?? {})
}

/** How long one run of ifupdown2 takes at most from one stanza of an interface to the next. */
const oneRunMs = 5000
