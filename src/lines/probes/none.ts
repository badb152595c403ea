/** No probe: what has a link is used. Nothing is ever asked, as it has no targets. */
import type { Asking } from './prober.ts'

export const none: Asking = {
  how: 'asks',
  bindsTo: 'device',
  needsNames: false,
  ask: async () => false,
}
