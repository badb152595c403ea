/** ifupdown, ifupdown2 and ifupdown-ng: the stanzas of interfaces(5), from their hooks and from ifquery(8). */
import type { TellingSource } from './source.ts'
import { readStanzaEvent } from './stanza.ts'

export const ifupdown: TellingSource = {
  hooks: { ifupdown: { device: 'IFACE', read: readStanzaEvent } },
  earlier: { when: 'started', keep: async () => (await import('./earlier-stanzas.ts')).keepEarlierStanzas() },
}
