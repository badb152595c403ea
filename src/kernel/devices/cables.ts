/**
 * What hangs on one cable: VLANs, macvlans and the like have no carrier when the device below has none, PPPoE neither,
 * and a bond has none when its last port has none. The kernel says so of some of them only, of others late: it tells
 * one after the other (linkwatch), and of PPPoE never. Pure.
 */
import type { Link } from '../../model/kernel.ts'
import { getOwn } from '../../values/get-own.ts'

/** By interface, what its PPP session runs over, as its lease says, with the address that this was said of. */
type Sessions = Readonly<Record<string, { readonly address?: string; readonly below?: string }>>

/** The links, without carrier where nothing below has any. */
export function withCables(links: readonly Link[], sessions: Sessions): readonly Link[] {
  const byIndex = new Map(links.map((link) => [link.index, link]))
  const byName = new Map(links.map((link) => [link.name, link]))
  const ports = Map.groupBy(links, ({ master }) => master)

  /** Devices of which one at least has to have a carrier; empty where that is the device's own affair. */
  function below(link: Link): readonly Link[] {
    if (link.kind === 'bond' || link.kind === 'team') return ports.get(link.index) ?? []
    const session = getOwn(sessions, link.name)
    const isSession = link.addresses.some(({ address }) => address === session?.address)
    const lower = isSession ? byName.get(session?.below ?? '') : byIndex.get(link.below ?? -1)
    return lower ? [lower] : []
  }

  /** The device that cuts this one off: itself, or one below; null where it has a carrier. */
  function cutBy(link: Link, passed: readonly Link[]): Link | null {
    const lower = passed.includes(link) ? [] : below(link)
    const cuts = lower.map((one) => cutBy(one, [...passed, link]))
    const [first] = cuts
    if (first && cuts.every((cut) => cut !== null)) return first
    return link.up && link.carrier ? null : link
  }

  return links.map((link) => {
    const cut = link.up ? cutBy(link, []) : null
    return cut === null || cut === link ? link : { ...link, carrier: false, cut: cut.name }
  })
}
