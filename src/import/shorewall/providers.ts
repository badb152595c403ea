/** `providers` of Shorewall -> [uplink]. Pure. */
import { familyOf } from '../../net/valid.ts'
import type { DraftEntry, DraftSection, Place, Remarking } from '../draft/draft.ts'
import { word } from '../draft/draft.ts'
import type { Member } from '../draft/members.ts'
import type { Naming } from '../draft/names.ts'
import type { Row } from './rows.ts'

export interface Provider {
  readonly name: string
  readonly uplink: string
  readonly number: string
  /** Null where it has none. */
  readonly mark: number | null
  readonly device: string
  readonly section: DraftSection
  /** Its part in what everything else does. */
  readonly member: Member | null
}

export function providersOf(
  rows: readonly Row[],
  physical: ReadonlyMap<string, string>,
  naming: Naming,
  remark: Remarking,
): readonly Provider[] {
  const isAnyBalanced = rows.some(({ columns }) => /(^|,)(balance|primary)\b/.test(columns[6] ?? ''))
  const devices = new Set<string>()
  return rows.flatMap((row) => {
    const provider = providerOf(row, physical, isAnyBalanced, naming, remark)
    if (provider === null) return []
    if (devices.has(provider.device)) {
      remark(
        row.place,
        `provider ${word(provider.name)}: left out: an uplink is a device, and another provider has this one`,
      )
      return []
    }
    devices.add(provider.device)
    return [provider]
  })
}

function providerOf(
  { columns, place }: Row,
  physical: ReadonlyMap<string, string>,
  isAnyBalanced: boolean,
  naming: Naming,
  remark: Remarking,
): Provider | null {
  const [name = '', number = '', markText = '', , interfaceText = '', gateway = '', optionText = ''] = columns
  const [logical = '', ...address] = interfaceText.split(':')
  const options = optionText.split(',').filter((option) => option !== '')
  if (name === '' || logical === '' || options.some((option) => option === 'tproxy' || option === 'local')) {
    remark(place, `provider ${word(name)}: left out: it is no way to the internet`)
    return null
  }
  if (address.length > 0)
    remark(
      place,
      `provider ${word(name)}: ${word(interfaceText)}: an uplink is its whole device, whatever addresses that has`,
    )
  const device = (physical.get(logical) ?? logical).replaceAll('+', '*')
  const uplink = naming(name)
  const balance = weightOf(options, /^(?:balance|primary|load)(?:=(.*))?$/)
  const fallback = weightOf(options, /^fallback(?:=(.*))?$/)
  const takesPart = balance !== null || (!isAnyBalanced && fallback === null && !options.includes('loose'))
  const entries: DraftEntry[] = [{ key: 'interface', value: device, from: place }]
  if (familyOf(bare(gateway)) !== null) entries.push({ key: 'gateway', value: bare(gateway), from: place })
  if (fallback !== null) entries.push({ key: 'standby', value: 'yes', from: place })
  for (const option of options) entries.push(...optionEntries(option, name, place, remark))
  return {
    name,
    uplink,
    number,
    mark: numberOf(markText),
    device,
    section: { kind: 'uplink', name: uplink, entries, from: place },
    member:
      takesPart || fallback !== null ? { uplink, metric: 1, weight: balance ?? fallback ?? 1, from: place } : null,
  }
}

/** The weight of an option that is there, 1 without a number; null where the option is not. */
function weightOf(options: readonly string[], pattern: RegExp): number | null {
  const said = options.map((option) => pattern.exec(option)).find((match) => match !== null)
  if (!said) return null
  return /^[1-9]\d{0,2}$/.test(said[1] ?? '') ? Number(said[1]) : 1
}

function optionEntries(option: string, name: string, place: Place, remark: Remarking): readonly DraftEntry[] {
  const [key = '', value = ''] = option.split('=', 2)
  if (key === 'mtu') return [{ key, value, from: place }]
  const reason = why[key] ?? (silent.has(key) ? null : 'not understood')
  if (reason !== null) remark(place, `provider ${word(name)}: ${word(option)}: ${reason}`)
  return []
}

/** What ifbalance does for each uplink, or providerOf() says. */
const silent: ReadonlySet<string> = new Set([
  'track',
  'optional',
  'balance',
  'primary',
  'fallback',
  'hostroute',
  'nohostroute',
  'autosrc',
  'noautosrc',
  'persistent',
])

const why: Readonly<Record<string, string>> = {
  loose: 'what has an address of an uplink always leaves by it',
  notrack: 'connections that come in by an uplink are always answered by it',
  load: 'taken as a weight of 1: a probability is none',
  src: 'this host takes the address that the kernel chooses; source = is for what is translated',
}

/** IPv6 addresses stand in brackets of one kind or the other. */
export function bare(text: string): string {
  return text.replaceAll(/[<>[\]]/g, '')
}

export function numberOf(text: string): number | null {
  return /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : null
}
