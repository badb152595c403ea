/**
 * Addresses that left with a lease or a PPP session, while the uplink has others. The kernel tells sockets nothing of
 * that: they send from an address that nobody answers to, for a quarter of an hour (tcp_retries2). Pure.
 *
 * As long as nothing came in its place, an address may be back in a moment, and its connections go on then. Where
 * another was there before (dhcpcd and systemd-networkd add the new one first), it has a while to come back.
 */
import type { Layout } from '../../../layout.ts'
import { protocols, uplinkTable } from '../../../layout.ts'
import type { Rule } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { KnownUplink } from '../../../model/state.ts'
import { familyOf } from '../../../net/valid.ts'
import { getOwn } from '../../../values/get-own.ts'

type Known = Readonly<Record<string, KnownUplink>>

/** How many addresses of an uplink are remembered. */
const most = 16

/** How long an address may be away while the uplink has others that it had before. */
const awaySeconds = 20

/** The known uplinks with the addresses that left, as long as nothing has come in their place. */
export function withLeft(known: Known, observed: Observed, rules: readonly Rule[], layout: Layout): Known {
  return Object.fromEntries(
    Object.entries(known).map(([name, { left: _, ...entry }]) => {
      const { gone, replaced } = changeOf(entry.number, observed, rules, layout)
      const left = gone.filter(([address]) => !replaced.includes(address)).slice(-most)
      return [name, { ...entry, ...(left.length > 0 && { left: Object.fromEntries(left) }) }]
    }),
  )
}

/** By uplink, the addresses that left for good: it has others. */
export function replacedAddresses(
  known: Known,
  observed: Observed,
  rules: readonly Rule[],
  layout: Layout,
): readonly { readonly uplink: string; readonly addresses: readonly string[] }[] {
  return Object.entries(known).flatMap(([uplink, { number }]) => {
    const { replaced } = changeOf(number, observed, rules, layout)
    return replaced.length > 0 ? [{ uplink, addresses: replaced }] : []
  })
}

/**
 * What left the uplink and this host, with when it was missed first, and which of it has been replaced, by our rules for
 * addresses.
 */
function changeOf(number: number, observed: Observed, wanted: readonly Rule[], layout: Layout) {
  const { uptime = 0 } = observed
  // A line that was dialled anew may have another interface, and so another name.
  const left = Object.values(observed.state.uplinks).find((before) => before.number === number)?.left ?? {}
  const had = addressesOf(number, observed.rules, layout)
  const has = addressesOf(number, wanted, layout)
  const here = new Set(observed.links.flatMap(({ addresses }) => addresses.map(({ address }) => address)))
  const gone = Object.entries({ ...Object.fromEntries(had.map((address) => [address, uptime])), ...left })
    .filter(([address]) => !here.has(address))
    .map(([address, since]) => [address, Math.min(since, uptime)] as const)
  const replaced = gone.flatMap(([address, since]) => {
    const others = has.filter((other) => familyOf(other) === familyOf(address))
    const isNew = others.some((other) => !had.includes(other) && getOwn(left, other) === undefined)
    return isNew || (others.length > 0 && uptime - since >= awaySeconds) ? [address] : []
  })
  return { gone, replaced }
}

function addressesOf(number: number, rules: readonly Rule[], layout: Layout): readonly string[] {
  const own = new RegExp(`^from (\\S+) lookup ${uplinkTable(number, layout)}$`)
  return rules.flatMap(({ protocol, spec }) => (protocol === protocols.rule ? (own.exec(spec)?.[1] ?? []) : []))
}
