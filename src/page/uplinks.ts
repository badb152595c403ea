/** What the daemon says of uplinks on D-Bus, see org.ifbalance1(5) -> what the page shows of them. Pure. */
import { agoText, latencyText, percentText, rateText } from './words.ts'

/** Properties of one object by name, without D-Bus's types. */
export type Properties = Readonly<Record<string, unknown>>

export type Colour = 'green' | 'orange' | 'red' | 'grey'

export interface UplinkView {
  readonly name: string
  readonly interface: string
  readonly state: string
  readonly colour: Colour
  /** Since when, for people. */
  readonly since: string
  /** Why the state is what it is; empty where there is nothing to say. */
  readonly why: string
  /** 0 to 1. */
  readonly share: number
  readonly shareText: string
  /** Why it has that weight; empty where the administrator says so. */
  readonly weightReason: string
  readonly weight: string
  /** What it is beside an uplink like others: standby, metered, what is used of its quota; empty for nothing. */
  readonly role: string
  /** Latency and loss, a family each. */
  readonly lines: readonly string[]
  /** Now; empty until two looks at the counters are there. */
  readonly down: string
  readonly up: string
  readonly gateways: readonly string[]
  readonly addresses: readonly string[]
  readonly isDisabled: boolean
  readonly isDrained: boolean
  /** Whether a command can change that: a weight of nothing, and the configuration, are the administrator's own words. */
  readonly canDrain: boolean
}

const colours: Readonly<Record<string, Colour>> = {
  online: 'green',
  degraded: 'orange',
  drained: 'orange',
  unconfigured: 'orange',
  offline: 'red',
  down: 'red',
}

/** Counters of an uplink at two moments. */
export interface Look {
  readonly atMs: number
  readonly received: number
  readonly sent: number
}

export function lookAt(uplink: Properties, atMs: number): Look {
  return { atMs, received: number(uplink['RxBytes']), sent: number(uplink['TxBytes']) }
}

/** Bits a second between two looks; null where there are no two, or another device has the name since. */
export function ratesBetween(
  before: Look | undefined,
  now: Look,
): { readonly down: number; readonly up: number } | null {
  if (before === undefined || now.atMs <= before.atMs) return null
  const bits = (from: number, to: number) => ((to - from) * 8000) / (now.atMs - before.atMs)
  const rates = { down: bits(before.received, now.received), up: bits(before.sent, now.sent) }
  return rates.down < 0 || rates.up < 0 ? null : rates
}

/** `rates` in bits a second; `now` in milliseconds since 1970. */
export function uplinkView(uplink: Properties, rates: ReturnType<typeof ratesBetween>, now: number): UplinkView {
  const said = text(uplink['State'])
  const drained = text(uplink['Drained'])
  // As `ifbalance status` has it: of a drained uplink that works, it is of interest that it is drained.
  const state = drained !== '' && said === 'online' ? 'drained' : said
  const share = number(uplink['Share'])
  return {
    name: text(uplink['Name']),
    interface: text(uplink['Interface']),
    state,
    colour: colours[state] ?? 'grey',
    since: number(uplink['Since']) > 0 ? agoText(number(uplink['Since']) / 1000, now) : '',
    why: text(uplink['StateReason']),
    share,
    shareText: percentText(share),
    weight: `weight ${number(uplink['Weight'])}`,
    weightReason: text(uplink['WeightReason']),
    role: roleText(uplink),
    lines: hasLine(said)
      ? [lineText('IPv4', uplink['Line4']), lineText('IPv6', uplink['Line6'])].filter((line) => line !== '')
      : [],
    down: rates ? rateText(rates.down) : '',
    up: rates ? rateText(rates.up) : '',
    gateways: [text(uplink['Gateway4']), text(uplink['Gateway6'])].filter((gateway) => gateway !== ''),
    addresses: Array.isArray(uplink['Addresses']) ? uplink['Addresses'].map(text) : [],
    isDisabled: said === 'disabled',
    isDrained: drained === 'command',
    canDrain: said !== 'disabled' && drained === '',
  }
}

/** By object path, all uplinks in the order of their numbers. */
export function inOrder(
  uplinks: Iterable<readonly [path: string, uplink: Properties]>,
): readonly (readonly [path: string, uplink: Properties])[] {
  return [...uplinks].sort(([, one], [, other]) => number(one['Number']) - number(other['Number']))
}

/** What is not as it should be; nothing of a daemon that does not tell it. */
export function warningsOf(manager: Properties | undefined): readonly string[] {
  const told = manager?.['Warnings']
  return Array.isArray(told) ? told.map(text) : []
}

/** One line about all of them. */
export function summaryText(manager: Properties, uplinks: readonly UplinkView[]): string {
  const working = uplinks.filter(({ colour }) => colour === 'green' || colour === 'orange').length
  const carrying = uplinks.filter(({ share }) => share > 0).map(({ name }) => name)
  const many = carrying.length > 4 ? `${carrying.length} of them` : carrying.join(', ')
  const where = carrying.length === 0 ? 'None takes new connections.' : `New connections by ${many}.`
  return `${working} of ${uplinks.length} uplinks work. ${where} Mode ${text(manager['Mode'])}.`
}

/** What was measured of a line that is not there any more says nothing of now. */
function hasLine(state: string): boolean {
  return !['disabled', 'down', 'absent', 'unconfigured'].includes(state)
}

function lineText(family: string, figures: unknown): string {
  const { latencyMs, loss } = (figures ?? {}) as Readonly<Record<string, unknown>>
  const parts = [
    ...(typeof latencyMs === 'number' ? [latencyText(latencyMs)] : []),
    ...(typeof loss === 'number' ? [`${percentText(loss)} lost`] : []),
  ]
  return parts.length === 0 ? '' : `${family} ${parts.join(', ')}`
}

function roleText(uplink: Properties): string {
  const quota = number(uplink['QuotaUsed'])
  return [
    ...(uplink['Standby'] === true ? ['standby'] : []),
    ...(uplink['Metered'] === true ? ['metered'] : []),
    ...(quota > 0 ? [`${percentText(quota)} of its quota used`] : []),
  ].join(', ')
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}
