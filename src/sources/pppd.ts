/** pppd(8): its hooks, its options, and the PPP links that were up before we were installed. */
import { readPppEvent } from './ppp.ts'
import { withPppOptions } from './ppp-options.ts'
import type { TellingSource } from './source.ts'

export const pppd: TellingSource = {
  hooks: { ppp: { device: 'IFACE', asRoot: true, complete: withPppOptions, read: readPppEvent } },
  earlier: { when: 'installed', keep: async () => (await import('./earlier-lines.ts')).keepEarlierLines() },
}
