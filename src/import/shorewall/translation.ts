/** `masq` and `snat` of Shorewall: what is translated on an uplink, and to which address. Pure. */
import { familyOf } from '../../net/valid.ts'
import type { DraftEntry, DraftSection, Remarking } from '../draft/draft.ts'
import { word } from '../draft/draft.ts'
import type { Provider } from './providers.ts'
import type { Row } from './rows.ts'

interface Translation {
  readonly device: string
  readonly source: string
  /** `masquerade`, `none`, or an address. */
  readonly to: string
  /** Whether only some connections are meant. */
  readonly isPartial: boolean
}

/** The uplinks with what is said of translation. Masquerading is what they do without a word. */
export function withTranslation(
  providers: readonly Provider[],
  { masq, snat }: { readonly masq: readonly Row[]; readonly snat: readonly Row[] },
  physical: ReadonlyMap<string, string>,
  remark: Remarking,
): readonly DraftSection[] {
  const added = new Map<string, DraftEntry[]>()
  const rows = [...masq.map((row) => ({ row, said: ofMasq(row) })), ...snat.map((row) => ({ row, said: ofSnat(row) }))]
  for (const { row, said } of rows) {
    const { columns, place } = row
    const refuse = (why: string) => remark(place, `${word(columns.join(' '))}: left out: ${why}`)
    const provider = providers.find(({ device }) => device === (physical.get(said?.device ?? '') ?? said?.device))
    if (said === null) refuse('not understood')
    else if (provider === undefined) refuse('it is for no provider, so it stays with the firewall')
    else if (said.isPartial) refuse('translation is told by sources alone')
    else if (said.to !== 'masquerade') {
      const entries = added.get(provider.uplink) ?? []
      const key = said.to === 'none' ? 'no-masquerade' : 'source'
      const value = said.to === 'none' ? said.source.replaceAll(',', ' ') : said.to
      const there = entries.find((entry) => entry.key === key)
      if (there === undefined) added.set(provider.uplink, [...entries, { key, value, from: place }])
      else if (key === 'no-masquerade')
        added.set(provider.uplink, [
          ...entries.filter((one) => one !== there),
          { ...there, value: `${there.value} ${value}` },
        ])
      else if (there.value !== value) refuse('an uplink translates to one address')
    }
  }
  return providers.map(({ uplink, section }) => ({
    ...section,
    entries: [...section.entries, ...(added.get(uplink) ?? [])],
  }))
}

function ofMasq({ columns }: Row): Translation | null {
  const [target = '', source = '', address = '', ...rest] = columns
  const [device = '', ...destination] = target.replace(/^\+/, '').split(':')
  return translation(device, source, address, destination.length > 0 || rest.some((one) => one !== ''))
}

function ofSnat({ columns }: Row): Translation | null {
  const [action = '', source = '', target = '', ...rest] = columns
  const [device = '', ...destination] = target.split(':')
  const isPartial = destination.length > 0 || rest.some((one) => one !== '')
  const [, address] = /^SNAT\+?\(([^)]*)\)$/i.exec(action) ?? []
  if (address !== undefined) return translation(device, source, address, isPartial)
  if (/^MASQUERADE\+?$/i.test(action)) return translation(device, source, '', isPartial)
  return /^(CONTINUE|ACCEPT)\+?$/i.test(action) ? translation(device, source, 'NONAT', isPartial) : null
}

function translation(device: string, source: string, address: string, isPartial: boolean): Translation | null {
  if (address === '' || address === 'detect') return { device, source, to: 'masquerade', isPartial }
  if (address === 'NONAT') return source === '' ? null : { device, source, to: 'none', isPartial }
  return familyOf(address) === null ? null : { device, source, to: address, isPartial }
}
