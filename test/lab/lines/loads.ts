/** Who downloads and uploads what in the simulated world. */
import type { Random } from './random.ts'

interface Common {
  readonly way?: 'down' | 'up'
  /** Bytes/s that each transfer has at most, by its server. */
  readonly most?: number
  /** When it is there, in seconds; always, unless said. */
  readonly when?: (seconds: number) => boolean
}

/** So many clients, each of whom begins anew when it has got all; or transfers that come so often by themselves. */
export type Load = Common &
  (
    | { readonly kind: 'clients'; readonly clients: number; readonly bytes: number }
    | { readonly kind: 'web'; readonly perSecond: number }
  )

/** Of a page's objects most are small, and few are most of the bytes: lognormal with a Pareto tail; about 100 kB each. */
export function webBytes({ part, normal }: Random): number {
  const body = Math.exp(Math.log(20e3) + 1.2 * normal())
  const bytes = part() < 0.05 ? 200e3 * (part() + 1e-9) ** (-1 / 1.3) : body
  return Math.min(20e6, Math.max(400, bytes))
}

/** Web-like transfers of so many Mbit/s together. */
export function web(mbit: number, common: Common = {}): Load {
  return { ...common, kind: 'web', perSecond: (mbit * 125e3) / 100e3 }
}

export function clients(count: number, bytes: number, common: Common = {}): Load {
  return { ...common, kind: 'clients', clients: count, bytes }
}
