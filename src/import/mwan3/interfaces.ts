/** `config interface` of mwan3 -> [uplink]. Pure. */
import type { DraftEntry, DraftSection, Remarking } from '../draft/draft.ts'
import { word } from '../draft/draft.ts'
import type { Naming } from '../draft/names.ts'
import { listOf, optionOf, type UciOption, type UciSection } from './uci.ts'

export interface Uplinks {
  readonly sections: readonly DraftSection[]
  /** Our names by mwan3's: those of one device are one uplink. */
  readonly names: ReadonlyMap<string, string>
}

/** Those of one device, as `wan` and `wan6` often are, become one uplink: ours have both families. */
export function uplinksOf(
  interfaces: readonly UciSection[],
  devices: ReadonlyMap<string, string>,
  naming: Naming,
  remark: Remarking,
): Uplinks {
  const names = new Map<string, string>()
  const byDevice = new Map<string, string>()
  const sections: DraftSection[] = []
  for (const section of interfaces) {
    const device = devices.get(section.name)
    const there = device === undefined ? undefined : byDevice.get(device)
    if (there !== undefined && device === 'ppp*') {
      remark(
        section.place,
        `interface ${word(section.name)}: several PPP links: say which is which by interface = ppp0`,
      )
    } else if (there !== undefined) {
      names.set(section.name, there)
      remark(
        section.place,
        `interface ${word(section.name)}: left out: its device is uplink ${there}'s, which has both families`,
      )
      continue
    }
    if (device === undefined)
      remark(
        section.place,
        `interface ${word(section.name)}: its device is in /etc/config/network, which was not given`,
      )
    const name = naming(section.name)
    names.set(section.name, name)
    if (device !== undefined) byDevice.set(device, name)
    const interfaceName = { key: 'interface', value: device ?? section.name, from: section.place }
    sections.push({
      kind: 'uplink',
      name,
      entries: [interfaceName, ...entriesOf(section, remark)],
      from: section.place,
    })
  }
  return { sections, names }
}

function entriesOf(section: UciSection, remark: Remarking): readonly DraftEntry[] {
  const enabled = optionOf(section, 'enabled')
  // mwan3 leaves out what does not say that it is enabled.
  if (!isYes(enabled)) return [{ key: 'enabled', value: 'no', from: enabled?.place ?? section.place }]
  const judgesQuality = isYes(optionOf(section, 'check_quality'))
  const entries = [...probeEntries(section, remark)]
  for (const option of section.options) {
    const key = sameKeys[option.name] ?? (judgesQuality ? qualityKeys[option.name] : undefined)
    const { name, value, place: from } = option
    if (key !== undefined) entries.push({ key, value, from })
    else if (!said.has(name)) remark(from, `${name} ${word(value)}: ${why[name] ?? 'there is no such thing here'}`)
  }
  return entries
}

const sameKeys: Readonly<Record<string, string>> = {
  interval: 'probe-interval',
  down: 'count-down',
  up: 'count-up',
}

const qualityKeys: Readonly<Record<string, string>> = { failure_latency: 'max-latency', failure_loss: 'max-loss' }

/** What probeEntries() and uplinksOf() read. */
const said: ReadonlySet<string> = new Set([
  'enabled',
  'family',
  'track_ip',
  'track_method',
  'reliability',
  'httping_ssl',
])

const why: Readonly<Record<string, string>> = {
  count: 'each target is asked once',
  timeout: 'how long an answer is waited for follows from how long answers take',
  failure_interval: 'a suspect line is asked at once',
  recovery_interval: 'a line that comes back is asked as often as any',
  initial_state: 'a line counts as online until it is found dead',
  flush_conntrack: 'connections of a dead uplink are forgotten in any case; see failback',
  check_quality: 'max-latency and max-loss do it, which have defaults',
  failure_latency: 'without check_quality, mwan3 does not look at it either',
  failure_loss: 'without check_quality, mwan3 does not look at it either',
  recovery_latency: 'half of max-latency brings it back',
  recovery_loss: 'half of max-loss brings it back',
}

const kinds: Readonly<Record<string, string>> = { ping: 'icmp', arping: 'arp', httping: 'http' }

function probeEntries(section: UciSection, remark: Remarking): readonly DraftEntry[] {
  const method = optionOf(section, 'track_method')
  const isSecure = isYes(optionOf(section, 'httping_ssl'))
  const kind = method === undefined ? 'icmp' : kinds[method.value]
  const targets = listOf(section, 'track_ip')
  const [first] = targets
  if (method !== undefined && kind === undefined) {
    remark(method.place, `track_method ${word(method.value)}: expected ping, arping or httping`)
    return []
  }
  const probe = kind === 'http' && isSecure ? 'https' : kind
  const entries: DraftEntry[] = []
  if (method !== undefined && probe !== undefined && probe !== 'icmp')
    entries.push({ key: 'probe', value: probe, from: method.place })
  // ARP asks the gateway alone.
  if (kind === 'arp') {
    for (const { value, place } of targets) remark(place, `track_ip ${word(value)}: the gateway alone is asked by ARP`)
    return entries
  }
  const used = targets.slice(0, 8)
  for (const { value, place } of targets.slice(8)) remark(place, `track_ip ${word(value)}: at most 8 targets are asked`)
  if (first !== undefined) {
    const asTarget = ({ value }: UciOption) => (kind === 'http' ? pageOf(value, isSecure) : value)
    entries.push({ key: 'probe-targets', value: used.map(asTarget).join(' '), from: first.place })
  }
  const reliability = optionOf(section, 'reliability')
  if (reliability !== undefined && first !== undefined) {
    const needed = Math.min(Number(reliability.value), used.length)
    entries.push({
      key: 'quorum',
      value: Number.isNaN(needed) ? reliability.value : String(needed),
      from: reliability.place,
    })
  }
  return entries
}

function pageOf(host: string, isSecure: boolean): string {
  return `http${isSecure ? 's' : ''}://${host.includes(':') ? `[${host}]` : host}/`
}

export function isYes(option: UciOption | undefined): boolean {
  return /^(1|yes|on|true|enabled)$/.test(option?.value ?? '')
}
