/** What `main` says of one address. Pure. */
import { tables } from '../../layout.ts'
import type { Route } from '../../model/kernel.ts'
import type { Observed } from '../../model/observed.ts'
import { extend, parsePrefix, prefixText } from '../../net/ipv6-prefix.ts'
import { familyOf } from '../../net/valid.ts'

/** The route that the kernel would take, the default aside. Of routes, of which there may be a million, only the text is looked up. */
export function specificRoute(address: string, { routes }: Pick<Observed, 'routes'>): Route | undefined {
  const lengths = familyOf(address) === 'inet' ? prefixes4(address) : prefixes6(address)
  const lengthOf = ({ destination }: Route) => lengths.get(destination) ?? 0
  let best: Route | undefined
  for (const route of routes) {
    if (route.table !== tables.main || route.type === 'throw' || lengthOf(route) === 0) continue
    const difference = best ? lengthOf(route) - lengthOf(best) : 1
    if (difference > 0 || (difference === 0 && best && route.metric < best.metric)) best = route
  }
  return best
}

/** All that the address is in, as iproute2 writes them. */
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
