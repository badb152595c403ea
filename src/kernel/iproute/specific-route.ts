/** The specific route of table `main` for an address. Pure. */
import { tables } from '../../layout.ts'
import type { Route } from '../../model/kernel.ts'
import type { Observed } from '../../model/observed.ts'
import { extend, parsePrefix, prefixText } from '../../net/ipv6-prefix.ts'
import { familyOf } from '../../net/valid.ts'

/** The route that the kernel would take for the address, the default aside; undefined where there is none. */
export function specificRoute(address: string, observed: Pick<Observed, 'routes'>): Route | undefined {
  return specificRoutes([address], observed).get(address)
}

/**
 * By address, the specific routes of several. There may be a million routes, so each is only looked up by its text,
 * once.
 */
export function specificRoutes(
  addresses: readonly string[],
  { routes }: Pick<Observed, 'routes'>,
): ReadonlyMap<string, Route> {
  const covered = new Map<string, { readonly address: string; readonly length: number }[]>()
  for (const address of new Set(addresses))
    for (const [prefix, length] of familyOf(address) === 'inet' ? prefixes4(address) : prefixes6(address))
      covered.set(prefix, [...(covered.get(prefix) ?? []), { address, length }])
  const best = new Map<string, { readonly route: Route; readonly length: number }>()
  for (const route of routes) {
    if (route.table !== tables.main || route.type === 'throw') continue
    for (const { address, length } of covered.get(route.destination) ?? []) {
      const former = best.get(address)
      const difference = former ? length - former.length : 1
      if (difference > 0 || (difference === 0 && former && route.metric < former.route.metric))
        best.set(address, { route, length })
    }
  }
  return new Map([...best].map(([address, { route }]) => [address, route]))
}

/** All prefixes that the address is in, as iproute2 writes them, with their lengths. */
function prefixes4(address: string): ReadonlyMap<string, number> {
  const bits = address.split('.').reduce((all, byte) => all * 256 + Number(byte), 0)
  const found = new Map([[address, 32]])
  for (let length = 31; length > 0; length--) {
    const first = bits - (bits % 2 ** (32 - length))
    const bytes = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256)
    found.set(`${bytes.join('.')}/${length}`, length)
  }
  return found
}

function prefixes6(address: string): ReadonlyMap<string, number> {
  const whole = parsePrefix(`${address}/128`)
  const found = new Map([[address, 128]])
  if (whole) for (let length = 127; length > 0; length--) found.set(prefixText(extend(whole, length)), length)
  return found
}
